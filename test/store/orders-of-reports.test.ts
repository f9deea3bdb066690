/** F5: which order a report is about, where it has no placer order number of ours; and what is read to find it. */
import { randomUUID } from 'node:crypto';
import type { LabReport } from '../../domain/results/lab-report.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { ordersOf } from '../../store/inbox/orders-of-reports.ts';
import { orderDocument } from '../../store/orders/order-document.ts';
import { reportOf } from '../support/partners/lab-report.ts';
import { type FreshStore, freshCatalogue } from '../support/running/fresh-store.ts';
import { anOrder } from '../support/running/in-process-venule.ts';

const OTHERS = 2_000;
/** What a laboratory calls all orders that it does not number. */
const CALLED_BY_ALL = '0';

let fresh: FreshStore;
let order: OrderDocument;
let ofSandbox: OrderDocument;

beforeAll(async () => {
  const { catalogue, ...rest } = await freshCatalogue();
  fresh = rest;
  const team = randomUUID();
  const acknowledged = (filler_order_number: string | null, sandbox = false): OrderDocument => ({
    ...orderDocument(anOrder(catalogue, team, { options: { sandbox } })),
    filler_order_number,
  });
  order = acknowledged('F-301');
  ofSandbox = acknowledged('F-302', true);
  await collectionOf(fresh.store.orders).insertMany([
    order,
    ofSandbox,
    ...Array.from({ length: OTHERS }, (_, index) => acknowledged(index % 2 === 0 ? null : CALLED_BY_ALL)),
  ]);
}, 120_000);
afterAll(() => fresh?.discard());

const about = (changes: Partial<LabReport>): LabReport => {
  const { first_name, last_name, dob, gender } = order.order.patient;
  const { lab_slug } = order.order;
  return reportOf([], { lab_slug, patient: { first_name, last_name, dob, gender }, ...changes });
};
const found = async (report: LabReport) => (await ordersOf(fresh.store, [report], 'production')).get(report)?._id;
const known = { filler_order_number: 'F-301', is_known_by_filler: true } as const;

test('it is found by the id that a reference names, whoever the patient is said to be', async () => {
  const patient = { first_name: 'Somebody', last_name: 'Else', dob: null, gender: null };
  expect(await found(about({ order_id: order._id }))).toBe(order._id);
  expect(await found(about({ order_id: order._id, patient }))).toBe(order._id);
  expect(await found(about({ order_id: order._id, placer_order_number: 'THEIRS' }))).toBe(order._id);
  expect(await found(about({ order_id: randomUUID() }))).toBeUndefined();
  expect(await found(about({ order_id: ofSandbox._id }))).toBeUndefined();
});

test('it is found by the filler order number that its laboratory has acknowledged it under', async () => {
  expect(await found(about(known))).toBe(order._id);
  expect(await found(about({ ...known, placer_order_number: 'THEIRS' }))).toBe(order._id);
});

test.each([
  ['another laboratory', { ...known, lab_slug: 'quest' }],
  [
    'another patient',
    { ...known, patient: { first_name: 'Ngozi', last_name: 'Okafor', dob: '1979-09-22', gender: null } },
  ],
  ['another number', { ...known, filler_order_number: 'F-30' }],
  ['an order of the sandbox', { ...known, filler_order_number: 'F-302' }],
  ['a number that several orders have', { ...known, filler_order_number: CALLED_BY_ALL }],
  ['tests with several numbers', { filler_order_number: 'F-301' }],
])('it is not found by one of %s', async (_what, changes) => {
  expect(await found(about(changes))).toBeUndefined();
});

test('finding it reads two orders at most, by an index', async () => {
  const { db } = fresh.store.connection;
  await db?.command({ profile: 2 });
  for (const filler_order_number of ['F-301', CALLED_BY_ALL, 'nobody’s'])
    await found(about({ ...known, filler_order_number }));
  await db?.command({ profile: 0 });
  const reads = await fresh.store.connection
    .collection<{ planSummary: string; docsExamined: number; keysExamined: number }>('system.profile')
    .find({ op: 'query', ns: /\.orders$/ })
    .toArray();
  expect(reads).toHaveLength(3);
  for (const { planSummary, docsExamined, keysExamined } of reads) {
    expect(planSummary).toMatch(/^IXSCAN \{ filler_order_number: 1/);
    expect(Math.max(docsExamined, keysExamined)).toBeLessThanOrEqual(2);
  }
});
