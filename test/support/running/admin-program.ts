/** `npm run admin -- …` as a process of its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { COMPILED_ONCE } from './compiled-once.ts';

const PROGRAM = join(import.meta.dirname, '../../../cli/admin.ts');

/** Runs it to its end. @param env What it is told besides: the database, the data folder. */
export function runAdmin(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input = '',
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { ...COMPILED_ONCE, PATH: process.env.PATH, ...env },
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => (out += text));
    child.stderr.on('data', (text) => (err += text));
    child.on('close', (code) => resolve({ code, out, err }));
    child.stdin.end(input);
  });
}
