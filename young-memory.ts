/** Memory of buffers that are copied on, piece by piece: V8 frees none before some 32 MB of them have gathered. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type CollectGarbage = (options: { type: 'minor' }) => void;

let collectGarbage: CollectGarbage | undefined;

/**
 * Frees what has just been allocated and is not used any more. It takes a millisecond or two, so whoever passes on many
 * megabytes calls it every few of them.
 */
export function freeYoungMemory(): void {
  collectGarbage ??= exposed();
  collectGarbage({ type: 'minor' });
}

function exposed(): CollectGarbage {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as CollectGarbage;
  setFlagsFromString('--no-expose-gc');
  return collect;
}
