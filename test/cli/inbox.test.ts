/** `npm run admin -- inbox`: what waits, and what a person settles. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectionOf } from '../../store/collections/define.ts';
import type { LabMessageDocument } from '../../store/collections/inbox.ts';
import { observation, reportOf, testOf } from '../support/partners/lab-report.ts';
import { runAdmin } from '../support/running/admin-program.ts';
import { type FreshStore, freshCatalogue } from '../support/running/fresh-store.ts';

const HOUR = 3_600_000;

let fresh: FreshStore;
const dataDir = mkdtempSync(join(tmpdir(), 'venule-inbox-'));
beforeAll(async () => {
  fresh = await freshCatalogue();
});
afterAll(async () => {
  await fresh.discard();
  rmSync(dataDir, { recursive: true });
});

const admin = (...args: string[]) =>
  runAdmin(['--json', 'inbox', ...args], { MONGODB_URI: fresh.database, VENULE_DATA_DIR: dataDir });
async function json(...args: string[]) {
  const { code, out, err } = await admin(...args);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out);
}

async function report(changes: Partial<LabMessageDocument>): Promise<string> {
  const _id = randomUUID();
  await collectionOf(fresh.store.labMessages).insertOne({
    _id,
    lab_slug: 'labcorp',
    control_id: _id,
    content_hash: _id,
    report_index: 0,
    report: reportOf([]),
    state: 'stored',
    order_id: null,
    team_id: null,
    event_number: null,
    unmatched_reason: null,
    lease_until: new Date(0),
    attempts: 0,
    last_error: null,
    received_at: new Date(),
    ...changes,
  });
  return _id;
}

test('alone, it shows what waits however short, and when each laboratory was heard last', async () => {
  await collectionOf(fresh.store.labConnections).insertOne({
    _id: 'quest:production',
    lab_slug: 'quest',
    environment: 'production',
  } as never);
  const id = await report({ received_at: new Date(Date.now() - 3 * HOUR) });
  expect(await json()).toEqual([
    expect.objectContaining({
      what: 'Messages that wait to be read, or reports that wait to be given to their orders',
      how_many: 1,
      for: '3 hours',
      first: id,
    }),
    expect.objectContaining({ what: 'No results yet', lab: 'quest' }),
  ]);
}, 60_000);

test('held tests are listed with what to do, and settled; remarks are found', async () => {
  const twelve = testOf('12', [observation('1-1', 'TNP', { is_unexplained: true, status: 'preliminary' })]);
  const id = await report({
    state: 'applied',
    report: reportOf([twelve], { remarks: ['OBX^1^5: odd'] }),
    to_review: [{ test: '12', because: 'not_performed' }],
  });
  for (const flag of ['--to-review', '--remarks']) {
    expect((await json('list', flag)).map((one: { id: string }) => one.id)).toEqual([id]);
  }
  const [to_do] = (await json('show', id)).to_decide;
  expect(to_do).toContain(`admin inbox settle ${id} --test 12 --because <reason>`);
  expect(await admin('settle', id, '--values-stand')).toMatchObject({
    code: 1,
    err: expect.stringContaining('--because'),
  });
  expect(await admin('settle', id)).toMatchObject({ code: 1, err: expect.stringContaining('either') });
  await json('settle', id, '--because', 'quantity_not_sufficient_failure');
  expect(await json('list', '--to-review')).toEqual([]);
  const settlement = await fresh.store.labMessages.findOne({ settles: id }).lean();
  expect(settlement?.report.tests[0]?.observations).toMatchObject([
    { status: 'cancelled', value: null, failure_type: 'quantity_not_sufficient_failure' },
  ]);
}, 120_000);
