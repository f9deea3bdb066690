/** The two commands of the README in a fresh copy: both install first, with whatever Node is there. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { isFit } from '../../node-version.mjs';

const root = join(import.meta.dirname, '../..');
const { scripts, engines, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** A copy of what runs before anything is installed, with programs that write down what they are asked. */
function freshCopy(programs: Record<string, number>) {
  const folder = mkdtempSync(join(tmpdir(), 'venule-install-'));
  mkdirSync(join(folder, 'local'));
  const local = ['install.mjs', 'installed.mjs', 'require-installed.mjs', 'start.mjs'].map((name) => `local/${name}`);
  const files = ['package.json', 'node-version.mjs', ...local];
  for (const file of files) copyFileSync(join(root, file), join(folder, file));
  writeFileSync(join(folder, 'package-lock.json'), '{}');
  for (const [name, exitCode] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\necho "${name} $@" >> asked\nexit ${exitCode}\n`, { mode: 0o755 });
  }
  return {
    folder,
    /** Runs a script of package.json as npm does. */
    run(script: string, env: NodeJS.ProcessEnv = {}) {
      const { status, stderr } = spawnSync('sh', ['-c', script], {
        cwd: folder,
        env: { ...process.env, ...env, PATH: `${folder}${delimiter}${process.env.PATH}` },
        encoding: 'utf8',
      });
      return { status, stderr, asked: readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n') };
    },
  };
}

test('npm test installs, then checks, then tests', () => {
  const { folder, run } = freshCopy({ npm: 0, jest: 0 });
  const { status, asked } = run(scripts.test);
  rmSync(folder, { recursive: true });
  expect(status).toBe(0);
  expect(asked).toEqual([
    expect.stringMatching(/^npm ci .*--include=dev/),
    'npm run check',
    expect.stringMatching(/^jest/),
  ]);
});

test('5.1: CI runs the two commands of the README, and nothing else', () => {
  const lines = readFileSync(join(root, '.ci/run'), 'utf8').split('\n');
  const commands = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  expect(commands).toEqual(['set -euo pipefail', 'cd "$(dirname "$0")/.."', 'npm ci', 'npm test']);
});

test.each(['start', 'test'])('npm %s stops where nothing can be installed, and says so', (command) => {
  const { folder, run } = freshCopy({ npm: 1, jest: 0 });
  const { status, stderr, asked } = run(scripts[command]);
  rmSync(folder, { recursive: true });
  expect(status).toBe(1);
  expect(stderr).toContain('npm ci failed');
  expect(asked).toHaveLength(1);
});

test.each(['demo', 'example', 'admin', 'bench', 'kills', 'kills:receivers', 'kills:cancellations', 'mutations'])(
  'npm run %s says what to do where nothing is installed yet, and installs nothing beside npm start',
  (command) => {
    const { folder, run } = freshCopy({ npm: 0 });
    writeFileSync(join(folder, 'asked'), '');
    const { status, stderr, asked } = run(scripts[command]);
    rmSync(folder, { recursive: true });
    expect({ status, asked }).toEqual({ status: 1, asked: [''] });
    expect(stderr).toBe(
      'The packages are not installed yet. Run npm start, which installs them, and wait until everything is running; or run npm ci.\n',
    );
  },
);

test('what npm start needs is installed under NODE_ENV=production, too: the pinned Node is a development dependency', () => {
  const { folder, run } = freshCopy({ npm: 1 });
  const { asked } = run(scripts.start, { NODE_ENV: 'production' });
  rmSync(folder, { recursive: true });
  expect(asked).toEqual([expect.stringMatching(/^npm ci .*--include=dev/)]);
});

describe('the Node', () => {
  test('that is pinned is one that engines allows, and so is the one of the tests', () => {
    expect(isFit(devDependencies.node)).toBe(true);
    expect(isFit()).toBe(true);
  });

  test.each([
    ['20.20.2', false],
    ['22.18.0', false],
    ['24.4.1', false],
    ['24.5.0', true],
    ['24.21.0', true],
    ['100.0.0', true],
  ])('%s: %s', (version, fit) => expect(isFit(version)).toBe(fit));

  test.each(['api/server.ts', 'worker.ts'])('that is unfit is told so by %s, which exits with 1', (program) => {
    const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.18.0' } })`;
    const { status, stderr } = spawnSync(process.execPath, ['--import', `data:text/javascript,${older}`, program], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stderr).toMatch(new RegExp(`needs Node ${engines.node.slice(2)} or newer, and this is Node 22\\.18\\.0`));
    expect(status).toBe(1);
  });
});
