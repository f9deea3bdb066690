/**
 * Who wants no more mail. It is said for one team and one mail address, whatever the order, with a link that every mail
 * carries and that never expires. Addresses are kept as hashes.
 */
import { createHash } from 'node:crypto';
import type { Principal } from '../../domain/principal.ts';
import { linkId, linkToken } from '../access/link-tokens.ts';
import { collectionOf } from '../collections/define.ts';
import type { UnsubscribeLinkDocument } from '../collections/messages.ts';
import { insertOnce } from '../collections/write.ts';
import type { Store } from '../open.ts';
import { recordAudit } from '../orders/audit.ts';

/** A mail address as one team writes to it. */
export type Recipient = Pick<UnsubscribeLinkDocument, 'team_id' | 'address_hash'>;

function recipientOf(teamId: string, address: string): Recipient {
  const written = address.trim().toLowerCase();
  return { team_id: teamId, address_hash: createHash('sha256').update(`${teamId} ${written}`).digest('base64url') };
}

/** The token of the link with which that address unsubscribes from that team's mail; the same in every mail. */
export async function unsubscribeToken(store: Store, secret: Buffer, teamId: string, address: string): Promise<string> {
  const recipient = recipientOf(teamId, address);
  const token = linkToken(secret, `unsubscribe ${recipient.address_hash}`);
  await insertOnce(store.unsubscribeLinks, { _id: linkId(token), ...recipient, created_at: new Date() });
  return token;
}

/** Whose link it is; null for a token that was never given out. */
export async function findUnsubscribeLink(store: Store, token: string): Promise<Recipient | null> {
  return collectionOf(store.unsubscribeLinks).findOne({ _id: linkId(token) });
}

/** Sends this recipient no more mail. Said again, it changes nothing. */
export async function unsubscribe(store: Store, { team_id, address_hash }: Recipient): Promise<void> {
  const isNew = await insertOnce(store.unsubscriptions, { _id: address_hash, team_id, created_at: new Date() });
  if (isNew) await recordAudit(store, { by: patientOf(address_hash), action: 'mail.unsubscribed', team_id });
}

/** Takes an unsubscription back. */
export async function resubscribe(store: Store, { team_id, address_hash }: Recipient): Promise<void> {
  const { deletedCount } = await collectionOf(store.unsubscriptions).deleteOne({ _id: address_hash });
  if (deletedCount > 0) await recordAudit(store, { by: patientOf(address_hash), action: 'mail.resubscribed', team_id });
}

/** Whether this recipient gets no more mail. */
export async function hasUnsubscribed(store: Store, { address_hash }: Recipient): Promise<boolean> {
  return (await store.unsubscriptions.exists({ _id: address_hash })) !== null;
}

/** Whether that address gets no more mail of that team. */
export async function isUnsubscribed(store: Store, teamId: string, address: string): Promise<boolean> {
  return hasUnsubscribed(store, recipientOf(teamId, address));
}

const patientOf = (addressHash: string): Principal => ({ kind: 'patient_link', id: addressHash });
