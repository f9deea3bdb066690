/** The part of a simulation that takes place at the patient's home: an appointment, and a phlebotomist who comes (F6). */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Appointment } from '../../domain/appointment.ts';
import { SLOT_TAKEN } from '../../domain/appointment-refusals.ts';
import type { OrderLowLevelStatus } from '../../domain/status.ts';
import { isEnded, refusedTransition } from '../../domain/transitions.ts';
import { activeAppointment } from '../../store/read-appointments.ts';
import { findOrder } from '../../store/read-orders.ts';
import { phlebotomyAvailability } from '../appointments/availability.ts';
import { type Asked, book, request } from '../appointments/commands.ts';
import { companiesOf } from '../appointments/companies.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { tellSandboxCompany } from './sandbox-partners.ts';

/** How often a slot is asked for when somebody else was quicker. */
const BOOKING_ATTEMPTS = 10;
/** How long the news of a visit may be on its way, in milliseconds. */
const NEWS_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 50;
/** `in_progress` and `completed`; a company that finds the time itself has `scheduled` before them. */
const STEPS_OF_A_VISIT = 3;

/** An at-home order of a sandbox team. */
export type AskedAtHome = Omit<Asked, 'deps'> & { deps: ApiDeps };

/** The statuses of an at-home order that its appointment brings about. */
const VISIT_GOALS: readonly OrderLowLevelStatus[] = [
  'appointment_pending',
  'appointment_scheduled',
  'appointment_cancelled',
  'draw_completed',
];
/** In these the sample is on its way, or at the laboratory. */
const DRAWN: readonly OrderLowLevelStatus[] = ['draw_completed', 'partial_results'];

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
  const isPast = DRAWN.includes(order.last_status);
  if (isPast || (goal === 'appointment_pending' && order.last_status === 'appointment_scheduled')) {
    throw new ApiError('transition_not_allowed', refusedTransition(order.last_status, goal));
  }
  const appointment =
    (await activeAppointment(deps.store, order._id, 'phlebotomy')) ??
    (goal === 'appointment_pending' ? null : await firstSlot(asked)) ??
    (await requested(asked));
  const status = {
    appointment_pending: 'pending',
    appointment_scheduled: 'scheduled',
    appointment_cancelled: 'cancelled',
  };
  const wanted = status[goal as keyof typeof status] ?? 'completed';
  if (appointment.status === wanted) return;
  await tellSandboxCompany(deps, appointment, { status: wanted, delay_seconds: delaySeconds });
}

/**
 * Walks an order through its visit and waits until the phlebotomist has drawn.
 * @throws ApiError as `simulateVisit`; `unavailable` when the visit comes to no end, `transition_not_allowed` when the
 * order does
 */
export async function simulateDraw(asked: AskedAtHome, delaySeconds: number): Promise<void> {
  const { deps, order } = asked;
  if (DRAWN.includes(order.last_status)) return;
  await simulateVisit(asked, 'draw_completed', delaySeconds);
  const deadline = Date.now() + STEPS_OF_A_VISIT * delaySeconds * 1000 + NEWS_WITHIN_MS;
  for (;;) {
    const current = await findOrder(deps.store, order.team_id, order._id);
    if (current && DRAWN.includes(current.last_status)) return;
    if (current && isEnded(current.last_status, current.collection_method)) {
      throw new ApiError('transition_not_allowed', refusedTransition(current.last_status, 'draw_completed'));
    }
    if (Date.now() > deadline) throw new ApiError('unavailable', 'The visit has not come to its end.');
    await sleep(LOOK_EVERY_MS);
  }
}

/** Books the first slot at the patient's address; null where nobody has slots. */
async function firstSlot(asked: AskedAtHome): Promise<Appointment | null> {
  const address = addressOf(asked);
  for (let attempt = 1; ; attempt += 1) {
    const { slots: days } = await phlebotomyAvailability(asked.deps, asked.team, address, undefined);
    const [slot] = days.flatMap((day) => day.slots);
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
  if (!provider) throw new ApiError('rule_broken', 'Nobody comes to the patient’s address');
  const wish = { appointment_id: randomUUID(), address: addressOf(asked), provider, notes: undefined };
  return (await request(asked, wish)).appointment;
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
