/** Downloaded parts, and compiled code: one folder outside the checkout, in the user’s cache folder. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** `VENULE_CACHE_DIR`, or `venule` where this system keeps caches. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env.VENULE_CACHE_DIR) return env.VENULE_CACHE_DIR;
  if (process.platform === 'win32') return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'venule');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'venule');
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'venule');
}

/** The path of a program in the cache, or undefined. */
export function cachedProgram(name: string): string | undefined {
  const path = join(cacheDir(), executable(name));
  return existsSync(path) ? path : undefined;
}

/** The path of a program on PATH, or undefined. */
export function programOnPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, executable(name)))
    .find((path) => existsSync(path));
}

/**
 * Puts a program into the cache: `make` gets an empty folder beside it and answers with the program’s path in there,
 * or with the folder itself where the program is more than one file. It appears under its name only when it is whole,
 * so two processes that do this at once do no harm.
 */
export async function addToCache(name: string, make: (folder: string) => Promise<string>): Promise<string> {
  const folder = cacheDir();
  mkdirSync(folder, { recursive: true });
  const workshop = mkdtempSync(join(folder, `.${name}-${randomBytes(3).toString('hex')}-`));
  try {
    const made = await make(workshop);
    chmodSync(made, 0o755);
    const path = join(folder, executable(name));
    try {
      renameSync(made, path);
    } catch (error) {
      // A folder, unlike a file, does not take the place of one that another process was quicker to put there.
      if (!existsSync(path)) throw error;
    }
    return path;
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

function executable(name: string): string {
  return process.platform === 'win32' ? `${name}.exe` : name;
}
