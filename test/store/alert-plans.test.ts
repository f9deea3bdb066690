/** G9: every minute is asked what waits, and each question reads an index that holds only that: what is settled is never looked at. */
import { randomUUID } from 'node:crypto';
import { DEFAULT_ALERT_LIMITS } from '../../domain/alerts.ts';
import { lastHeardOf } from '../../store/alerts/laboratories.ts';
import { survey } from '../../store/alerts/survey.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { orderDocument } from '../../store/orders/order-document.ts';
import { reportOf } from '../support/partners/lab-report.ts';
import { type FreshStore, freshCatalogue } from '../support/running/fresh-store.ts';
import { anOrder } from '../support/running/in-process-venule.ts';

const SETTLED = 2_000;
const LONG_AGO = new Date(Date.now() - 30 * 86_400_000);
/** How many rows one question may look at: there is one of each kind that waits, and some endpoints and connections. */
const LOOKED_AT = 10;

interface Profiled {
  ns: string;
  planSummary?: string;
  docsExamined?: number;
  keysExamined?: number;
  hasSortStage?: boolean;
}

let fresh: FreshStore;
beforeAll(async () => {
  const { store, catalogue, ...rest } = await freshCatalogue();
  fresh = { store, ...rest };
  const team = randomUUID();
  const order = (last_status: 'ordered' | 'completed' | 'requisition_created', sandbox: boolean) => ({
    ...orderDocument(anOrder(catalogue, team, { options: { sandbox } })),
    last_status,
    created_at: LONG_AGO,
    updated_at: LONG_AGO,
  });
  const report = (state: 'applied' | 'stored' | 'unmatched') => {
    const _id = randomUUID();
    const of = { lab_slug: 'labcorp', control_id: _id, content_hash: _id, report_index: 0, report: reportOf([]) };
    const nobody = { order_id: null, team_id: null, event_number: null, unmatched_reason: null };
    const at = { lease_until: new Date(0), attempts: 0, last_error: null, received_at: LONG_AGO };
    return { _id, ...of, ...nobody, ...at, state };
  };
  const text = (refused: string | null) => {
    const of = { lab_slug: 'labcorp', environment: 'production' as const, raw: 'MSH' };
    return { _id: randomUUID(), ...of, refused, received_at: LONG_AGO };
  };
  const settled = Array.from({ length: SETTLED });
  await collectionOf(store.orders).insertMany([
    ...settled.map(() => order('completed', false)),
    ...settled.map(() => order('requisition_created', true)),
    order('ordered', false),
    order('requisition_created', false),
  ]);
  await collectionOf(store.labMessages).insertMany([
    ...settled.map(() => report('applied')),
    report('stored'),
    report('unmatched'),
  ]);
  // What only acknowledges orders is no sign of results, however much of it comes.
  const acknowledgment = () => ({ ...text(null), acknowledges: true as const, received_at: new Date() });
  await collectionOf(store.labMessageTexts).insertMany([
    ...settled.map(() => text(null)),
    ...settled.map(acknowledgment),
    text('not HL7'),
  ]);
  const event = (state: 'stored' | 'delivered') => ({ _id: randomUUID(), state, received_at: LONG_AGO }) as never;
  await collectionOf(store.phlebotomyEvents).insertMany([...settled.map(() => event('delivered')), event('stored')]);
  await collectionOf(store.labConnections).insertOne({
    _id: 'labcorp:production',
    lab_slug: 'labcorp',
    environment: 'production',
  } as never);
}, 120_000);
afterAll(() => fresh.discard());

test('each question looks at what waits and nothing else', async () => {
  const { store } = fresh;
  const { db } = store.connection;
  await db?.command({ profile: 2 });
  const matters = await survey(store, DEFAULT_ALERT_LIMITS);
  expect(await lastHeardOf(store, 'labcorp')).toEqual(LONG_AGO);
  await db?.command({ profile: 0 });
  expect(matters.map(({ kind }) => kind).sort()).toEqual(['inbox', 'lab_silent', 'review', 'unacknowledged', 'visits']);
  const operations = await store.connection
    .collection<Profiled>('system.profile')
    .find({ ns: { $not: /system\.profile$/ }, planSummary: { $exists: true } })
    .toArray();
  expect(operations.length).toBeGreaterThan(10);
  for (const { ns, planSummary, docsExamined, keysExamined, hasSortStage } of operations) {
    // Few by nature.
    if (ns.endsWith('.lab_connections') || ns.endsWith('.webhook_endpoints')) continue;
    const collection = ns.split('.')[1];
    const plan = planSummary?.match(/^(IXSCAN|DISTINCT_SCAN|EOF)/) ? 'an index' : planSummary;
    const looksAtLittle = (docsExamined ?? 0) <= LOOKED_AT && (keysExamined ?? 0) <= 2 * LOOKED_AT;
    expect([collection, plan, hasSortStage, looksAtLittle]).toEqual([collection, 'an index', undefined, true]);
  }
});
