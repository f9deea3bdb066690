/** Booking, moving and cancelling appointments: what can be judged before the journey is asked (C1, C3). */
import {
  type Appointment,
  type AppointmentProvider,
  type AppointmentType,
  accessNotesFor,
  providerOfLab,
  type UsAddress,
} from '../../domain/appointments/appointment.ts';
import { appointmentFaults } from '../../domain/appointments/appointment-checks.ts';
import type {
  AppointmentCommand,
  ConfirmationPatience,
  OfferedSlot,
} from '../../domain/appointments/appointment-command.ts';
import { SLOT_TAKEN } from '../../domain/appointments/appointment-refusals.ts';
import { findCancellationReason } from '../../domain/orders/cancellation-reasons.ts';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import type { Principal } from '../../domain/principal.ts';
import { PROVIDERS } from '../../partners/phlebotomy/registry.ts';
import { findOffer } from '../../store/appointments/availabilities.ts';
import { activeAppointment, newestAppointment } from '../../store/appointments/read-appointments.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { AppointmentRefused } from '../../temporal/journeys.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../http/errors.ts';
import { askCaughtUp } from '../orders/catching-up.ts';
import { addressOf, reachable } from './availability.ts';
import type { UsAddressBody } from './schemas.ts';
import { locationOfZip } from './zip-location.ts';

/** An order whose appointment is asked for. */
export interface Asked {
  deps: Pick<ApiDeps, 'store' | 'bookingKeys' | 'journeys'>;
  team: TeamDocument;
  /** Who asks (G4). */
  by: Principal;
  order: OrderDocument;
  type: AppointmentType;
}

/**
 * Takes a slot.
 * @throws ApiError `rule_broken` with everything that speaks against it
 */
export async function book(
  asked: Asked,
  wish: {
    appointment_id: string;
    booking_key: string;
    notes: string | undefined;
    patience?: ConfirmationPatience | null;
  },
): Promise<Appointment> {
  assertEligible(asked);
  const slot = await offeredSlot(asked, wish.booking_key);
  return tell(asked, {
    kind: 'book',
    appointment_id: wish.appointment_id,
    slot,
    appointment_notes: wish.notes ?? null,
    patience: wish.patience ?? null,
  });
}

/**
 * Has a provider find a time.
 * @throws ApiError `rule_broken` with everything that speaks against it
 */
export async function request(
  asked: Asked,
  wish: {
    appointment_id: string;
    address: UsAddressBody;
    provider: AppointmentProvider;
    notes: string | undefined;
  },
): Promise<Appointment> {
  assertEligible(asked);
  const { provider } = wish;
  if (PROVIDERS[provider].type !== asked.type || PROVIDERS[provider].tier !== 'appointment-request') {
    throw refusal(`${provider} does not accept requests: look up its availability and book one of its slots`);
  }
  const address = withAccessNotes(addressOf(wish.address), asked.order);
  reachable(address);
  mustBeAllowed(asked, { start_at: null, time_zone: asked.team.options.time_zone });
  const location = locationOfZip(address.zip_code);
  return tell(asked, {
    kind: 'request',
    appointment_id: wish.appointment_id,
    provider,
    address,
    location,
    appointment_notes: wish.notes ?? null,
  });
}

/**
 * Moves the active appointment to another slot of the same provider, at the same address (B2, C3).
 * @throws ApiError `rule_broken` with what speaks against it
 */
export async function reschedule(
  asked: Asked,
  wish: { booking_key: string; notes: string | undefined },
): Promise<Appointment> {
  assertEligible(asked);
  const appointment = await theActive(asked);
  if (!appointment.can_reschedule) {
    throw refusal('This appointment cannot be rescheduled: cancel it and book another');
  }
  const slot = await offeredSlot(asked, wish.booking_key);
  if (slot.provider !== appointment.provider) {
    throw refusal(`The appointment is with ${appointment.provider}, but the slot is with ${slot.provider}`);
  }
  if (asked.type === 'phlebotomy' && !isSamePlace(slot.address, appointment.address)) {
    throw refusal('The slot is for a different address: cancel the appointment and book the slot there');
  }
  return tell(asked, { kind: 'reschedule', slot, appointment_notes: wish.notes ?? null });
}

/**
 * Cancels the active appointment.
 * @throws ApiError `rule_broken` when there is none, or no such reason
 */
export async function cancel(
  asked: Asked,
  wish: { reason_id: string; notes: string | undefined },
): Promise<Appointment> {
  const reason = findCancellationReason(asked.type, wish.reason_id);
  if (!reason) throw refusal(`There is no cancellation reason ${wish.reason_id}`);
  await theActive(asked);
  return tell(asked, { kind: 'cancel', reason: reason.name, notes: wish.notes ?? null });
}

