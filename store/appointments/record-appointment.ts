/** The one writer of appointments: appointment, the order's events that come of it, and what is told, in one transaction. */
import type { ClientSession } from 'mongoose';
import { type Appointment, isActive } from '../../domain/appointments/appointment.ts';
import type { ProposedAppointment, RecordedAppointment } from '../../domain/appointments/appointment-command.ts';
import type { OrderEvent } from '../../domain/orders/order.ts';
import { THE_JOURNEY } from '../../domain/principal.ts';
import { clientFacingAppointment } from '../../wire/client-facing-appointment.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { AppointmentDocument } from '../collections/appointments.ts';
import { collectionOf } from '../collections/define.ts';
import type { OrderDocument } from '../collections/orders.ts';
import { replace } from '../collections/write.ts';
import { takeAgain } from '../inbox/set-aside-reports.ts';
import type { Store } from '../open.ts';
import { appointmentEventsAudit, orderEventsAudit } from '../orders/audit.ts';
import { orderWebhook, webhookAbout } from '../orders/order-webhooks.ts';
import { haveChecked, recordedEvent, StoreIsBehind } from '../orders/record-event.ts';
import { readJourney, writeOrder } from '../orders/write-order.ts';
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
    const journey = await readJourney(store, proposed.order_id, session);
    const { order, siblings, transaction } = journey;
    await catalogue.know([order.order.lab_test_id]);
    const held = await store.appointments.findById(appointment.id).session(session).lean<AppointmentDocument>();
    const heldEvents = (events: readonly OrderEvent[]) => events.map((event) => recordedEvent(event, journey));
    const unknown = heldEvents(order.events.slice(order_event_number - 1));
    const isRecorded = held && held.events.length >= appointment.events.length;
    if (isRecorded || unknown.length > 0) {
      const newest = isRecorded ? null : await newestAppointment(store, order, session);
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
    const among = (document: OrderDocument) => [document, ...siblings];
    const document = { ...documentOf(appointment), created_at: held?.created_at ?? now, updated_at: now };
    await replace(store.appointments, document, { session, upsert: true });
    if (!isActive(appointment)) {
      await collectionOf(store.appointmentClaims).deleteMany({ appointment_id: appointment.id }, { session });
    }
    if (order_statuses.includes('draw_completed')) await takeAgain(store, session, order);
    const heldCount = held?.events.length ?? 0;
    const news = appointment.events.slice(heldCount);
    const ofAppointment = news.map((_event, index) => {
      const count = heldCount + index + 1;
      const type = count === 1 ? 'labtest.appointment.created' : 'labtest.appointment.updated';
      const then = clientFacingAppointment(asOf(appointment, count), now);
      return webhookAbout(next, type, `appointment_${appointment.id}_${count}`, then);
    });
    const ofOrder = events.map((_event, index) => {
      const then = after(index + 1);
      return orderWebhook(store, catalogue, 'labtest.order.updated', then, transaction, among(then));
    });
    const by = proposed.by ?? THE_JOURNEY;
    const row = {
      id: `${appointment.id}:${appointment.events.length}`,
      webhooks: [...ofAppointment, ...ofOrder],
      audit: [...appointmentEventsAudit(appointment, news, by), ...orderEventsAudit(order, events, by)],
    };
    if (!(await writeOrder(store, order, next, row, session))) throw new Error(`Order ${order._id} was not written`);
    answer = { appointment, order_events: heldEvents(events) };
  });
  await recording.catch((error: Error) => haveChecked(store, proposed.order_id, error));
  if (!answer) throw new Error(`Appointment ${appointment.id} was not recorded`);
  return answer;
}

function documentOf({ id, ...rest }: Appointment): Omit<AppointmentDocument, 'created_at' | 'updated_at'> {
  return { _id: id, ...rest };
}
