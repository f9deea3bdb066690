/** Python packages for tests, each set in an environment of its own in the cache folder. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../../../local/parts/cache.ts';

/** What tests that use this say they need. */
export const PYTHON = 'Python 3.10 or newer with venv and a package index';
/** Making an environment takes this long at most, in milliseconds. */
const PATIENCE = 240_000;

/**
 * The Python of an environment that holds these packages; undefined where there is no Python, or it cannot install them.
 * @param packages With their versions, as pip takes them: `hl7apy==1.3.5`.
 */
export function pythonWith(...packages: string[]): string | undefined {
  const folder = cacheDir();
  const name = `python-${createHash('sha256').update(packages.join('\n')).digest('hex').slice(0, 12)}`;
  const python = join(folder, name, 'bin', 'python');
  if (existsSync(python)) return python;
  mkdirSync(folder, { recursive: true });
  const workshop = mkdtempSync(join(folder, `.${name}-`));
  try {
    const made = join(workshop, 'environment');
    const isMade =
      runs('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']) &&
      runs('python3', ['-m', 'venv', made]) &&
      runs(join(made, 'bin', 'python'), [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        ...packages,
      ]);
    if (!isMade) return undefined;
    try {
      // It appears under its name only when it is whole, so two runs that do this at once do no harm.
      renameSync(made, join(folder, name));
    } catch (error) {
      if (!existsSync(python)) throw error;
    }
    return python;
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

function runs(program: string, args: string[]): boolean {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: PATIENCE });
  if (status !== 0 && stderr) process.stderr.write(`${stderr.trimEnd()}\n`);
  return status === 0;
}
