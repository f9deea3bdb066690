/** Ids for what is the same whenever it has the same name. */
import { createHash } from 'node:crypto';

/**
 * A UUID of version 8 from the SHA-256 of a name: the same name always has the same one.
 * @param variant The digit after the third hyphen. What is stored under `a` keeps it.
 */
export function uuidByName(name: string, variant: '8' | 'a' = '8'): string {
  const digest = createHash('sha256').update(name).digest('hex');
  return digest.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, `$1-$2-8$3-${variant}$4-$5`);
}
