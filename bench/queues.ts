/**
 * Everything that waits in MongoDB to be taken, filled with as many rows as wanted: each is taken by the function that the
 * product takes it with, and put back at the end of its line. `rows/claims.ts` measures that, and
 * test/store/claim-plans.test.ts counts what is looked at.
 */
import { randomUUID } from 'node:crypto';
import { onceForKey } from '../api/http/idempotency.ts';
import { claimPatient, releasePatient } from '../store/appointments/appointment-claims.ts';
import type { Catalogue } from '../store/catalogue/catalogue.ts';
import { collectionOf } from '../store/collections/define.ts';
import type { LabMessageDocument, LabReadingDocument, PhlebotomyEventDocument } from '../store/collections/inbox.ts';
import type { OrderMessageDocument } from '../store/collections/order-messages.ts';
import type { OrderDocument } from '../store/collections/orders.ts';
import type { WebhookEndpointDocument, WebhookMessageDocument } from '../store/collections/outbox.ts';
import { claimReport } from '../store/inbox/lab-inbox.ts';
import { claimRejection } from '../store/inbox/order-messages.ts';
import { claimPhlebotomyEvent } from '../store/inbox/phlebotomy-inbox.ts';
import { claimReading } from '../store/inbox/readings/owed-readings.ts';
import type { Store } from '../store/open.ts';
import { claimJourneyCheck } from '../store/orders/journey-check.ts';
import { orderDocument } from '../store/orders/order-document.ts';
import { tellingOfBirth } from '../store/orders/order-webhooks.ts';
import { moveAllOutgoing, moveOutgoing } from '../store/outbox/outgoing.ts';
import {
  claimDue,
  enabledEndpoints,
  endpointsWithDueDeliveries,
  fanOut,
  firstDeliveryId,
  NO_LEASE,
  newDelivery,
} from '../store/outbox/webhooks.ts';
import { anOrder } from '../test/support/running/in-process-venule.ts';
import { addEndpoint } from './webhook-endpoint.ts';

/** How many rows are taken at once, where it is more than one; fewer than wait anywhere. */
export const BATCH = 16;
const ENDPOINTS = 4;
const LEASE_MS = 60_000;
const LOADED_AT_ONCE = 1_000;

/** Whose orders, messages, and deliveries wait. */
const TEAMS = { orders: randomUUID(), messages: randomUUID(), deliveries: randomUUID() };

/** Rows that wait. */
export interface Queue {
  /** Who takes what. */
  what: string;
  /** Takes what is next. @returns how many rows were got */
  take(): Promise<number>;
  /** Puts back what was taken, behind all others, so that as many wait as before. */
  putBack?(): Promise<unknown>;
}

/** Times of rows that wait, each later than the one before, and all long past. */
function line(): () => Date {
  let last = Date.parse('2026-01-01T00:00:00Z');
  return () => new Date(++last);
}

async function load<T>(
  count: number,
  row: (number: number) => T,
  into: { insertMany(rows: never[]): Promise<unknown> },
) {
  for (let from = 0; from < count; from += LOADED_AT_ONCE) {
    const rows = Array.from({ length: Math.min(LOADED_AT_ONCE, count - from) }, (_, index) => row(from + index));
    await into.insertMany(rows as never[]);
  }
}

/** Fills a store that is empty. @param waiting how many rows wait in each queue; 100 at least */
export async function fillQueues(store: Store, catalogue: Catalogue, waiting: number): Promise<Queue[]> {
  return [
    ...(await inboxes(store, waiting)),
    ...(await orders(store, catalogue, waiting)),
    ...(await webhooks(store, waiting)),
    ...(await claims(store, waiting)),
  ];
}

