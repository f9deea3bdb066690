/**
 * `npm start`. Plain JavaScript without dependencies, so that it runs with any Node from 20 on and nothing installed:
 * installs what is missing, then hands over to `start.ts` on the Node that the project pins.
 */
import './install.mjs';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireFitNode } from '../node-version.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The Node that the project pins; the one that runs this where that is fit. */
function fitNode() {
  const pinned = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(pinned)) return pinned;
  requireFitNode();
  return process.execPath;
}

const venule = spawn(fitNode(), [join(root, 'local', 'start.ts'), ...process.argv.slice(2)], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => venule.kill(signal));
venule.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));

// npm does not take us with it when it is killed.
const npm = process.ppid;
if (process.env.npm_lifecycle_event) {
  setInterval(() => process.ppid !== npm && venule.kill('SIGTERM'), 1_000).unref();
}
