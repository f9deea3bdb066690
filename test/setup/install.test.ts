/** `npm start` in a fresh copy: it installs first. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const start = join(import.meta.dirname, '../../scripts/start.mjs');

test('what npm start needs is installed under NODE_ENV=production, too: the pinned Node is a development dependency', () => {
  const copy = mkdtempSync(join(tmpdir(), 'venule-install-'));
  mkdirSync(join(copy, 'scripts'));
  copyFileSync(start, join(copy, 'scripts/start.mjs'));
  writeFileSync(join(copy, 'package-lock.json'), '{}');
  writeFileSync(join(copy, 'npm'), '#!/bin/sh\necho "$@" > asked\nexit 1\n', { mode: 0o755 });
  const { status, stderr } = spawnSync(process.execPath, [join(copy, 'scripts/start.mjs')], {
    env: { ...process.env, NODE_ENV: 'production', PATH: `${copy}${delimiter}${process.env.PATH}` },
    encoding: 'utf8',
  });
  const asked = readFileSync(join(copy, 'asked'), 'utf8');
  rmSync(copy, { recursive: true });
  expect(asked).toMatch(/^ci .*--include=dev/);
  expect([status, stderr]).toEqual([1, expect.stringContaining('npm ci failed')]);
});
