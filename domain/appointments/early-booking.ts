/**
 * Appointments that are made before their order has a requisition (a team's option): they are held in reserve, and go
 * when the requisition takes too long.
 */
import type { Order } from '../orders/order.ts';

/** How long such appointments wait; in milliseconds. */
export interface EarlyBookingPolicy {
  /** Since the order was accepted; not for orders that are to wait for their day. */
  early_booking_waits: number;
  /** Before the visit begins. */
  early_booking_ends_before_visit: number;
}

const HOUR = 60 * 60 * 1000;

export const DEFAULT_EARLY_BOOKING: EarlyBookingPolicy = {
  early_booking_waits: 8 * HOUR,
  early_booking_ends_before_visit: 2 * HOUR,
};

/**
 * When an order must have its requisition for an appointment to take place, as milliseconds since 1970; `Infinity` when
 * nothing presses.
 * @param start_at ISO instant; null for a visit without a time.
 */
export function requisitionNeededBy(
  { created_at, activate_by }: Pick<Order, 'created_at' | 'activate_by'>,
  start_at: string | null,
  { early_booking_waits, early_booking_ends_before_visit }: EarlyBookingPolicy,
): number {
  return Math.min(
    activate_by === null ? Date.parse(created_at) + early_booking_waits : Number.POSITIVE_INFINITY,
    start_at === null ? Number.POSITIVE_INFINITY : Date.parse(start_at) - early_booking_ends_before_visit,
  );
}
