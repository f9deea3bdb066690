/** Messages read anew under another profile, as an operator has it done. */
import type { LabProfile } from '../../domain/catalogue/lab-profile.ts';
import { type ReadAnewSummary, readAnew } from '../../intake/read-anew.ts';
import { keptMessages } from '../../store/inbox/readings/kept-messages.ts';
import type { Store } from '../../store/open.ts';

/** What a profile would change in a sandbox laboratory's messages since then. */
export const previewed = (store: Store, slug: string, profile: LabProfile, since: Date) =>
  read(store, slug, profile, since, false);

/** Has them count as they are read with it. @param limit How many of them, the oldest first. */
export async function applied(
  store: Store,
  slug: string,
  profile: LabProfile,
  since: Date,
  limit = 10_000,
): Promise<ReadAnewSummary> {
  return (await read(store, slug, profile, since, true, limit)).summary;
}

function read(store: Store, slug: string, profile: LabProfile, since: Date, isMeant: boolean, limit = 10_000) {
  const messages = keptMessages(store, { lab_slug: slug, environment: 'sandbox', since });
  const by = isMeant ? ({ kind: 'person', id: 'operator' } as const) : null;
  return readAnew(store, messages, { profile: { version: 1, profile }, by, limit, named: 1_000 });
}
