/** What the tokens in patients' links are made from. */
import { createHmac } from 'node:crypto';

/** What an installation's links are made from. */
export interface LinkSource {
  /** The keys that encrypt what Temporal stores, the first of which tokens are made from. */
  keys: ReadonlyMap<string, Buffer>;
  publicUrl: string;
}

/**
 * A secret for one kind of link.
 * @param keys The keys that encrypt what Temporal stores; the first one counts.
 * @throws RangeError when there is no key
 */
export function linkSecret(keys: ReadonlyMap<string, Buffer>, kind: 'booking' | 'unsubscribe'): Buffer {
  const [key] = keys.values();
  if (!key) throw new RangeError(`There is no key to make ${kind} links with`);
  return createHmac('sha256', key).update(`venule ${kind} links`).digest();
}
