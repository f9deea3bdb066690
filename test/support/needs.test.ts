/** 5.1: what needs a tool beside Node is skipped for all to see where that is missing, and fails in CI. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const NEED = 'Cobol 2014 or newer';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'venule-needs-'));
  const config = {
    rootDir: folder,
    testMatch: ['<rootDir>/*.test.ts'],
    transform: { '\\.ts$': [join(root, 'node_modules/@swc/jest'), { jsc: { parser: { syntax: 'typescript' } } }] },
  };
  writeFileSync(join(folder, 'jest.config.json'), JSON.stringify(config));
  for (const isThere of [true, false]) {
    writeFileSync(
      join(folder, `${isThere ? 'with' : 'without'}.test.ts`),
      `import { describeWith } from ${JSON.stringify(join(root, 'test/support/needs.ts'))};
       describeWith(${JSON.stringify(NEED)}, ${isThere})('a second opinion', () => {
         test('is asked for', () => expect(1).toBe(1));
       });`,
    );
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs one of the two files as `npm test` does. */
function run(file: 'with' | 'without', ci: boolean) {
  const { CI: _, ...environment } = process.env;
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const report = join(folder, 'report.json');
  const { status, stderr } = spawnSync(
    process.execPath,
    [jest, '--config', join(folder, 'jest.config.json'), '--json', '--outputFile', report, `${file}.test.ts`],
    { cwd: folder, env: { ...environment, ...(ci && { CI: 'true' }) }, encoding: 'utf8' },
  );
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
  return { status, stderr, passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests };
}

test.each([true, false])('where the tool is there, the tests run (CI: %s)', (ci) => {
  const ran = run('with', ci);
  expect(ran).toMatchObject({ status: 0, passed: 1, failed: 0, skipped: 0 });
  expect(ran.stderr).not.toContain(NEED);
});

test('where it is missing, they are skipped, and a line says so', () => {
  const ran = run('without', false);
  expect(ran).toMatchObject({ status: 0, passed: 0, failed: 0, skipped: 1 });
  expect(ran.stderr).toContain(`SKIPPED, as this machine has no ${NEED}: a second opinion`);
});

test('in CI that is a failure, which says what is missing', () => {
  const ran = run('without', true);
  expect(ran).toMatchObject({ status: 1, passed: 0, failed: 1, skipped: 0 });
  expect(ran.stderr).toContain(`${NEED} is missing, and in CI nothing is skipped`);
});
