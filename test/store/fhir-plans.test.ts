/** `/fhir/r4`, by what MongoDB reads for a page: the orders on it and few besides, by an index, however far on it is. */
import { randomUUID } from 'node:crypto';
import { readSearch } from '../../api/fhir/search-request.ts';
import { SOURCES, type Walked } from '../../api/fhir/served.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { positionAfter, type WalkPosition } from '../../store/walk.ts';
import { type FreshStore, freshStore } from '../support/running/fresh-store.ts';

const ORDERS = 3_000;
const AT_ONCE = 25;
/** A page, and those that were met at the same instant. */
const READ_AT_MOST = 2 * AT_ONCE;
const MINUTE = 60_000;
const AT = Date.parse('2026-11-01T00:00:00Z');

const team = { _id: randomUUID(), environment: 'sandbox' } as TeamDocument;
const patient = randomUUID();
const transaction = randomUUID();
let fresh: FreshStore;

/** Every third order is the one patient's, every tenth is done, every second the team’s; one is in a transaction of its own. */
function anOrder(number: number): OrderDocument {
  const at = new Date(AT + number * MINUTE);
  return {
    _id: randomUUID(),
    team_id: number % 2 === 0 ? team._id : randomUUID(),
    user_id: number % 3 === 0 ? patient : randomUUID(),
    transaction_id: number === 2 ? transaction : randomUUID(),
    placer_order_number: `V${String(number).padStart(11, '0')}`,
    last_status: number % 10 === 0 ? 'completed' : 'requisition_created',
    created_at: at,
    updated_at: at,
  } as OrderDocument;
}

beforeAll(async () => {
  fresh = await freshStore();
  await collectionOf(fresh.store.orders).insertMany(Array.from({ length: ORDERS }, (_, number) => anOrder(number)));
});
afterAll(() => fresh?.discard());

interface Read {
  docsExamined: number;
  planSummary: string;
  hasSortStage?: boolean;
}

test.each([
  ['everything', {}, 1_500],
  ['since a moment', { _lastUpdated: `ge${new Date(AT + 2_000 * MINUTE).toISOString()}` }, 500],
  ['a patient', { patient }, 500],
  ['a status', { status: 'completed' }, 300],
  ['a transaction', { requisition: transaction }, 1],
  ['a number of ours', { identifier: 'V00000000004' }, 1],
] as const)('%s', async (_what, sent, expected) => {
  const { store } = fresh;
  const { conditions } = readSearch('ServiceRequest', sent, 'https://venule.example/fhir/r4', false);
  const walk = await SOURCES.ServiceRequest.walk(store, team, conditions);
  const database = store.connection.getClient().db(store.connection.name);
  await database.command({ profile: 0 });
  await database.collection('system.profile').drop();
  await database.command({ profile: 2 });
  const met: Walked[] = [];
  let after: WalkPosition | null = null;
  for (let page: Walked[] = []; met.length === 0 || page.length === AT_ONCE; ) {
    page = await walk.next(after, AT_ONCE);
    for (const order of page) after = positionAfter(order, walk, after);
    met.push(...page);
  }
  await database.command({ profile: 0 });
  const reads = await database
    .collection<Read>('system.profile')
    .find({ op: 'query', ns: /\.orders$/ })
    .toArray();
  expect([met.length, new Set(met.map(({ _id }) => _id)).size]).toEqual([expected, expected]);
  expect(reads.length).toBeGreaterThanOrEqual(Math.ceil(expected / AT_ONCE));
  for (const { docsExamined, planSummary } of reads) {
    expect({ planSummary, docsExamined, isFew: docsExamined <= READ_AT_MOST }).toMatchObject({ isFew: true });
    expect(planSummary).not.toContain('COLLSCAN');
  }
});
