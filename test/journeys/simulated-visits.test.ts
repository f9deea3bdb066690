/** F6: a simulation goes on with what an earlier request for it began. */
import { atHome } from '../support/at-home.ts';
import { type InProcessVenule, startVenule } from '../support/in-process-venule.ts';

let venule: InProcessVenule;
const scene = atHome(() => venule);
beforeAll(async () => {
  venule = await startVenule({ policy: { partner_call: 2_000 } });
});
afterEach(() => trouble({ mode: 'ok' }));
afterAll(() => venule.close());

const trouble = (of: object) => venule.atCompany('/sandbox/phlebotomy/faults', { provider: 'getlabs', ...of });

async function simulate(orderId: string): Promise<number> {
  const status = 'collecting_sample.at_home_phlebotomy.appointment_scheduled';
  const answer = await fetch(`${venule.api.url}/v3/order/${orderId}/test?final_status=${status}`, {
    method: 'POST',
    headers: { 'x-vital-api-key': venule.api.key, 'content-type': 'application/json' },
    body: '{}',
  });
  return answer.status;
}

const visitsOf = (order_id: string) => venule.store.appointments.countDocuments({ order_id, status: 'scheduled' });

test('F6: two requests at once while the company is slow are one visit', async () => {
  const { _id } = await scene.order();
  await trouble({ mode: 'slow', delay_ms: 1_200, calls: ['book'] });
  expect(await Promise.all([simulate(_id), simulate(_id)])).toEqual([200, 200]);
  expect(await visitsOf(_id)).toBe(1);
});

test('F6: a request after one that came to no answer goes on with the visit that the company made', async () => {
  const { _id } = await scene.order();
  await trouble({ mode: 'down', after_accept: true, calls: ['book', 'read'] });
  expect(await simulate(_id)).toBe(503);
  await trouble({ mode: 'ok' });
  expect(await simulate(_id)).toBe(200);
  expect(await visitsOf(_id)).toBe(1);
});
