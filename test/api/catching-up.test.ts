/** What callers are told by a journey that knows less than its store, which they have read (F9). */

import { randomUUID } from 'node:crypto';
import { NOTHING_MORE } from '../../domain/orders/order.ts';
import { THE_JOURNEY } from '../../domain/principal.ts';
import { recordEvent } from '../../store/orders/record-event.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { pendingActivities, stateOf } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  // Nobody makes good what the journeys of this file do not know.
  venule = await startVenule({ policy: { journey_checked_after: 3_600_000 } });
});
afterEach(() => venule.fault({ lab: 'labcorp', mode: 'ok' }));
afterAll(() => venule.close());

async function request(method: string, path: string, body?: object, headers = {}): Promise<Response> {
  return fetch(`${venule.api.url}${path}`, {
    method,
    headers: { 'x-vital-api-key': venule.api.key, 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
}

/** An order that callers see with its requisition, of which its journey does not know: it still asks the lab. */
async function behind() {
  await venule.fault({ lab: 'labcorp', mode: 'down' });
  const order = await venule.place({ labTest: 'labcorp-lipid-panel-at-home' });
  await until(async () => (await pendingActivities(venule.workflow(order))).some(({ type }) => type === 'submitOrder'));
  await recordEvent(venule.store, venule.catalogue, {
    order_id: order.id,
    number: 2,
    status: 'requisition_created',
    ...NOTHING_MORE,
    by: THE_JOURNEY,
  });
  return order;
}

async function bookingKey(): Promise<string> {
  const address = { first_line: '412 West Lincoln Street', city: 'Phoenix', state: 'AZ', zip_code: '85004' };
  const answer = await request('POST', '/v3/order/phlebotomy/appointment/availability', address);
  const { slots } = (await answer.json()) as { slots: { slots: { booking_key: string }[] }[] };
  return slots[2]?.slots[0]?.booking_key as string;
}

test('F9: a booking waits until the journey has caught up with what callers have seen', async () => {
  const order = await behind();
  const booked = request('POST', `/v3/order/${order.id}/phlebotomy/appointment/book`, {
    booking_key: await bookingKey(),
  });
  await venule.fault({ lab: 'labcorp', mode: 'ok' });
  const answer = await booked;
  expect([answer.status, await answer.json()]).toMatchObject([200, { order_id: order.id, event_status: 'scheduled' }]);
});

test('F9: a journey that does not catch up is answered 503, which is not kept under the key', async () => {
  const order = await behind();
  const body = { booking_key: await bookingKey() };
  const key = { 'x-idempotency-key': randomUUID() };
  const book = () => request('POST', `/v3/order/${order.id}/phlebotomy/appointment/book`, body, key);
  const first = await book();
  expect([first.status, first.headers.get('retry-after')]).toEqual([503, '2']);
  expect(await first.json()).toMatchObject({ error: 'unavailable', message: expect.stringContaining('caught up') });

  await venule.fault({ lab: 'labcorp', mode: 'ok' });
  await until(async () => (await stateOf(venule.workflow(order))).status === 'requisition_created');
  expect((await book()).status).toBe(200);
});

test('F4: a cancellation of an open order whose journey is not there is answered 503, not refused for good', async () => {
  const order = await venule.place();
  await venule.reaches(order.id, 'requisition_created');
  await venule.workflow(order).terminate();
  const cancel = () => request('POST', `/v3/order/${order.id}/cancel`);
  const answer = await cancel();
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
});
