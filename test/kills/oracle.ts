/**
 * Looks at everything from all sides when a campaign is over: what the store says of every order against its journey,
 * the laboratory, the phlebotomy provider, the mail that was caught, the webhooks that were received and the audit.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { loadConfig } from '../../config/config.ts';
import { isActive } from '../../domain/appointments/appointment.ts';
import { journeyWorkflowId, mailMessageId } from '../../domain/ids.ts';
import { mailFor } from '../../domain/messages/messages.ts';
import { transactionStatus } from '../../domain/orders/transaction.ts';
import { mayFollow } from '../../domain/orders/transitions.ts';
import type { AppointmentDocument } from '../../store/collections/appointments.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import type { WebhookMessageDocument } from '../../store/collections/outbox.ts';
import { closeStore, openStore, type Store } from '../../store/open.ts';
import { parseCodecKeys } from '../../temporal/codec.ts';
import { temporalClient } from '../../temporal/connection.ts';
import { journeyState } from '../../workflows/messages.ts';
import type { SpawnedVenule } from '../support/running/spawn-venule.ts';
import type { Caller } from './caller.ts';
import type { Ending } from './scenarios.ts';

/** An order as its laboratory has it. */
interface LabOrder {
  placer_order_number: string;
  requisitions_made: number;
  state: string;
}

/** A visit as the provider has it. */
interface Visit {
  reference: string;
  status: string;
}

/** Everything that is known of a campaign's orders, from every side, at one moment. */
interface Evidence {
  orders: OrderDocument[];
  appointments: AppointmentDocument[];
  messages: WebhookMessageDocument[];
  claimed: string[];
  audited: Set<string>;
  atLab: Map<string, LabOrder>;
  visits: Visit[];
  mails: Set<string>;
}

export class Oracle {
  readonly #venule: SpawnedVenule;
  readonly #caller: Caller;

  constructor(venule: SpawnedVenule, caller: Caller) {
    this.#venule = venule;
    this.#caller = caller;
  }

  /** What is wrong at this moment, a line each; some of it may only be late. */
  async faults(endings: readonly Ending[]): Promise<string[]> {
    const store = await openStore(this.#venule.addresses.mongodb);
    const { temporal, codecKeys } = loadConfig({
      VENULE_DATA_DIR: this.#venule.dataDir,
      TEMPORAL_ADDRESS: this.#venule.addresses.temporal,
    });
    const { client, connection } = temporalClient(temporal, parseCodecKeys(codecKeys));
    try {
      const evidence = await this.#gather(store);
      return [
        ...histories(evidence, endings),
        ...(await transactions(store, evidence)),
        ...(await journeys(client, evidence)),
        ...laboratory(evidence),
        ...provider(evidence),
        ...mail(evidence),
        ...webhooks(evidence, this.#caller.received),
        ...audit(evidence),
      ];
    } finally {
      await connection.close();
      await closeStore(store);
    }
  }

  async #gather(store: Store): Promise<Evidence> {
    const user_id = { $in: this.#caller.users };
    const orders = await collectionOf(store.orders).find({ user_id }).sort({ created_at: 1 }).toArray();
    const order_id = { $in: orders.map(({ _id }) => _id) };
    const [appointments, messages, claims, entries, lab, visits, mails] = await Promise.all([
      collectionOf(store.appointments).find({ order_id }).toArray(),
      collectionOf(store.webhookMessages).find({ order_id }).toArray(),
      collectionOf(store.appointmentClaims).find({}).toArray(),
      collectionOf(store.audit).find({ order_id }).toArray(),
      this.#atSandbox<{ orders: LabOrder[] }>('/sandbox/labs/labcorp/orders', this.#basic()),
      this.#atSandbox<{ appointments: Visit[] }>('/sandbox/phlebotomy/getlabs/appointments', this.#bearer()),
      fetch(`${this.#venule.addresses.mail}/mails`).then((answer) => answer.json()),
    ]);
    return {
      orders,
      appointments,
      messages,
      claimed: claims.map(({ appointment_id }) => appointment_id),
      audited: new Set(entries.map(({ _id }) => _id)),
      atLab: new Map(lab.orders.map((order) => [order.placer_order_number, order])),
      visits: visits.appointments,
      mails: new Set((mails as { message_id: string | null }[]).map(({ message_id }) => message_id ?? 'none')),
    };
  }

  async #atSandbox<T>(path: string, authorization: string): Promise<T> {
    const answer = await fetch(`${this.#venule.addresses.sandbox}${path}`, { headers: { authorization } });
    return (await answer.json()) as T;
  }

  #basic(): string {
    return `Basic ${Buffer.from(`sandbox:${this.#secret('sandbox-password')}`).toString('base64')}`;
  }

  #bearer(): string {
    return `Bearer ${this.#secret('sandbox-phlebotomy-key')}`;
  }