const refusal = (message: string) => new ApiError('rule_broken', message);

/** In these an order can have an appointment made or moved. */
const APPOINTABLE: readonly OrderLowLevelStatus[] = [
  'requisition_created',
  'requisition_bypassed',
  'appointment_pending',
  'appointment_scheduled',
  'appointment_cancelled',
];

/** Whether an order in that status can have an appointment made or moved; before its requisition only some can. */
export const isAppointable = (status: OrderLowLevelStatus): boolean => APPOINTABLE.includes(status);

function assertEligible({ order, type }: Asked): void {
  const { collection_method, lab_slug, last_status } = order;
  if (type === 'phlebotomy' && collection_method !== 'at_home_phlebotomy') {
    throw refusal(`Phlebotomy appointments are for at_home_phlebotomy orders, and this order is ${collection_method}`);
  }
  if (type === 'patient_service_center') {
    if (collection_method !== 'walk_in_test') {
      throw refusal(`Service center appointments are for walk_in_test orders, and this order is ${collection_method}`);
    }
    if (!providerOfLab(lab_slug)) {
      throw refusal(`Appointments at ${lab_slug} cannot be booked: patients walk in`);
    }
  }
  if (last_status === 'ordered') {
    if (order.order.options.early_booking_enabled) return;
    throw refusal(
      'The order has no requisition yet: an appointment can be booked once it has reached requisition_created',
    );
  }
  if (!isAppointable(last_status)) {
    throw refusal(`The order is ${last_status}: appointments can no longer be booked for it`);
  }
}

/** What a booking key stands for, if it can be had by this patient now. */
async function offeredSlot(asked: Asked, key: string): Promise<OfferedSlot> {
  const { deps, team, order, type } = asked;
  const offer = await findOffer(deps, team._id, key);
  if (offer === 'unreadable') throw refusal('Invalid booking key format');
  if (!offer) throw refusal('This booking key does not exist: look up the availability again');
  const { provider, slot, place } = offer;
  if (PROVIDERS[provider].type !== type)
    throw refusal(`The booking key is for ${provider}, which cannot be booked with this endpoint`);
  if (Date.parse(slot.expires_at) <= Date.now()) {
    throw refusal('The booking key has expired: look up the availability again');
  }
  mustBeAllowed(asked, { start_at: slot.start, time_zone: place.time_zone });
  return {
    provider,
    booking_key: slot.booking_key,
    start_at: slot.start,
    end_at: slot.end,
    time_zone: place.time_zone,
    address: type === 'phlebotomy' ? withAccessNotes(place.address, order) : place.address,
    location: place.location,
    site_code: place.site_code,
  };
}

/** C1: grown up on that day; and the day is to come. */
function mustBeAllowed({ order, type }: Asked, when: { start_at: string | null; time_zone: string }): void {
  const faults = appointmentFaults({ type, dob: order.order.patient.dob, ...when }, new Date());
  if (faults.length > 0) throw refusal(faults.join('; '));
}

/** The address's own access notes if it carries any, else the order's (C3). */
function withAccessNotes(address: UsAddress, { order }: OrderDocument): UsAddress {
  return { ...address, access_notes: accessNotesFor(address, null, order.address.access_notes) };
}

async function theActive({ deps, order, type }: Asked): Promise<Appointment> {
  const active = await activeAppointment(deps.store, order._id, type);
  if (active) return active;
  const newest = await newestAppointment(deps.store, order._id, type);
  throw refusal(newest ? `The appointment is ${newest.status}` : 'The order has no appointment');
}

function isSamePlace(one: UsAddress, other: UsAddress): boolean {
  const written = ({ first_line, second_line, city, state, zip_code }: UsAddress) =>
    [first_line, second_line ?? '', city, state, zip_code.slice(0, 5)]
      .map((part) => part.toLowerCase().replace(/[^a-z0-9]+/g, ''))
      .join('|');
  return written(one) === written(other);
}

async function tell({ deps, team, by, order, type }: Asked, command: AppointmentCommand): Promise<Appointment> {
  try {
    return await askCaughtUp(deps.store, order, (current) => deps.journeys.appointment(current, command, by));
  } catch (error) {
    if (!(error instanceof AppointmentRefused)) throw error;
    const isGone = error.message === SLOT_TAKEN;
    const asInProduction = type === 'patient_service_center' && team.environment === 'production';
    throw new ApiError(isGone && asInProduction ? 'not_found' : 'rule_broken', error.message);
  }
}
