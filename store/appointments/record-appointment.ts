/** The one writer of appointments: appointment, the order's events that come of it, and what is told, in one transaction. */
import type { ClientSession } from 'mongoose';
import { type Appointment, isActive } from '../../domain/appointments/appointment.ts';
import type { ProposedAppointment, RecordedAppointment } from '../../domain/appointments/appointment-command.ts';
import type { OrderEvent } from '../../domain/orders/order.ts';
import { transactionStatus } from '../../domain/orders/transaction.ts';
import { THE_JOURNEY } from '../../domain/principal.ts';
import { clientFacingAppointment } from '../../wire/client-facing-appointment.ts';
import { oldestFirst } from '../../wire/client-facing-order.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { AppointmentDocument } from '../collections/appointments.ts';
import { collectionOf } from '../collections/define.ts';
import type { OrderDocument } from '../collections/orders.ts';
import { replace } from '../collections/write.ts';
import { takeAgain } from '../inbox/set-aside-reports.ts';
import type { Store } from '../open.ts';
import { auditAppointmentEvents, auditOrderEvents } from '../orders/audit.ts';
import { enqueueOrderWebhook, enqueueWebhook } from '../orders/order-webhooks.ts';
import { haveChecked, readJourney, recordedEvent, StoreIsBehind, writeNext } from '../orders/record-event.ts';
import { appointmentOf, asOf, newestAppointment } from './held-appointment.ts';

/** So many of the newest events are compared with what the journey has heard, which remembers more. */
const NEWEST = 100;

/**
 * Whether something that the provider said of an appointment is stored and has not reached its journey.
 * @param heard What the journey had heard when it proposed: an event that is delivered may have come a moment later.
 */
async function eventsWait(
  store: Store,
  session: ClientSession,
  { id, provider, provider_appointment_id }: Appointment,
  heard: readonly string[] | undefined,
): Promise<boolean> {
  const names = [
    { reference: id },
    ...(provider_appointment_id === null ? [] : [{ 'report.provider_appointment_id': provider_appointment_id }]),
  ];
  const waiting = { state: 'stored' as const, provider, $or: names };
  const isStored = await collectionOf(store.phlebotomyEvents).findOne(waiting, { session, projection: { _id: 1 } });
  if (isStored || !heard) return isStored !== null;
  const delivered = await collectionOf(store.phlebotomyEvents)
    .find({ appointment_id: id, state: 'delivered' }, { session, projection: { _id: 1 } })
    .sort({ received_at: -1 })
    .limit(NEWEST)
    .toArray();
  return delivered.some(({ _id }) => !heard.includes(_id));
}

/**
 * Records what is next in an appointment's life, or finds that it is recorded already.
 * @returns what is held, which after a crash may be what an earlier attempt wrote; where the order has events that the
 * journey does not know, these instead, and nothing is recorded.
 * @throws Error when the order does not exist.
 */
export async function recordAppointment(
  store: Store,
  catalogue: Catalogue,
  proposed: ProposedAppointment,
): Promise<RecordedAppointment> {
  const { appointment, order_event_number, order_statuses } = proposed;
  let answer: RecordedAppointment | undefined;
  const recording = store.connection.transaction(async (session) => {
    const journey = await readJourney(store, session, proposed.order_id);
    const { order, siblings, transaction } = journey;
    await catalogue.know([order.order.lab_test_id]);
    const held = await store.appointments.findById(appointment.id).session(session).lean<AppointmentDocument>();
    const heldEvents = (events: readonly OrderEvent[]) => events.map((event) => recordedEvent(event, journey));
    const unknown = heldEvents(order.events.slice(order_event_number - 1));
    const isRecorded = held && held.events.length >= appointment.events.length;
    if (isRecorded || unknown.length > 0) {
      const newest = isRecorded ? null : await newestAppointment(store, session, order);
      const order_events = newest ? unknown.map((event) => ({ ...event, appointment: newest })) : unknown;
      answer = { appointment: isRecorded ? appointmentOf(held) : null, order_events };
      return;
    }

    if (order.events.length < order_event_number - 1) {
      throw new StoreIsBehind(
        `Order ${order._id} has ${order.events.length} events: event ${order_event_number} is too early`,
      );
    }
    if (proposed.yields_to_events && (await eventsWait(store, session, appointment, proposed.heard_events))) {
      answer = { appointment: null, order_events: [] };
      return;
    }

    const now = new Date();
    const events: OrderEvent[] = order_statuses.map((status, index) => ({
      number: order_event_number + index,
      status,
      status_detail: null,
      reason: null,
      report_id: null,
      created_at: now.toISOString(),
    }));
    const after = (count: number): OrderDocument => ({
      ...order,
      events: [...order.events, ...events.slice(0, count)],
      last_status: events[count - 1]?.status ?? order.last_status,
      appointment_id: appointment.id,
      journey_check: { due: now, attempts: 0 },
      updated_at: now,
    });
    const next = after(events.length);
    const standing = ({ origin, last_status }: OrderDocument) => ({ origin, status: last_status });
    const inOrder = (document: OrderDocument) => oldestFirst([document, ...siblings]);
    transaction.status = transactionStatus(inOrder(next).map(standing));
    await writeNext(store, session, transaction, next);
    const document = { ...documentOf(appointment), created_at: held?.created_at ?? now, updated_at: now };
    await replace(store.appointments, document, { session, upsert: true });
    const by = proposed.by ?? THE_JOURNEY;
    const news = appointment.events.slice(held?.events.length ?? 0);
    await auditAppointmentEvents(store, session, documentOf(appointment), news, by);
    await auditOrderEvents(store, session, order, events, by);
    if (!isActive(appointment)) {
      await collectionOf(store.appointmentClaims).deleteMany({ appointment_id: appointment.id }, { session });
    }
    if (order_statuses.includes('draw_completed')) await takeAgain(store, session, order);
    for (let known = held?.events.length ?? 0; known < appointment.events.length; known += 1) {
      const then = asOf(appointment, known + 1);
      const type = known === 0 ? 'labtest.appointment.created' : 'labtest.appointment.updated';
      const kind = `appointment_${appointment.id}_${known + 1}`;
      await enqueueWebhook(store, session, next, type, kind, clientFacingAppointment(then, now));
    }
    for (let count = 1; count <= events.length; count += 1) {
      const then = after(count);
      await enqueueOrderWebhook(store, session, catalogue, 'labtest.order.updated', then, transaction, inOrder(then));
    }
    answer = { appointment, order_events: heldEvents(events) };
  });
  await recording.catch((error: Error) => haveChecked(store, proposed.order_id, error));
  if (!answer) throw new Error(`Appointment ${appointment.id} was not recorded`);
  return answer;
}

function documentOf({ id, ...rest }: Appointment): Omit<AppointmentDocument, 'created_at' | 'updated_at'> {
  return { _id: id, ...rest };
}
