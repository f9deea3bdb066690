/**
 * The inbox of phlebotomy providers: what they tell is stored before it is answered and given to its journey afterward.
 * What no journey takes in is kept, for people to see; nothing is dropped.
 */
import { createHash } from 'node:crypto';
import type { AppointmentProvider, AppointmentReport } from '../../domain/appointments/appointment.ts';
import type { Environment } from '../../domain/catalogue/lab-connection.ts';
import type { AppointmentDocument } from '../collections/appointments.ts';
import { collectionOf } from '../collections/define.ts';
import type { PhlebotomyEventDocument, UnreadableEventDocument } from '../collections/inbox.ts';
import type { OrderDocument } from '../collections/orders.ts';
import { insert } from '../collections/write.ts';
import { isDuplicateKey } from '../duplicate-key.ts';
import type { Store } from '../open.ts';
import { uuidByName } from '../uuid-by-name.ts';
import { asItCame, cameAs } from './as-it-came.ts';
import { claimOldest, postpone } from './claim.ts';

/** For how long an event waits for its appointment, which may be recorded after it, in milliseconds. */
const APPOINTMENT_WITHIN_MS = 24 * 60 * 60 * 1000;

/** An event as it came in, proven and read. */
export interface ReceivedEvent {
  provider: AppointmentProvider;
  environment: Environment;
  event_id: string;
  raw: string;
  reference: string;
  report: AppointmentReport;
}

