/** How far a journey has come, and whether the store has come as far: by numbers of events, and never by what is open. */
import type { Appointment } from '../appointments/appointment.ts';
import type { OrderEvent } from './order.ts';

/** How many events are known of an order, and of its newest appointment. */
export interface JourneyPosition {
  events: number;
  appointment: { id: string; events: number } | null;
}

/** The position that an order's history and its newest appointment make up; a correction needs no journey (docs/decisions/0003). */
export function positionOf(
  events: readonly Pick<OrderEvent, 'status'>[],
  appointment: Pick<Appointment, 'id' | 'events'> | null,
): JourneyPosition {
  return {
    events: events.filter(({ status }) => status !== 'corrected').length,
    appointment: appointment && { id: appointment.id, events: appointment.events.length },
  };
}

/**
 * Where a journey stands beside its store. `behind`: the store holds something that the journey has not adopted, as after
 * a crash. `ahead`: the journey has adopted what the store does not hold, as after a database was restored.
 */
export function standingOf(journey: JourneyPosition, store: JourneyPosition): 'level' | 'behind' | 'ahead' {
  const [ours, theirs] = [journey.appointment, store.appointment];
  const isSame = ours?.id === theirs?.id;
  if (journey.events > store.events) return 'ahead';
  if (ours && (!theirs || (isSame && ours.events > theirs.events))) return 'ahead';
  if (journey.events < store.events) return 'behind';
  return isSame && ours?.events === theirs?.events ? 'level' : 'behind';
}
