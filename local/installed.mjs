/** What npm has installed. Plain JavaScript without dependencies, for any Node from 20 on. */
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** When npm last installed everything, in milliseconds since 1970; undefined when it never has, or is about to. */
export const installedAt = statSync(join(root, 'node_modules', '.package-lock.json'), {
  throwIfNoEntry: false,
})?.mtimeMs;
