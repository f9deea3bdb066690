/** MongoDB's answer to a second document where an index allows one. */

const DUPLICATE_KEY = 11000;

/**
 * Whether a write failed only because what it writes is there already. Of a write of many documents that is so when each
 * one that was not written failed for this reason.
 */
export function isDuplicateKey(error: unknown): boolean {
  const { code, writeErrors = [] } = error as { code?: unknown; writeErrors?: { code: number }[] };
  if (writeErrors.length === 0) return code === DUPLICATE_KEY;
  return writeErrors.every((failed) => failed.code === DUPLICATE_KEY);
}
