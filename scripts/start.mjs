/**
 * `npm start`. Plain JavaScript without dependencies, so that it runs with any Node from 20 on and nothing installed:
 * installs what is missing, then hands over to `start.ts` on the Node that the project pins.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const windows = process.platform === 'win32';

function installed() {
  const record = statSync(join(root, 'node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  return record !== undefined && record.mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

/** The Node that the project pins; the one that runs this where it is new enough to read TypeScript. */
function pinnedNode() {
  const pinned = join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node');
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  console.error('Node 24 is missing: it comes with the package `node`, whose install script fetches it. Run: npm ci');
  process.exit(1);
}

// The pinned Node is a development dependency, which NODE_ENV=production would leave out.
if (!installed()) {
  console.log('Installing what package-lock.json lists, once …');
  const { status } = spawnSync('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: 'inherit',
    shell: windows,
  });
  if (status !== 0) {
    console.error('npm ci failed: its message is above. Venule needs a package registry that answers.');
    process.exit(1);
  }
}

const venule = spawn(pinnedNode(), [join(root, 'scripts', 'start.ts'), ...process.argv.slice(2)], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => venule.kill(signal));
venule.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));

// npm does not take us with it when it is killed.
const npm = process.ppid;
if (process.env.npm_lifecycle_event) {
  setInterval(() => process.ppid !== npm && venule.kill('SIGTERM'), 1_000).unref();
}
