/** What a program needs only while it starts. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type CollectGarbage = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

/**
 * Gives back the memory that only starting took: what loading modules and making indexes leave behind, and the room for
 * young objects that V8 has made for it (up to 128 MiB), which it would otherwise keep for as long as the program has
 * little to do. Takes a tenth of a second or two, so it is called once, before the program says that it is ready.
 */
export function releaseStartUpMemory(): void {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as CollectGarbage;
  setFlagsFromString('--no-expose-gc');
  collectGarbage({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
