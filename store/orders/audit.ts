/** Who did what, for those who have to answer for it (G4). Ids and codes only, and an event's own reason. */
import { randomUUID } from 'node:crypto';
import type { ClientSession } from 'mongoose';
import type { Appointment, AppointmentEvent } from '../../domain/appointments/appointment.ts';
import type { OrderEvent } from '../../domain/orders/order.ts';
import type { Principal } from '../../domain/principal.ts';
import type { AuditDocument } from '../collections/access.ts';
import type { OrderDocument } from '../collections/orders.ts';
import { insert } from '../collections/write.ts';
import type { Store } from '../open.ts';

/**
 * Writes an entry that belongs to no transition; those of a transition travel in the order's own document.
 * @param session Of the transaction that does what the entry says, where there is one.
 */
export async function recordAudit(
  store: Store,
  entry: Pick<AuditDocument, 'by' | 'action'> & Partial<Pick<AuditDocument, 'team_id' | 'order_id' | 'detail'>>,
  session?: ClientSession,
): Promise<void> {
  await insert(
    store.audit,
    { _id: randomUUID(), team_id: null, order_id: null, detail: {}, ...entry, at: new Date() },
    { ...(session && { session }) },
  );
}

/** The entries of an order's new events. An event's number is part of its entry's id, so it has one entry for ever. */
export function orderEventsAudit(
  { _id, team_id }: Pick<OrderDocument, '_id' | 'team_id'>,
  events: readonly OrderEvent[],
  by: Principal,
): AuditDocument[] {
  return events.map(({ number, status, status_detail, reason, report_id, created_at }) => ({
    _id: `${_id}:${number}`,
    team_id,
    order_id: _id,
    by,
    action: `order.${status}`,
    detail: { event_number: number, status_detail, reason, report_id },
    at: new Date(created_at),
  }));
}

/** The same for the new events of an appointment. */
export function appointmentEventsAudit(
  { id, team_id, order_id }: Pick<Appointment, 'id' | 'team_id' | 'order_id'>,
  events: readonly AppointmentEvent[],
  by: Principal,
): AuditDocument[] {
  return events.map(({ number, status, data, created_at }) => ({
    _id: `${id}:${number}`,
    team_id,
    order_id,
    by,
    action: `appointment.${status}`,
    detail: { appointment_id: id, event_number: number, ...(data && { data }) },
    at: new Date(created_at),
  }));
}
