import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { BUNDLED, workflowBundle } from '../../temporal/workflow-bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'venule-bundle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What went into a bundle, by its source map: paths from the project's folder on. */
function sourcesOf(code: string): string[] {
  const [, map = ''] = /sourceMappingURL=data:application\/json;[^,]*,([A-Za-z0-9+/=]+)\s*$/.exec(code) ?? [];
  const { sources } = JSON.parse(Buffer.from(map, 'base64').toString()) as { sources: string[] };
  const root = join(import.meta.dirname, '../..');
  return sources.filter((source) => /\.ts$/.test(source)).map((source) => relative(root, source));
}

test('the workflows are bundled once for each state of their sources', async () => {
  writeFileSync(join(folder, 'workflows-0123456789abcdef.js'), 'of yesterday');
  writeFileSync(join(folder, 'codec-keys'), 'stays');
  const { code } = await workflowBundle(folder);
  const [kept = '', ...others] = readdirSync(folder).filter((name) => name.startsWith('workflows-'));
  expect(others).toEqual([]);
  expect(readFileSync(join(folder, kept), 'utf8')).toBe(code);
  expect(readdirSync(folder)).toContain('codec-keys');

  writeFileSync(join(folder, kept), 'kept');
  expect(await workflowBundle(folder)).toEqual({ code: 'kept' });
});

test('whatever of ours goes into the bundle is asked whether it has changed', async () => {
  const { code } = await workflowBundle(join(folder, 'new'));
  const sources = sourcesOf(code);
  expect(sources).toEqual(expect.arrayContaining(['workflows/journey/journey.ts', 'domain/orders/transitions.ts']));
  const asked = (source: string) => BUNDLED.some((each) => source === each || source.startsWith(`${each}/`));
  expect(sources.filter((source) => !source.startsWith('node_modules/') && !asked(source))).toEqual([]);
});

test('a folder that cannot be written is no reason not to start', async () => {
  const { code } = await workflowBundle('/dev/null/nowhere');
  expect(code).toContain('orderTransaction');
});
