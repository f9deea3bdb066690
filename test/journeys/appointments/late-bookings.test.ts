/** C2: bookings that a slow provider makes after it has refused, and visits whose number we never learned. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { OfferedSlot } from '../../../domain/appointments/appointment-command.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import { atHome } from '../../support/at-home.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { until } from '../../support/until.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const { slots, order, book, held, heldFor } = atHome(() => venule);
const connection = { _id: 'getlabs:sandbox' };

/** A provider that cuts the line of the first booking and makes it later, and refuses the second meanwhile. */
async function hastyProvider(url: string) {
  let bookings = 0;
  const late: Promise<unknown>[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const forward = () =>
      fetch(`${url}${request.url}`, {
        method: request.method ?? 'GET',
        headers: Object.fromEntries(
          ['authorization', 'content-type', 'idempotency-key'].flatMap((name) => {
            const value = request.headers[name];
            return typeof value === 'string' ? [[name, value]] : [];
          }),
        ),
        ...(body.length > 0 && { body }),
      });
    const isBooking = request.method === 'POST' && request.url === '/v1/appointments';
    if (isBooking && bookings++ === 0) {
      request.socket.destroy();
      late.push(pause(1_500).then(forward));
    } else if (isBooking) {
      response.writeHead(409, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: 'slot_taken', message: 'somebody else has this time' }));
    } else {
      const answer = await forward();
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(await answer.text());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    settled: () => Promise.all(late),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

test('C2: a refusal after an attempt without an answer leaves no orphan when that attempt books after all', async () => {
  const document = await order({}, { partner_call: 3_000 });
  const [slot] = await slots();
  const { url: known } = await collectionOf(venule.store.phlebotomyConnections)
    .findOne(connection)
    .then((one) => ({ url: one?.url ?? '' }));
  const provider = await hastyProvider(known);
  await collectionOf(venule.store.phlebotomyConnections).updateOne(connection, { $set: { url: provider.url } });
  try {
    const id = randomUUID();
    await expect(book(document, slot, { id })).rejects.toThrow('no longer available');
    await provider.settled();
    const atProvider = async () => (await held()).find(({ reference }) => reference === id);
    expect(await until(atProvider)).toBeDefined();
    await until(async () => (await atProvider())?.status === 'cancelled');
    expect(await venule.store.appointmentClaims.exists({ order_id: document._id })).toBeNull();
  } finally {
    await collectionOf(venule.store.phlebotomyConnections).updateOne(connection, { $set: { url: known } });
    await provider.close();
  }
}, 120_000);

test('F7: a visit whose number was never recorded is moved and canceled by our reference', async () => {
  const document = await order();
  const [slot, another] = await slots();
  const booked = await book(document, slot);
  const forget = () =>
    collectionOf(venule.store.appointments).updateOne({ _id: booked.id }, { $set: { provider_appointment_id: null } });
  await forget();
  const moved = await venule.journeys.appointment(document, {
    kind: 'reschedule',
    slot: another as OfferedSlot,
    appointment_notes: null,
  });
  expect(moved.start_at).toBe(another?.start_at);
  await forget();
  await venule.journeys.cancel(document);
  await venule.ended(document.order);
  expect(await heldFor(booked)).toMatchObject({ status: 'cancelled' });
});
