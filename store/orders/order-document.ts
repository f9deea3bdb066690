/** An order as the database first holds it. */
import type { Order, OrderEvent } from '../../domain/orders/order.ts';
import type { OrderDocument } from '../collections/orders.ts';
import { searchTerms } from './lists/search-terms.ts';

/**
 * The document of an order that was just accepted (or drawn again), with its first event. Every time in it comes from
 * the order, so that whoever makes it, and however often, makes the same.
 */
export function orderDocument(order: Order, status: OrderEvent['status'] = 'ordered'): OrderDocument {
  const createdAt = new Date(order.created_at);
  const patientName = `${order.patient.first_name} ${order.patient.last_name}`.toLowerCase();
  const document: OrderDocument = {
    _id: order.id,
    order,
    events: [{ number: 1, status, status_detail: null, reason: null, report_id: null, created_at: order.created_at }],
    last_status: status,
    interpretation: null,
    has_missing_results: null,
    result_version: 0,
    filler_order_number: null,
    sample_id: order.sample_id,
    appointment_id: null,
    sms_enabled: null,
    journey_check: { due: createdAt, attempts: 0 },
    team_id: order.team_id,
    user_id: order.user_id,
    transaction_id: order.transaction_id,
    origin: order.origin,
    collection_method: order.collection_method,
    lab_slug: order.lab_slug,
    placer_order_number: order.placer_order_number,
    patient_name: patientName,
    patient_names: fromEachWord(patientName),
    patient_dob: order.patient.dob,
    recipient_names: fromEachWord(order.address.receiver_name.toLowerCase()),
    activate_by: order.activate_by,
    created_at: createdAt,
    updated_at: createdAt,
  };
  return { ...document, search_terms: searchTerms(document) };
}

/** `ada king lovelace` → itself, `king lovelace`, `lovelace`. */
function fromEachWord(name: string): string[] {
  const words = name.split(/\s+/).filter(Boolean);
  return words.map((_word, place) => words.slice(place).join(' '));
}