  #secret(name: string): string {
    return readFileSync(join(this.#venule.dataDir, name), 'utf8').trim();
  }
}

const statusesOf = ({ events }: OrderDocument) => events.map(({ status }) => status);

/** A1, D1, D7: one order each and its redraw, numbered without a gap, by the table, with the right end. */
function* histories({ orders }: Evidence, endings: readonly Ending[]): Generator<string> {
  const expected = new Map<string, OrderDocument['last_status'] | null>();
  for (const { scenario, orderId, initial, redraw } of endings) {
    expected.set(orderId, initial);
    const redraws = orders.filter(({ order }) => order.parent_id === orderId);
    if (redraws.length !== (redraw === null ? 0 : 1)) yield `${scenario} ${orderId}: ${redraws.length} redraws`;
    for (const { _id } of redraws) expected.set(_id, redraw);
  }
  for (const order of orders) {
    const { _id, events, last_status, collection_method } = order;
    const end = expected.get(_id);
    if (end !== last_status) yield `order ${_id} ended as ${last_status} (${statusesOf(order)}), not ${end}`;
    if (events.at(-1)?.status !== last_status) yield `order ${_id}: last_status is not its last event's`;
    for (const [index, { number, status }] of events.entries()) {
      const before = events[index - 1];
      if (number !== index + 1) yield `order ${_id}: event ${index + 1} has number ${number}`;
      if (before && !mayFollow(collection_method, before.status, status)) {
        yield `order ${_id}: ${status} after ${before.status}`;
      }
    }
  }
  for (const id of expected.keys()) if (!orders.some(({ _id }) => _id === id)) yield `order ${id} is not in the store`;
}

/** D3: the stored status is the one that the orders make. */
async function transactions(store: Store, { orders }: Evidence): Promise<string[]> {
  const byTransaction = Map.groupBy(orders, ({ transaction_id }) => transaction_id);
  const stored = await collectionOf(store.transactions)
    .find({ _id: { $in: [...byTransaction.keys()] } })
    .toArray();
  return stored.flatMap(({ _id, status }) => {
    const own = byTransaction.get(_id) ?? [];
    const derived = transactionStatus(own.map(({ origin, last_status }) => ({ origin, status: last_status })));
    return derived === status ? [] : [`transaction ${_id} is ${status}, and its orders make it ${derived}`];
  });
}

/** Store and journey agree event by event, and no journey failed. */
async function journeys(client: Client, { orders }: Evidence): Promise<string[]> {
  const faults: string[] = [];
  for (const { _id, order, events } of orders) {
    const handle = client.workflow.getHandle(journeyWorkflowId(order));
    const described = await handle.describe();
    if (!['COMPLETED', 'RUNNING'].includes(described.status.name)) {
      faults.push(`journey of ${_id} is ${described.status.name}`);
    }
    const state = await handle.query(journeyState);
    const inJourney = state.events.map(({ number, status }) => `${number} ${status}`);
    const inStore = events
      .filter(({ status }) => status !== 'corrected')
      .map(({ number, status }) => `${number} ${status}`);
    if (inJourney.join() !== inStore.join())
      faults.push(`order ${_id}: journey has ${inJourney}, store has ${inStore}`);
    if (state.cancel_requested) faults.push(`order ${_id}: a cancellation is asked for and not decided`);
  }
  return faults;
}

/** F4: one requisition at the lab, canceled there if it is canceled here. */
function* laboratory({ orders, atLab }: Evidence): Generator<string> {
  for (const order of orders) {
    const held = atLab.get(order.placer_order_number);
    const made = held?.requisitions_made ?? 0;
    if (made > 1) yield `order ${order._id}: ${made} requisitions at the lab`;
    if (statusesOf(order).includes('requisition_created') && made !== 1) {
      yield `order ${order._id}: the lab made ${made} requisitions`;
    }
    const isCanceled = order.last_status === 'cancelled';
    const isCanceledThere = made === 0 || held?.state === 'cancelled';
    if (isCanceled && !isCanceledThere) yield `order ${order._id} is canceled, and the lab has it as ${held?.state}`;
    if (!isCanceled && held?.state === 'cancelled') yield `order ${order._id} is canceled at the lab alone`;
  }
}

/** C2, F7: what is booked there is booked here, and the other way around; a canceled order has no visit. */
function* provider({ orders, appointments, claimed, visits }: Evidence): Generator<string> {
  const here = new Map(appointments.map((appointment) => [appointment._id, appointment]));
  const there = new Map(visits.map((visit) => [visit.reference, visit]));
  for (const { reference, status } of visits) {
    const ours = here.get(reference);
    if (status !== 'cancelled' && !ours) yield `visit ${reference} is ${status} at the provider and unknown here`;
    if (ours && ours.status !== status) yield `visit ${reference} is ${status} there and ${ours.status} here`;
  }
  for (const appointment of appointments) {
    const { _id, order_id } = appointment;
    if (!isActive(appointment)) {
      if (claimed.includes(_id)) yield `visit ${_id} is ${appointment.status} and still claims its patient`;
      continue;
    }
    if (!there.has(_id)) yield `visit ${_id} is booked here and unknown at the provider`;
    const order = orders.find((candidate) => candidate._id === order_id);
    if (order?.last_status === 'cancelled') yield `order ${order_id} is canceled and keeps its visit ${_id}`;
  }
  const patients = appointments.filter(isActive).map(({ user_id }) => user_id);
  if (new Set(patients).size !== patients.length) yield 'a patient has two active visits';
  for (const id of claimed) if (!here.has(id)) yield `a claim of visit ${id}, which was never made`;
}

/** F10, F11: every mail that an event calls for was sent, and no other. */
function* mail({ orders, appointments, mails }: Evidence): Generator<string> {
  const due = orders.flatMap(({ _id, order, events }) =>
    events.flatMap((event) => mailFor(event, order) ?? []).map((kind) => `<${mailMessageId(_id, kind)}>`),
  );
  for (const id of due) if (!mails.has(id)) yield `mail ${id} was not sent`;
  const allowed = new Set(due);
  for (const { _id, order_id, events } of appointments) {
    for (const { number } of events) allowed.add(`<${mailMessageId(order_id, `appointment.${_id}.${number}`)}>`);
  }
  const ours = [...mails].filter((id) => orders.some(({ _id }) => id.includes(_id)));
  for (const id of ours) if (!allowed.has(id)) yield `mail ${id} was called for by nothing`;
}

/** E1, E3, E4: every event was told, to the letter as it was written down, however often it came. */
function* webhooks(
  { orders, appointments, messages }: Evidence,
  received: Map<string, Set<string>>,
): Generator<string> {
  const written = new Set(messages.map(({ _id }) => _id));
  for (const { _id, order, events } of orders) {
    for (const { number, status } of events) {
      const isTold = status !== 'partial_results' || order.options.partial_webhooks_enabled;
      if (isTold && !written.has(`msg_order_${_id}_${number}`)) yield `event ${number} of order ${_id} has no webhook`;
    }
  }
  for (const { _id, events } of appointments) {
    for (const { number } of events) {
      const isTold = messages.some((message) => message._id.includes(`appointment_${_id}_${number}_`));
      if (!isTold) yield `event ${number} of visit ${_id} has no webhook`;
    }
  }
  for (const { _id, payload } of messages) {
    const bodies = received.get(_id);
    if (!bodies) yield `webhook ${_id} was not received`;
    else if (bodies.size > 1 || !bodies.has(payload)) yield `webhook ${_id} came with other words`;
  }
  for (const id of received.keys()) if (!written.has(id)) yield `webhook ${id} was received and never written`;
}

/** G4: each event of an order or an appointment has its entry. */
function* audit({ orders, appointments, audited }: Evidence): Generator<string> {
  for (const { _id, events } of [...orders, ...appointments]) {
    for (const { number } of events)
      if (!audited.has(`${_id}:${number}`)) yield `event ${number} of ${_id} is not audited`;
  }
}
