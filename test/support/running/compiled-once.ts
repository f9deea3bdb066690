import { join } from 'node:path';
import { cacheDir } from '../../../local/parts/cache.ts';

/** Environment of a program that a test starts many times: it keeps what Node compiled. */
export const COMPILED_ONCE = { NODE_COMPILE_CACHE: join(cacheDir(), 'compiled') };