/** Stores an event; the same one again changes nothing. */
export async function storePhlebotomyEvent(store: Store, event: ReceivedEvent): Promise<void> {
  const document: PhlebotomyEventDocument = {
    ...event,
    _id: `${event.provider}:${event.environment}:${event.event_id}`,
    state: 'stored',
    appointment_id: null,
    order_id: null,
    team_id: null,
    kept_because: null,
    lease_until: new Date(0),
    attempts: 0,
    last_error: null,
    received_at: new Date(),
  };
  try {
    await insert(store.phlebotomyEvents, document);
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

/** Keeps an event that cannot be read, for people to look at; the same one again changes nothing (G1). */
export async function keepUnreadableEvent(
  store: Store,
  event: Pick<ReceivedEvent, 'provider' | 'environment' | 'event_id'> & { raw: Buffer; unreadable_because: string },
): Promise<void> {
  const { provider, environment, event_id, raw } = event;
  const content = createHash('sha256').update(raw).digest('hex');
  const _id = uuidByName([provider, environment, event_id, content].join('\n'));
  try {
    await insert(store.unreadableEvents, {
      ...event,
      _id,
      raw: asItCame(raw),
      received_at: new Date(),
    });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

/** Events that could not be read, newest first, without their bodies. */
export function listUnreadableEvents(
  store: Store,
  choice: { provider?: AppointmentProvider },
  limit: number,
): Promise<Omit<UnreadableEventDocument, 'raw'>[]> {
  return collectionOf(store.unreadableEvents)
    .find(choice)
    .project<Omit<UnreadableEventDocument, 'raw'>>({ raw: 0 })
    .sort({ received_at: -1 })
    .limit(limit)
    .toArray();
}

/** The body of an event that could not be read, as it came; null when there is no such event. */
export async function unreadableEventBody(store: Store, id: string): Promise<string | Buffer | null> {
  return cameAs(await collectionOf(store.unreadableEvents).findOne({ _id: id }));
}

/**
 * Takes the oldest event that waits for delivery; nobody else gets it until the lease ends.
 * @param leaseMs How long the taker has, in milliseconds.
 */
export function claimPhlebotomyEvent(store: Store, leaseMs: number): Promise<PhlebotomyEventDocument | null> {
  return claimOldest(store.phlebotomyEvents, { state: 'stored', since: 'received_at', without: ['raw'] }, leaseMs);
}

/**
 * The appointment of an event and its order: found by our reference, or by the provider's id. Null when there is none,
 * or when it belongs to another provider or environment.
 */
export async function appointmentOfEvent(
  store: Store,
  { provider, environment, reference, report: { provider_appointment_id } }: PhlebotomyEventDocument,
): Promise<{ appointment: AppointmentDocument; order: OrderDocument } | null> {
  const appointment =
    (await collectionOf(store.appointments).findOne({ _id: reference, provider })) ??
    (provider_appointment_id &&
      (await collectionOf(store.appointments).findOne({ provider, provider_appointment_id })));
  const order = appointment && (await collectionOf(store.orders).findOne({ _id: appointment.order_id }));
  return order && order.order.options.sandbox === (environment === 'sandbox') ? { appointment, order } : null;
}

/** Notes that the journey has the event. */
export async function markEventDelivered(store: Store, id: string, appointment: AppointmentDocument): Promise<void> {
  await settle(store, id, { state: 'delivered', ...belongingTo(appointment) });
}

/** Keeps an event that no journey takes in. @param why Its journey is over, or the lab has shown otherwise (G2). */
export async function keepEvent(
  store: Store,
  id: string,
  appointment: AppointmentDocument,
  why: 'journey_over' | 'contradicts_the_lab',
): Promise<void> {
  await settle(store, id, { state: 'kept', kept_because: why, ...belongingTo(appointment) });
}

/**
 * Keeps an event about a visit that is over for us, if it says anything that we did not know; doing it again changes
 * nothing.
 * @returns Whether it does.
 */
export async function keepEarlierVisitEvent(
  store: Store,
  id: string,
  because: 'earlier_visit' | 'counted_as_draw',
): Promise<boolean> {
  const event = await collectionOf(store.phlebotomyEvents).findOne({ _id: id });
  const found = event && (await appointmentOfEvent(store, event));
  if (!event || !found) return false;
  const { appointment } = found;
  if (event.kept_because !== null) return true;
  const known = appointment.events.map(({ occurred_at }) => Date.parse(occurred_at));
  const isNews =
    event.report.status !== appointment.status && Date.parse(event.report.occurred_at) >= Math.max(...known);
  if (!isNews) return false;
  const kept = { state: 'kept', kept_because: because, last_error: null, ...belongingTo(appointment) } as const;
  await collectionOf(store.phlebotomyEvents).updateOne({ _id: id }, { $set: kept });
  return true;
}

/**
 * An event that belongs to no appointment waits for it, since a provider may tell before we have recorded its answer; it
 * is kept when none has come within a day.
 */
export async function awaitAppointment(store: Store, event: PhlebotomyEventDocument, retryInMs: number): Promise<void> {
  const hasWaited = Date.now() - event.received_at.getTime();
  if (hasWaited > APPOINTMENT_WITHIN_MS) {
    await settle(store, event._id, { state: 'kept', kept_because: 'no_such_appointment' });
  } else {
    await markEventUndelivered(store, event._id, 'Its appointment has not been recorded (yet)', retryInMs);
  }
}

/** Notes a failed delivery; the event is tried again after `retryInMs` milliseconds. */
export async function markEventUndelivered(store: Store, id: string, error: string, retryInMs: number): Promise<void> {
  await postpone(store.phlebotomyEvents, { _id: id, state: 'stored' }, error, retryInMs);
}

/** Events without their bodies, newest first. */
export function listPhlebotomyEvents(
  store: Store,
  choice: { state?: PhlebotomyEventDocument['state']; provider?: AppointmentProvider; order_id?: string },
  limit: number,
): Promise<Omit<PhlebotomyEventDocument, 'raw'>[]> {
  return collectionOf(store.phlebotomyEvents)
    .find(choice)
    .project<Omit<PhlebotomyEventDocument, 'raw'>>({ raw: 0 })
    .sort({ received_at: -1 })
    .limit(limit)
    .toArray();
}

const belongingTo = ({ _id, order_id, team_id }: AppointmentDocument) => ({ appointment_id: _id, order_id, team_id });

async function settle(store: Store, id: string, end: Partial<PhlebotomyEventDocument>): Promise<void> {
  await collectionOf(store.phlebotomyEvents).updateOne(
    { _id: id, state: 'stored' },
    { $set: { ...end, last_error: null } },
  );
}
