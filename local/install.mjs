/**
 * Installs what package-lock.json lists, unless that has been done; run or imported, before anything that needs a
 * dependency. Plain JavaScript, so that it runs with any Node from 20 on and nothing installed.
 */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { installedAt, root } from './installed.mjs';

const installed = installedAt !== undefined && installedAt >= statSync(join(root, 'package-lock.json')).mtimeMs;

if (!installed) {
  console.log('Installing packages (first run only, about a minute) …');
  // The pinned Node is a development dependency, which NODE_ENV=production would leave out. npm warns about the Node
  // that runs it, which is not the one that Venule is going to run on.
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', ['ci', '--include=dev', ...quiet], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    console.error('npm ci failed; its message is above. Venule needs access to a package registry.');
    process.exit(1);
  }
}
