/**
 * The orders whose last event their journey has not confirmed. A journey can lose what it has written: a crash between
 * the write and the end of its task takes whatever made it write, an API caller's command for example. So each journey is
 * asked, once after each event that stays its order's last for some seconds, whether it knows of it.
 */
import type { RecordedAppointment } from '../../domain/appointments/appointment-command.ts';
import { type JourneyPosition, positionOf } from '../../domain/orders/journey-position.ts';
import { appointmentOf } from '../appointments/held-appointment.ts';
import { collectionOf } from '../collections/define.ts';
import type { OrderDocument } from '../collections/orders.ts';
import type { Store } from '../open.ts';
import { recordedEvent } from './record-event.ts';
import { readJourney } from './write-order.ts';

/** An order with the one asking that is at work on it. */
export interface ClaimedCheck {
  order: OrderDocument;
  /** How often its journey has been asked since the event, this time included. */
  attempts: number;
}

/**
 * Takes the order whose journey is to be asked next; nobody else gets it until the lease ends.
 * @param checkedAfter How long ago its last event has to be, in milliseconds.
 * @param leaseMs How long the taker has, in milliseconds.
 */
export async function claimJourneyCheck(
  store: Store,
  checkedAfter: number,
  leaseMs: number,
): Promise<ClaimedCheck | null> {
  const now = Date.now();
  const order = await collectionOf(store.orders).findOneAndUpdate(
    { 'journey_check.due': { $gt: new Date(0), $lte: new Date(now - checkedAfter) } },
    { $set: { 'journey_check.due': new Date(now + leaseMs) }, $inc: { 'journey_check.attempts': 1 } },
    { sort: { 'journey_check.due': 1 }, returnDocument: 'after' },
  );
  return order?.journey_check ? { order, attempts: order.journey_check.attempts } : null;
}

/** Its journey need not be asked again, unless it has written something since the asking began. */
export async function confirmJourney(store: Store, { order }: ClaimedCheck): Promise<void> {
  await collectionOf(store.orders).updateOne(asClaimed(order), { $set: { journey_check: null } });
}

/** Its journey is asked again in `retryInMs` milliseconds or a little later. */
export async function postponeJourneyCheck(store: Store, { order }: ClaimedCheck, retryInMs: number): Promise<void> {
  const due = new Date(Date.now() + retryInMs);
  await collectionOf(store.orders).updateOne(asClaimed(order), { $set: { 'journey_check.due': due } });
}

const asClaimed = ({ _id, journey_check }: OrderDocument) => ({ _id, 'journey_check.due': journey_check?.due });

/** How far the store is with an order. */
export async function storedPosition(store: Store, order: OrderDocument): Promise<JourneyPosition> {
  return positionOf(order.events, await newestOf(store, order));
}

/** What the store holds of an order beyond what its journey knows, as the journey would have been answered. */
export async function heldBeyond(
  store: Store,
  order: OrderDocument,
  known: JourneyPosition,
): Promise<RecordedAppointment> {
  const appointment = await newestOf(store, order);
  const isKnown = appointment?.id === known.appointment?.id && appointment?.events.length === known.appointment?.events;
  const journey = await readJourney(store, order._id);
  const unknown = journey.order.events.filter(({ number, status }) => number > known.events && status !== 'corrected');
  return {
    appointment: isKnown ? null : appointment,
    order_events: unknown.map((event) => recordedEvent(event, journey)),
  };
}

async function newestOf(store: Store, { appointment_id }: OrderDocument) {
  const held = appointment_id === null ? null : await collectionOf(store.appointments).findOne({ _id: appointment_id });
  return held && appointmentOf(held);
}
