/** What README.md and docs/ say is true: commands exist, examples run, tables agree, links lead somewhere. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { RETRY_PAUSES_MS } from '../../dispatch/webhooks.ts';
import { WEBHOOK_EVENT_TYPES } from '../../domain/webhook-events.ts';
import { drawnPage } from '../../scripts/draw-statuses.ts';
import { COMPILED_ONCE } from '../support/running/compiled-once.ts';
import { type SpawnedVenule, spawnVenule } from '../support/running/spawn-venule.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? `docs/${name}` : [])),
];

/** The blocks of a page in one language. */
const blocks = (page: string, language: string) =>
  [...read(page).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, text]) => text as string,
  );

test('the README shows the example as it runs', () => {
  expect(blocks('README.md', 'ts')).toEqual([read('examples/first-order.ts')]);
});

test.each(pages)('%s: every command of npm is one, and every link leads somewhere', (page) => {
  const { scripts } = JSON.parse(read('package.json'));
  const commands = [...read(page).matchAll(/(?:`|^)npm (?:run )?(?:--silent )?([a-z-]+)/gm)].map(
    ([, name]) => name as string,
  );
  const ofNpm = ['ci', 'install', 'rebuild', 'run'];
  for (const name of commands) expect([...Object.keys(scripts), ...ofNpm]).toContain(name);

  const places = [...read(page).matchAll(/(?:\]\(|<img src=")(?!https?:)([^)#\s"]*)(#[^)]*)?[)"]/g)];
  for (const [, path, anchor] of places) {
    const target = path ? join(dirname(page), path) : page;
    expect([page, path, existsSync(join(root, target))]).toEqual([page, path, true]);
    if (!anchor) continue;
    const headings = [...read(target).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading as string));
    expect(headings).toContain(anchor);
  }
});

const anchorOf = (heading: string) =>
  `#${heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replaceAll(' ', '-')}`;

test('every command of admin that the pages show exists', async () => {
  const shown = pages.flatMap((page) => [
    ...read(page).matchAll(/npm run (?:--silent )?admin -- (?:--json )?([a-z-]+)(?: ([a-z-]+))?/g),
  ]);
  const groups = Map.groupBy(shown, ([, group]) => group as string);
  expect(groups.size).toBeGreaterThan(8);
  for (const [group, commands] of groups) {
    const { exitCode, output } = await run('cli/admin.ts', [group, '--help'], COMPILED_ONCE);
    expect([group, exitCode]).toEqual([group, 0]);
    for (const [, , command] of commands) {
      const isListed = command === undefined || new RegExp(`^ +(?:-\\w, )?${command}(?![\\w-])`, 'm').test(output);
      expect([group, command, isListed]).toEqual([group, command, true]);
    }
  }
}, 120_000);

test('docs/statuses.md is drawn from the tables of the domain', () => {
  expect(drawnPage(read('docs/statuses.md'))).toBe(read('docs/statuses.md'));
});

test('docs/webhooks.md names every event and the pauses between attempts', () => {
  const page = read('docs/webhooks.md');
  const named = [...page.matchAll(/^\| (`.*`) \|/gm)].flatMap(([, names]) => [
    ...(names as string).matchAll(/`([^`]+)`/g),
  ]);
  expect(named.map(([, name]) => name).sort()).toEqual([...WEBHOOK_EVENT_TYPES].sort());
  const units: Record<string, number> = { seconds: 1_000, minutes: 60_000, hours: 3_600_000 };
  const [, list = ''] = /Retries\*\* after ([^.]*)\./.exec(page) ?? [];
  const times = [...list.matchAll(/(\d+)(?: (seconds|minutes|hours))?/g)];
  const pauses = times.map(([, number, unit], at) => {
    const its = unit ?? times.slice(at).find(([, , later]) => later)?.[2] ?? '';
    return Number(number) * (units[its] ?? Number.NaN);
  });
  expect(pauses).toEqual(RETRY_PAUSES_MS);
});

function run(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ exitCode: number | null; output: string }> {
  const child = spawn(process.execPath, [join(root, program), ...args], { env: { ...process.env, ...env }, cwd: root });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  return new Promise((resolve) => child.once('close', (exitCode) => resolve({ exitCode, output })));
}

describe('the example', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'venule-example-'));
  let venule: SpawnedVenule | undefined;

  beforeAll(async () => {
    venule = await spawnVenule({ dataDir });
  }, 300_000);
  afterAll(async () => {
    await venule?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test.each(['once', 'twice'])(
    'runs %s: order, webhooks, redraw, combined result',
    async () => {
      const env = { VENULE_URL: venule?.apiUrl, VENULE_DATA_DIR: dataDir };
      const { exitCode, output } = await run('examples/first-order.ts', [], env);
      expect({ exitCode, output }).toMatchObject({
        exitCode: 0,
        output: expect.stringMatching(/\d+ results, 0 missing: /),
      });
      for (const told of [
        /created +initial +received/,
        /updated +initial .*redraw_available/,
        /updated +redraw .*completed/,
      ]) {
        expect(output).toMatch(told);
      }
    },
    90_000,
  );
});
