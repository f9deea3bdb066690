/** Who did what, for those who have to answer for it (G4). Ids and codes only, and an event's own reason. */
import { randomUUID } from 'node:crypto';
import type { ClientSession } from 'mongoose';
import type { AppointmentEvent } from '../../domain/appointments/appointment.ts';
import type { OrderEvent } from '../../domain/orders/order.ts';
import type { Principal } from '../../domain/principal.ts';
import type { AuditDocument } from '../collections/access.ts';
import type { AppointmentDocument } from '../collections/appointments.ts';
import type { OrderDocument } from '../collections/orders.ts';
import { insert } from '../collections/write.ts';
import type { Store } from '../open.ts';

/**
 * Writes an entry that belongs to no transition; transitions write theirs in their own transaction.
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

/**
 * Writes the entries of an order's new events, in the transaction that records them. An event's number is part of its
 * entry's id, so it has one entry however often it is written.
 */
export async function auditOrderEvents(
  store: Store,
  session: ClientSession,
  { _id, team_id }: Pick<OrderDocument, '_id' | 'team_id'>,
  events: readonly OrderEvent[],
  by: Principal,
): Promise<void> {
  const entries = events.map(({ number, status, status_detail, reason, report_id, created_at }) => ({
    _id: `${_id}:${number}`,
    team_id,
    order_id: _id,
    by,
    action: `order.${status}`,
    detail: { event_number: number, status_detail, reason, report_id },
    at: new Date(created_at),
  }));
  if (entries.length > 0) await insert(store.audit, entries, { session });
}

/** The same for the new events of an appointment. */
export async function auditAppointmentEvents(
  store: Store,
  session: ClientSession,
  { _id, team_id, order_id }: Pick<AppointmentDocument, '_id' | 'team_id' | 'order_id'>,
  events: readonly AppointmentEvent[],
  by: Principal,
): Promise<void> {
  const entries = events.map(({ number, status, data, created_at }) => ({
    _id: `${_id}:${number}`,
    team_id,
    order_id,
    by,
    action: `appointment.${status}`,
    detail: { appointment_id: _id, event_number: number, ...(data && { data }) },
    at: new Date(created_at),
  }));
  if (entries.length > 0) await insert(store.audit, entries, { session });
}