async function inboxes(store: Store, waiting: number): Promise<Queue[]> {
  const next = line();
  const arrived = () => ({
    state: 'stored',
    lease_until: new Date(0),
    attempts: 0,
    last_error: null,
    received_at: next(),
  });
  const tests = [{ code: '303756', observations: Array.from({ length: 8 }, () => ({ code: '2093-3', value: '182' })) }];
  const report = () => ({
    _id: randomUUID(),
    lab_slug: 'labcorp',
    control_id: randomUUID(),
    content_hash: randomUUID(),
    report_index: 0,
    report: { tests },
    order_id: randomUUID(),
    team_id: TEAMS.orders,
    event_number: null,
    unmatched_reason: null,
    ...arrived(),
  });
  const event = () => ({
    _id: randomUUID(),
    provider: 'getlabs',
    environment: 'sandbox',
    raw: '{"status":"scheduled"}'.repeat(20),
    reference: randomUUID(),
    report: { status: 'scheduled' },
    ...arrived(),
  });
  const reading = () => ({
    _id: randomUUID(),
    report_id: randomUUID(),
    number: 1,
    report: { tests },
    replaced_by: { kind: 'system', id: 'bench' },
    replaced_at: next(),
    profile_version: 1,
    state: 'owed',
    lease_until: new Date(0),
    attempts: 0,
    last_error: null,
  });
  const rejection = () => ({
    _id: randomUUID(),
    lab_slug: 'labcorp',
    order_id: randomUUID(),
    placer_order_number: randomUUID(),
    purpose: 'NW',
    sent_at: next(),
    said: { code: 'AA', text: '', filler_order_number: null, is_final: false },
    rejected_because: 'Not performed here',
    state: 'stored',
    lease_until: new Date(0),
    attempts: 0,
    last_error: null,
    created_at: next(),
  });
  const inbox = async <
    T extends LabMessageDocument | LabReadingDocument | OrderMessageDocument | PhlebotomyEventDocument,
  >(
    what: string,
    model: Parameters<typeof collectionOf<T>>[0],
    row: () => object,
    claim: () => Promise<T | null>,
  ): Promise<Queue> => {
    await load(waiting, row, collectionOf(model));
    let taken: T | null = null;
    return {
      what,
      async take() {
        taken = await claim();
        return taken ? 1 : 0;
      },
      putBack: () =>
        collectionOf(model as never).updateOne({ _id: taken?._id as never }, { $set: { lease_until: next() } }),
    };
  };
  return [
    await inbox('a laboratory report', store.labMessages, report, () => claimReport(store, LEASE_MS)),
    await inbox('a report that was read anew', store.labReadings, reading, () => claimReading(store, LEASE_MS)),
    await inbox('a rejection of an accepted order', store.orderMessages, rejection, () =>
      claimRejection(store, LEASE_MS),
    ),
    await inbox("a phlebotomy provider's event", store.phlebotomyEvents, event, () =>
      claimPhlebotomyEvent(store, LEASE_MS),
    ),
  ];
}

async function orders(store: Store, catalogue: Catalogue, waiting: number): Promise<Queue[]> {
  const collection = collectionOf(store.orders);
  const next = line();
  const order = anOrder(catalogue, TEAMS.orders);
  const document = orderDocument(order);
  const transaction = { _id: order.transaction_id, status: 'active' } as const;
  const by = { kind: 'system', id: 'bench' } as const;
  const told = tellingOfBirth(store, catalogue, document, transaction, [document], by);
  const endpoint = await addEndpoint(store, TEAMS.orders, 'http://127.0.0.1:1/');

  /** What waits in an order: what an order that was just accepted has others told. */
  const outgoing = (order_id: string) =>
    (told.outgoing ?? []).map(({ id, webhooks, audit }) => ({
      id,
      webhooks: webhooks.map((message) => ({ ...message, _id: `message ${order_id}`, order_id })),
      audit: audit.map((entry) => ({ ...entry, _id: `audit ${order_id}`, order_id })),
    }));
  const ids: string[] = Array.from({ length: waiting }, () => randomUUID());
  await load(
    waiting,
    (number) => {
      const _id = ids[number] as string;
      const since = next();
      const placer_order_number = String(number).padStart(10, '0');
      const own = { _id, placer_order_number, user_id: randomUUID(), transaction_id: randomUUID() };
      return {
        ...told,
        ...own,
        outgoing: outgoing(_id),
        outgoing_at: since,
        journey_check: { due: since, attempts: 0 },
        created_at: since,
      };
    },
    collection,
  );

  async function tellAgain(moved: readonly string[]): Promise<void> {
    const messages = moved.map((id) => `message ${id}`);
    const deliveries = messages.map((message) => `${message}:${endpoint}`);
    await Promise.all([
      collectionOf(store.webhookMessages).deleteMany({ _id: { $in: messages } }),
      collectionOf(store.webhookDeliveries).deleteMany({ _id: { $in: deliveries } }),
      collectionOf(store.audit).deleteMany({ _id: { $in: moved.map((id) => `audit ${id}`) } }),
    ]);
    await collection.bulkWrite(
      moved.map((_id) => ({
        updateOne: { filter: { _id }, update: { $set: { outgoing: outgoing(_id), outgoing_at: next() } } },
      })),
    );
  }

  // Who is next is known from how they were put back.
  const inLine = [...ids];
  let [someone, turn] = ['', 0];
  let claimed: OrderDocument | undefined;
  return [
    {
      what: 'what orders have others told',
      take: () => moveOutgoing(store, {}, BATCH),
      async putBack() {
        const moved = inLine.splice(0, BATCH);
        await tellAgain(moved);
        inLine.push(...moved);
      },
    },
    {
      what: 'what one order has others told',
      async take() {
        turn += 1;
        someone = inLine[Math.floor(inLine.length / 2 + turn) % inLine.length] as string;
        await moveAllOutgoing(store, { orders: [someone] });
        return 1;
      },
      async putBack() {
        await tellAgain([someone]);
        inLine.splice(inLine.indexOf(someone), 1);
        inLine.push(someone);
      },
    },
    {
      what: 'an order whose journey is asked',
      async take() {
        claimed = (await claimJourneyCheck(store, 0, LEASE_MS))?.order;
        return claimed ? 1 : 0;
      },
      putBack: () =>
        collection.updateOne(
          { _id: claimed?._id as string },
          { $set: { journey_check: { due: next(), attempts: 0 } } },
        ),
    },
  ];
}

