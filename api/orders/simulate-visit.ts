/** The part of a simulation that is an appointment: at the patient's home, or at a service center (F6). */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Appointment } from '../../domain/appointments/appointment.ts';
import { SLOT_TAKEN } from '../../domain/appointments/appointment-refusals.ts';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { refusedTransition } from '../../domain/orders/transitions.ts';
import { findOffer } from '../../store/appointments/availabilities.ts';
import { activeAppointment } from '../../store/appointments/read-appointments.ts';
import { phlebotomyAvailability, pscAvailability } from '../appointments/availability.ts';
import { type Asked, book, isAppointable, request } from '../appointments/commands.ts';
import { providersOf } from '../appointments/providers.ts';
import type { DaySlots } from '../appointments/schemas.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../http/errors.ts';
import { advanceVisit, haveBookingWait } from './sandbox-partners.ts';

/** How often a slot is asked for when somebody else was quicker. */
const BOOKING_ATTEMPTS = 10;
/** How long a booking that an earlier request began may take to be found out, in milliseconds. */
const FOUND_OUT_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 250;
/** A slot that begins sooner may have begun when the provider is asked for it, in milliseconds. */
const BEGINS_IN_MS = 60_000;
/** `in_progress` and `completed`; a provider that finds the time itself has `scheduled` before them. */
export const STEPS_OF_A_VISIT = 3;

/** An order of a sandbox team, and the kind of appointment that it has. */
export type AskedVisit = Omit<Asked, 'deps'> & { deps: ApiDeps };

/** The statuses of an order that say what became of its appointment. */
export const APPOINTMENT_GOALS: readonly OrderLowLevelStatus[] = [
  'appointment_pending',
  'appointment_scheduled',
  'appointment_cancelled',
];

/** Whether a status of an order is reached by way of its appointment alone. */
export function isVisitGoal(status: OrderLowLevelStatus): boolean {
  return status === 'draw_completed' || APPOINTMENT_GOALS.includes(status);
}

/**
 * Brings an order's appointment to where its order is to be, making one where there is none: the first slot that is
 * free, which the provider leaves unconfirmed where that is wanted, or a request where the providers find the time.
 * Resolves when the provider has been told; the visit then takes place by itself, a step each `delaySeconds`.
 * @throws ApiError `transition_not_allowed` when the order has come further; whatever speaks against the appointment
 */
export async function simulateVisit(asked: AskedVisit, goal: OrderLowLevelStatus, delaySeconds: number): Promise<void> {
  const { deps, order } = asked;
  if (
    !isAppointable(order.last_status) ||
    (goal === 'appointment_pending' && order.last_status === 'appointment_scheduled')
  ) {
    throw new ApiError('transition_not_allowed', refusedTransition(order.last_status, goal));
  }
  const appointment = await visitOf(asked, goal);
  const status = {
    appointment_pending: 'pending',
    appointment_scheduled: 'scheduled',
    appointment_cancelled: 'cancelled',
  };
  const wanted = status[goal as keyof typeof status] ?? 'completed';
  if (appointment.status === wanted) return;
  await advanceVisit(deps, appointment, { status: wanted, delay_seconds: delaySeconds });
}

/** The order's visit, or one that is made now; what an earlier request began to book is waited for. */
async function visitOf(asked: AskedVisit, goal: OrderLowLevelStatus): Promise<Appointment> {
  const { store } = asked.deps;
  const order_id = asked.order._id;
  const giveUpAt = Date.now() + FOUND_OUT_WITHIN_MS;
  for (;;) {
    const active = await activeAppointment(store, order_id, asked.type);
    if (active) return active;
    try {
      return (await firstSlot(asked, goal)) ?? (await requested(asked));
    } catch (error) {
      const isBegun = await store.appointmentClaims.exists({ order_id });
      if (!isBegun || Date.now() >= giveUpAt) throw error;
      await sleep(LOOK_EVERY_MS);
    }
  }
}

/** Books the first slot at the patient's address, or at a service center near it; null where nobody has slots. */
async function firstSlot(asked: AskedVisit, goal: OrderLowLevelStatus): Promise<Appointment | null> {
  for (let attempt = 1; ; attempt += 1) {
    const days = await slotsFor(asked);
    const earliest = Date.now() + BEGINS_IN_MS;
    const slot = days.flatMap((day) => day.slots).find(({ start }) => Date.parse(start) > earliest);
    if (!slot) return null;
    const appointment_id = randomUUID();
    if (goal === 'appointment_pending') {
      const offer = await findOffer(asked.deps, asked.team._id, slot.booking_key);
      if (offer && offer !== 'unreadable') await haveBookingWait(asked.deps, offer.provider, appointment_id);
    }
    try {
      return await book(asked, { appointment_id, booking_key: slot.booking_key, notes: undefined });
    } catch (error) {
      const wasTaken = error instanceof ApiError && error.message === SLOT_TAKEN;
      if (!wasTaken || attempt === BOOKING_ATTEMPTS) throw error;
    }
  }
}

/** How far from the patient's address a service center may be, in miles. */
const NEAR_ENOUGH = '100';

async function slotsFor(asked: AskedVisit): Promise<DaySlots[]> {
  const { deps, team, order, type } = asked;
  if (type === 'phlebotomy') return (await phlebotomyAvailability(deps, team, addressOf(asked), undefined)).slots;
  const zip_code = order.order.address.zip.slice(0, 5);
  try {
    return (await pscAvailability(deps, team, order.lab_slug, { zip_code, radius: NEAR_ENOUGH })).slots;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'not_found') return [];
    throw error;
  }
}

/** Asks the provider that finds times itself. */
async function requested(asked: AskedVisit): Promise<Appointment> {
  if (asked.type !== 'phlebotomy') throw new ApiError('rule_broken', 'No service center near the patient has a time');
  const [provider] = providersOf('phlebotomy', 'appointment-request');
  if (!provider) throw new ApiError('rule_broken', 'No phlebotomy provider serves the patient’s address');
  const wish = { appointment_id: randomUUID(), address: addressOf(asked), provider, notes: undefined };
  return request(asked, wish);
}

function addressOf({ order }: AskedVisit) {
  const { first_line, second_line, city, state, zip, access_notes } = order.order.address;
  return {
    first_line,
    city,
    state,
    zip_code: zip,
    ...(second_line && { second_line }),
    ...(access_notes && { access_notes }),
  };
}
