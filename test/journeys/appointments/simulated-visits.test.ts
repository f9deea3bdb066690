/** F6: a simulation brings an order wherever it can be brought, and goes on with what an earlier request for it began. */
import { simulated } from '../../../api/orders/simulate.ts';
import { fullStatus, LOW_LEVEL_STATUSES, type OrderLowLevelStatus } from '../../../domain/orders/status.ts';
import { mayFollow } from '../../../domain/orders/transitions.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import { atHome } from '../../support/at-home.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { until } from '../../support/until.ts';

let venule: InProcessVenule;
const scene = atHome(() => venule);
beforeAll(async () => {
  venule = await startVenule({ policy: { partner_call: 2_000 } });
});
afterEach(() => trouble({ mode: 'ok' }));
afterAll(() => venule.close());

const trouble = (of: object) => venule.atProvider('/sandbox/phlebotomy/faults', { provider: 'getlabs', ...of });

async function simulate(
  { _id, collection_method }: OrderDocument,
  goal: OrderLowLevelStatus,
  flags: object = {},
): Promise<{ status: number; message: string }> {
  const status = fullStatus(collection_method, goal);
  const answer = await fetch(`${venule.api.url}/v3/order/${_id}/test?final_status=${status}`, {
    method: 'POST',
    headers: { 'x-vital-api-key': venule.api.key, 'content-type': 'application/json' },
    body: JSON.stringify(flags),
  });
  const body = (await answer.json()) as { message: string } | null;
  return { status: answer.status, message: body?.message ?? '' };
}

/** Brings an order to a status, asking again where a caller would, and waits until it stands there. */
async function bring(order: OrderDocument, goal: OrderLowLevelStatus, flags: object = {}): Promise<OrderDocument> {
  const answer = await until(async () => {
    const given = await simulate(order, goal, flags);
    return given.status === 503 ? null : given;
  });
  expect([goal, answer]).toEqual([goal, { status: 200, message: '' }]);
  return until(async () => {
    const current = await scene.now({ id: order._id });
    return current.last_status === goal ? current : null;
  });
}

const METHODS = [
  ['walk_in_test', 'quest-thyroid-panel'],
  ['at_home_phlebotomy', 'labcorp-lipid-panel-at-home'],
] as const;

describe.each(METHODS)('6.8: of a %s order', (method, labTest) => {
  const order = () => scene.order({ labTest });
  const isInTable = (status: OrderLowLevelStatus) =>
    status === 'ordered' ||
    LOW_LEVEL_STATUSES.some((other) => mayFollow(method, other, status) || mayFollow(method, status, other));

  test('every status of the table is reached and stays, or is refused with those that can be', async () => {
    const refused: OrderLowLevelStatus[] = [];
    await Promise.all(
      LOW_LEVEL_STATUSES.filter(isInTable).map(async (goal) => {
        const placed = await order();
        if (simulated(placed.order).includes(goal)) return bring(placed, goal);
        refused.push(goal);
        const { status, message } = await simulate(placed, goal);
        expect(status).toBe(400);
        for (const known of simulated(placed.order)) expect(message).toContain(fullStatus(method, known));
        return expect((await scene.now(placed.order)).last_status).toBe('requisition_created');
      }),
    );
    expect(refused.sort()).toEqual(['ordered', 'requisition_bypassed']);
  });

  test('one is brought from status to status, and never back', async () => {
    const placed = await order();
    const isWalkIn = method === 'walk_in_test';
    const way: OrderLowLevelStatus[] = [
      'appointment_pending',
      'appointment_cancelled',
      'appointment_pending',
      'appointment_scheduled',
      ...(isWalkIn ? [] : (['draw_completed'] as const)),
      'partial_results',
    ];
    for (const goal of way) await bring(placed, goal);
    for (const back of [...way.slice(0, -1), 'requisition_created'] as const) {
      expect(await simulate(placed, back)).toMatchObject({ status: 400, message: expect.stringContaining(back) });
    }
    const ended = await bring(placed, 'corrected');
    expect(ended.events.map(({ status }) => status).slice(-3)).toEqual(['partial_results', 'completed', 'corrected']);
    expect(await simulate(placed, 'sample_error')).toMatchObject({ status: 400 });
  });

  test('one that is completed is corrected; one in part is rejected, with what was reported', async () => {
    const [completed, rejected] = await Promise.all([order(), order()]);
    await Promise.all([bring(completed, 'completed'), bring(rejected, 'partial_results')]);
    await Promise.all([bring(completed, 'corrected'), bring(rejected, 'sample_error')]);
  });

  test('results are of every type in turn unless the caller names some', async () => {
    const [every, named] = await Promise.all([order(), order()]);
    await Promise.all([bring(every, 'completed'), bring(named, 'completed', { result_types: ['range'] })]);
    const typesOf = async ({ _id }: OrderDocument) => {
      const newest = await venule.store.results.findOne({ order_id: _id }).sort({ version: -1 }).orFail().lean();
      return [...new Set(newest.result.results.map(({ type }) => type))].sort();
    };
    expect(await typesOf(every)).toEqual(['comment', 'numeric', 'range']);
    expect(await typesOf(named)).toEqual(['range']);
  });
});

test('6.8: a laboratory without appointments or redraws is not asked for them', async () => {
  const quest = await scene.order({ labTest: 'quest-thyroid-panel' });
  const labcorp = await scene.order({ labTest: 'labcorp-thyroid-panel', options: { redraws_enabled: false } });
  const far = await scene.order({
    labTest: 'quest-thyroid-panel',
    address: { ...quest.order.address, city: 'Anchorage', state: 'AK', zip: '99501' },
  });
  expect(simulated(quest.order)).toEqual(expect.arrayContaining(['appointment_scheduled', 'redraw_available']));
  for (const goal of ['appointment_scheduled', 'redraw_available'] as const) {
    const { status, message } = await simulate(labcorp, goal);
    expect([status, message]).toEqual([400, expect.stringContaining('it can to received.walk_in_test')]);
  }
  expect(await simulate(far, 'appointment_scheduled')).toMatchObject({
    status: 400,
    message: expect.stringContaining('No service center near'),
  });
  expect(await simulate(quest, 'corrected', { has_missing_results: true })).toMatchObject({ status: 400 });
});

const visitsOf = (order_id: string) => venule.store.appointments.countDocuments({ order_id, status: 'scheduled' });

test('F6: two requests at once while the provider is slow are one visit', async () => {
  const placed = await scene.order();
  await trouble({ mode: 'slow', delay_ms: 1_200, calls: ['book'] });
  const goal = 'appointment_scheduled';
  const answers = await Promise.all([simulate(placed, goal), simulate(placed, goal)]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(await visitsOf(placed._id)).toBe(1);
});

test('F6: a request after one that came to no answer goes on with the visit that the provider made', async () => {
  const placed = await scene.order();
  await trouble({ mode: 'down', after_accept: true, calls: ['book', 'read'] });
  expect((await simulate(placed, 'appointment_scheduled')).status).toBe(503);
  await trouble({ mode: 'ok' });
  expect((await simulate(placed, 'appointment_scheduled')).status).toBe(200);
  expect(await visitsOf(placed._id)).toBe(1);
});