async function webhooks(store: Store, waiting: number): Promise<Queue[]> {
  const [messages, deliveries] = [collectionOf(store.webhookMessages), collectionOf(store.webhookDeliveries)];
  const next = line();
  await addEndpoint(store, TEAMS.messages, 'http://127.0.0.1:1/');
  for (let number = 0; number < ENDPOINTS; number += 1)
    await addEndpoint(store, TEAMS.deliveries, 'http://127.0.0.1:1/');
  const [[teller], receivers] = await Promise.all([
    enabledEndpoints(store, [TEAMS.messages]),
    enabledEndpoints(store, [TEAMS.deliveries]),
  ]);
  const message = (number: number): WebhookMessageDocument => ({
    _id: `waiting ${number}`,
    team_id: TEAMS.messages,
    event_type: 'labtest.order.created',
    payload: JSON.stringify({ event_type: 'labtest.order.created', data: 'x'.repeat(1_000) }),
    order_id: null,
    event_number: null,
    fanned_out: false,
    created_at: next(),
  });
  await load(waiting, message, messages);
  const receiver = (number: number) => receivers[number % ENDPOINTS] as WebhookEndpointDocument;
  await load(
    waiting,
    (number) => ({ ...newDelivery(randomUUID(), message(number), receiver(number)), next_attempt_at: next() }),
    deliveries,
  );

  const inLine = Array.from({ length: waiting }, (_, number) => `waiting ${number}`);
  let turn = 0;
  let claimed: string[] = [];
  return [
    {
      what: 'messages to be fanned out',
      take: () => fanOut(store, BATCH),
      async putBack() {
        const told = inLine.splice(0, BATCH);
        inLine.push(...told);
        const made = told.map((_id) =>
          firstDeliveryId({ _id } as WebhookMessageDocument, teller as WebhookEndpointDocument),
        );
        await deliveries.deleteMany({ _id: { $in: made } });
        await messages.bulkWrite(
          told.map((_id) => ({
            updateOne: { filter: { _id }, update: { $set: { fanned_out: false, created_at: next() } } },
          })),
        );
      },
    },
    {
      what: 'endpoints that deliveries are due to',
      take: async () => (await endpointsWithDueDeliveries(store)).length,
    },
    {
      what: 'deliveries to one endpoint',
      async take() {
        const due = await claimDue(store, receiver(turn++), BATCH, LEASE_MS);
        claimed = due.claimed.map(({ delivery }) => delivery._id);
        return claimed.length;
      },
      putBack: () =>
        deliveries.bulkWrite(
          claimed.map((_id) => ({
            updateOne: { filter: { _id }, update: { $set: { lease_until: NO_LEASE, next_attempt_at: next() } } },
          })),
        ),
    },
  ];
}

async function claims(store: Store, waiting: number): Promise<Queue[]> {
  const later = new Date(Date.now() + 24 * 3_600_000);
  const response = { status: 200, body: { order: 'x'.repeat(500) } };
  const kept = () => ({
    _id: randomUUID(),
    request_hash: randomUUID(),
    ids: { order_id: randomUUID() },
    response,
    lease_until: new Date(0),
    expires_at: later,
  });
  await load(waiting, kept, collectionOf(store.idempotency));
  const claim = () => ({
    _id: randomUUID(),
    appointment_id: randomUUID(),
    order_id: randomUUID(),
    claimed_at: new Date(),
  });
  await load(waiting, claim, collectionOf(store.appointmentClaims));
  let key = '';
  return [
    {
      what: 'an idempotency key',
      async take() {
        key = randomUUID();
        const request = { id: key, newIds: () => ({ id: key }), keptForMs: 60_000, keepRefusals: true, body: {} };
        await onceForKey(store, { ...request, correlationId: key }, async () => response);
        return 1;
      },
      putBack: () => collectionOf(store.idempotency).deleteOne({ _id: key }),
    },
    {
      what: "a patient's one appointment, and giving it back",
      async take() {
        const [appointment_id, order_id, team_id, user_id] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
        const patient = { appointment_id, order_id, team_id, user_id, provider: 'getlabs' };
        const isOurs = await claimPatient(store, patient, new Date());
        await releasePatient(store, appointment_id);
        return isOurs ? 1 : 0;
      },
    },
  ];
}
