/** The arrows between the folders hold because a lint rule says so; these tests show that the rule bites. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const use = (name: string, from: string) => `import { ${name} } from '${from}';\n\nexport const used = ${name};\n`;

const refused: [what: string, file: string, text: string][] = [
  ['a Node built-in in the domain', 'domain/1.ts', use('readFileSync', 'node:fs')],
  ['a library in the domain', 'domain/2.ts', use('z', 'zod')],
  ['the store in the domain', 'domain/3.ts', use('saveEvent', '../store/events.ts')],
  ['the current time in the domain', 'domain/4.ts', 'export const today = () => new Date();\n'],
  ['the clock in the domain', 'domain/5.ts', 'export const now = () => Date.now();\n'],
  ['randomness in the domain', 'domain/6.ts', 'export const id = () => Math.random();\n'],
  ['what all workflows share in the domain', 'domain/7.ts', 'export let last = 0;\n'],
  ['what all workflows share in a workflow', 'workflows/4.ts', 'let last = 0;\n\nexport const next = () => ++last;\n'],
  ['a Node built-in in a workflow', 'workflows/1.ts', use('randomUUID', 'node:crypto')],
  ['a schema library in a workflow', 'workflows/2.ts', use('z', 'zod')],
  ['the code of activities in a workflow', 'workflows/3.ts', use('createActivities', '../activities/index.ts')],
  ['the API in an activity', 'activities/1.ts', use('app', '../api/app.ts')],
  ['activities in the API', 'api/2.ts', use('createActivities', '../activities/create-activities.ts')],
  ['activities in a resource of the API', 'api/orders/1.ts', use('activity', '../../activities/laboratory.ts')],
  ['the API in a loop of the worker', 'dispatch/1.ts', use('app', '../api/app.ts')],
  ['the API in what takes messages in', 'intake/1.ts', use('app', '../api/app.ts')],
  ['what takes messages in in the store', 'store/2.ts', use('take', '../intake/laboratory-messages.ts')],
  ['the API in the worker', 'worker.ts', use('app', './api/app.ts')],
  ['the store in what callers see', 'wire/1.ts', use('saveEvent', '../store/events.ts')],
  ['the store in a delivery', 'webhooks/1.ts', use('saveEvent', '../store/events.ts')],
  ['a development script in the command line', 'cli/1.ts', use('demo', '../scripts/demo.ts')],
  ['the API in the store', 'store/orders/1.ts', use('app', '../../api/app.ts')],
  ['the API in how journeys are spoken to', 'temporal/1.ts', use('app', '../api/app.ts')],
  ['the store in a topic of the domain', 'domain/orders/1.ts', use('saveEvent', '../../store/events.ts')],
  ['the configuration in a topic of the domain', 'domain/orders/2.ts', use('config', '../../config.ts')],
  ['the store in the journey', 'workflows/journey/1.ts', use('saveEvent', '../../store/events.ts')],
  [
    'the store in a part of the journey',
    'workflows/journey/laboratory/1.ts',
    use('saveEvent', '../../../store/events.ts'),
  ],
  ['the store in a way of collecting', 'workflows/collection/1.ts', use('saveEvent', '../../store/events.ts')],
  ['the store in appointments', 'workflows/collection/appointments/1.ts', use('saveEvent', '../../../store/events.ts')],
  ['activities in the store', 'store/1.ts', use('createActivities', '../activities/index.ts')],
  ['the store in a partner’s adapter', 'partners/labs/1.ts', use('saveEvent', '../../store/events.ts')],
  [
    'a call of its own in a partner’s adapter',
    'partners/labs/2.ts',
    "export const ask = () => fetch('https://lab');\n",
  ],
  ['the store in a document', 'documents/1.ts', use('saveEvent', '../store/events.ts')],
  ['the sandbox in the API', 'api/1.ts', use('lab', '../sandbox/lab.ts')],
  ['the product in the sandbox', 'sandbox/1.ts', use('status', '../domain/status.ts')],
];

const allowed: typeof refused = [
  ['the domain in the domain', 'domain/21.ts', use('status', './status.ts')],
  ['reading a given time in the domain', 'domain/22.ts', 'export const read = (text: string) => new Date(text);\n'],
  [
    'a variable in a function of the domain',
    'domain/23.ts',
    'export function two(): number {\n  let sum = 1;\n  sum += 1;\n  return sum;\n}\n',
  ],
  ['Temporal in a workflow', 'workflows/21.ts', use('sleep', '@temporalio/workflow')],
  ['the domain in a workflow', 'workflows/22.ts', use('status', '../domain/status.ts')],
  [
    'types of activities in a workflow',
    'workflows/23.ts',
    "import type { Activities } from '../activities/index.ts';\n\nexport type Used = Activities;\n",
  ],
  ['another topic in a topic of the domain', 'domain/orders/21.ts', use('status', '../results/status.ts')],
  ['the top of the domain in a topic', 'domain/orders/22.ts', use('ids', '../ids.ts')],
  ['the domain in the journey', 'workflows/journey/21.ts', use('status', '../../domain/orders/status.ts')],
  ['the journey in a part of it', 'workflows/journey/laboratory/21.ts', use('wait', '../waits.ts')],
  [
    'the domain in a part of the journey',
    'workflows/journey/laboratory/22.ts',
    use('status', '../../../domain/orders/status.ts'),
  ],
  ['a way of collecting in the journey', 'workflows/journey/22.ts', use('walkIn', '../collection/walk-in.ts')],
  ['the journey in appointments', 'workflows/collection/appointments/21.ts', use('wait', '../../journey/waits.ts')],
  ['the store in a loop of the worker', 'dispatch/21.ts', use('saveEvent', '../store/events.ts')],
  ['what takes messages in in a loop of the worker', 'dispatch/22.ts', use('take', '../intake/laboratory-messages.ts')],
  ['a format in what takes messages in', 'intake/21.ts', use('read', '../partners/labs/registry.ts')],
  ['the store in an activity', 'activities/21.ts', use('saveEvent', '../store/events.ts')],
  ['the domain in a partner’s adapter', 'partners/labs/21.ts', use('status', '../../domain/status.ts')],
  ['the catalogue as data in the sandbox', 'sandbox/21.ts', use('readFileSync', 'node:fs')],
  ['the store in a script', 'scripts/21.ts', use('saveEvent', '../store/events.ts')],
];

describe('architecture: each folder knows only what it may know', () => {
  let complaints: Set<string>;

  beforeAll(() => {
    const project = mkdtempSync(join(tmpdir(), 'venule-architecture-'));
    const { vcs: _, ...rules } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
    writeFileSync(join(project, 'biome.json'), JSON.stringify(rules));
    cpSync(join(root, 'lint'), join(project, 'lint'), { recursive: true });
    for (const [, file, text] of [...refused, ...allowed]) {
      mkdirSync(dirname(join(project, file)), { recursive: true });
      writeFileSync(join(project, file), text);
    }
    const biome = join(root, 'node_modules/.bin/biome');
    const { stdout } = spawnSync(biome, ['lint', '--reporter=json', '--max-diagnostics=none'], {
      cwd: project,
      encoding: 'utf8',
    });
    rmSync(project, { recursive: true });
    const report: { diagnostics: { location: { path: string } }[] } = JSON.parse(stdout);
    complaints = new Set(report.diagnostics.map(({ location }) => location.path));
  });

  test.each(refused)('refused: %s', (_, file) => {
    expect(complaints).toContain(file);
  });

  test.each(allowed)('allowed: %s', (_, file) => {
    expect(complaints).not.toContain(file);
  });
});
