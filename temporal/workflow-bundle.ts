/** The workflows as one file, as a worker takes them. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { WorkflowBundle } from '@temporalio/worker';

const ROOT = join(import.meta.dirname, '..');

/** In bytes; today's has a few million. */
const LONGEST_BUNDLE = 64 * 1024 * 1024;

/** Everything that the bundle is made from: folders of ours, files, how it is made, and by their lock file all packages. */
export const BUNDLED = [
  'workflows',
  'domain',
  'temporal/failure-converter.ts',
  'temporal/bundler-options.ts',
  'package-lock.json',
];

const isBundle = (name: string) => /^workflows-[0-9a-f]+\.js$/.test(name);

/**
 * Bundles the workflows, which takes a second or two, once for each state of their sources: the bundle is kept in a
 * folder, named by a hash of what it is made from, and an older one is removed. Where the folder cannot be written, it
 * is made anew each time. A process of its own makes it, since a worker would keep the memory that the bundler takes.
 * @throws Error with the bundler's words when it cannot be made
 */
export async function workflowBundle(folder: string): Promise<WorkflowBundle> {
  const name = `workflows-${fingerprint()}.js`;
  try {
    return { code: readFileSync(join(folder, name), 'utf8') };
  } catch {
    const bundler = [join(import.meta.dirname, 'bundle-workflows.ts')];
    const { stdout: code } = await promisify(execFile)(process.execPath, bundler, { maxBuffer: LONGEST_BUNDLE });
    keep(folder, name, code);
    return { code };
  }
}

function fingerprint(): string {
  const hash = createHash('sha256').update(process.version);
  for (const path of BUNDLED.flatMap(filesAt))
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(ROOT, path)));
  return hash.digest('hex').slice(0, 16);
}

function filesAt(path: string): string[] {
  if (/\.\w+$/.test(path)) return [path];
  return readdirSync(join(ROOT, path), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => join(path, file));
}

/** Another worker may do the same at the same time. */
function keep(folder: string, name: string, code: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const unfinished = join(folder, `${name}.${process.pid}`);
    writeFileSync(unfinished, code);
    renameSync(unfinished, join(folder, name));
    for (const other of readdirSync(folder)) {
      if (isBundle(other) && other !== name) rmSync(join(folder, other), { force: true });
    }
  } catch {
    // The next start takes as long as this one.
  }
}
