/** The part of a simulation that takes place at the patient's home: an appointment, and a phlebotomist who comes (F6). */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Appointment } from '../../domain/appointment.ts';
import { SLOT_TAKEN } from '../../domain/appointment-refusals.ts';
import type { OrderLowLevelStatus } from '../../domain/status.ts';
import { refusedTransition, takesResults } from '../../domain/transitions.ts';
import { activeAppointment } from '../../store/read-appointments.ts';
import { phlebotomyAvailability } from '../appointments/availability.ts';
import { type Asked, book, request } from '../appointments/commands.ts';
import { companiesOf } from '../appointments/companies.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { haveVisitGoOn } from './sandbox-partners.ts';

/** How often a slot is asked for when somebody else was quicker. */
const BOOKING_ATTEMPTS = 10;
/** How long a booking that an earlier request began may take to be found out, in milliseconds. */
const FOUND_OUT_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 250;
/** A slot that begins sooner may have begun when the company is asked for it, in milliseconds. */
const BEGINS_IN_MS = 60_000;
/** `in_progress` and `completed`; a company that finds the time itself has `scheduled` before them. */
export const STEPS_OF_A_VISIT = 3;

/** An at-home order of a sandbox team. */
export type AskedAtHome = Omit<Asked, 'deps'> & { deps: ApiDeps };

/** The statuses of an at-home order that its appointment brings about. */
const VISIT_GOALS: readonly OrderLowLevelStatus[] = [
  'appointment_pending',
  'appointment_scheduled',
  'appointment_cancelled',
  'draw_completed',
];

/** Whether a status of an at-home order is reached by way of its appointment alone. */
export function isVisitGoal(status: OrderLowLevelStatus): boolean {
  return VISIT_GOALS.includes(status);
}

/**
 * Brings an order's appointment to where its order is to be, making one where there is none: the first slot that is
 * free, or a request where the companies find the time. Resolves when the company has been told; the visit then takes
 * place by itself, a step each `delaySeconds`.
 * @throws ApiError `transition_not_allowed` when the order has come further; whatever speaks against the appointment
 */
export async function simulateVisit(
  asked: AskedAtHome,
  goal: OrderLowLevelStatus,
  delaySeconds: number,
): Promise<void> {
  const { deps, order } = asked;
  const isDrawn = takesResults(order.collection_method, order.last_status);
  if (isDrawn || (goal === 'appointment_pending' && order.last_status === 'appointment_scheduled')) {
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
  await haveVisitGoOn(deps, appointment, { status: wanted, delay_seconds: delaySeconds });
}

/** The order's visit, or one that is made now; what an earlier request began to book is waited for. */
async function visitOf(asked: AskedAtHome, goal: OrderLowLevelStatus): Promise<Appointment> {
  const { store } = asked.deps;
  const order_id = asked.order._id;
  const giveUpAt = Date.now() + FOUND_OUT_WITHIN_MS;
  for (;;) {
    const active = await activeAppointment(store, order_id, 'phlebotomy');
    if (active) return active;
    try {
      return (goal === 'appointment_pending' ? null : await firstSlot(asked)) ?? (await requested(asked));
    } catch (error) {
      const isBegun = await store.appointmentClaims.exists({ order_id });
      if (!isBegun || Date.now() >= giveUpAt) throw error;
      await sleep(LOOK_EVERY_MS);
    }
  }
}

/** Books the first slot at the patient's address; null where nobody has slots. */
async function firstSlot(asked: AskedAtHome): Promise<Appointment | null> {
  const address = addressOf(asked);
  for (let attempt = 1; ; attempt += 1) {
    const { slots: days } = await phlebotomyAvailability(asked.deps, asked.team, address, undefined);
    const earliest = Date.now() + BEGINS_IN_MS;
    const slot = days.flatMap((day) => day.slots).find(({ start }) => Date.parse(start) > earliest);
    if (!slot) return null;
    try {
      return await book(asked, { appointment_id: randomUUID(), booking_key: slot.booking_key, notes: undefined });
    } catch (error) {
      const wasTaken = error instanceof ApiError && error.message === SLOT_TAKEN;
      if (!wasTaken || attempt === BOOKING_ATTEMPTS) throw error;
    }
  }
}

/** Asks the company that finds times itself. */
async function requested(asked: AskedAtHome): Promise<Appointment> {
  const [provider] = companiesOf('phlebotomy', 'appointment-request');
  if (!provider) throw new ApiError('rule_broken', 'No phlebotomy provider serves the patient’s address');
  const wish = { appointment_id: randomUUID(), address: addressOf(asked), provider, notes: undefined };
  return request(asked, wish);
}

function addressOf({ order }: AskedAtHome) {
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
