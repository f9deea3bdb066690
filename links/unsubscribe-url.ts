/** Where the patient says that a team is to send no more mail: the link in every mail. */
import { unsubscribeToken } from '../store/messages/unsubscriptions.ts';
import type { Store } from '../store/open.ts';
import { type LinkSource, linkSecret } from './link-secret.ts';

/** The address at which a mail address ends a team's mail, the same whenever it is asked for. */
export type UnsubscribeUrl = (teamId: string, address: string) => Promise<string>;

/** Links of an installation. They never expire. */
export function createUnsubscribeUrl(store: Store, { keys, publicUrl }: LinkSource): UnsubscribeUrl {
  const secret = linkSecret(keys, 'unsubscribe');
  return async (teamId, address) =>
    `${publicUrl}/unsubscribe/${await unsubscribeToken(store, secret, teamId, address)}`;
}
