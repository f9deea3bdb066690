/**
 * Orders and order transactions in the shapes of the wire. Pure: the API answers with them, and the transition that
 * writes an event freezes them into its webhook (E2, E3).
 */
import type { LabTest } from '../domain/catalogue/catalogue.ts';
import type { MedicalProxy, Order, OrderEvent } from '../domain/orders/order.ts';
import {
  type CollectionMethod,
  fullStatus,
  type OrderLowLevelStatus,
  type OrderOrigin,
  type TransactionStatus,
  topLevelStatus,
} from '../domain/orders/status.ts';
import type { Interpretation } from '../domain/results/lab-report.ts';
import { clientFacingLabTest, type Surroundings } from './client-facing-catalogue.ts';
import type {
  ClientFacingOrder,
  ClientFacingOrderEvent,
  ClientFacingOrderTransaction,
  OrderTransactionResponse,
} from './order-shapes.ts';

/** An order as it is held: what callers are told of it is made from this. */
export interface HeldOrder {
  _id: string;
  order: Order;
  /** Oldest first; never empty. */
  events: readonly OrderEvent[];
  last_status: OrderLowLevelStatus;
  origin: OrderOrigin;
  user_id: string;
  interpretation: Interpretation | null;
  has_missing_results: boolean | null;
  sample_id: string | null;
  appointment_id: string | null;
  activate_by: string | null;
  created_at: Date;
  updated_at: Date;
}

/** Its order transaction as it is held. */
interface HeldTransaction {
  _id: string;
  team_id: string;
  status: TransactionStatus;
}

/** The catalogue that orders are told with. */
interface KnownLabTests extends Surroundings {
  readonly labTests: ReadonlyMap<string, LabTest>;
}

/**
 * A transaction with its orders, oldest first (E2).
 * @param orders every order of the transaction, in any order, as they are to be told
 */
export function clientFacingTransaction(
  transaction: Omit<HeldTransaction, 'team_id'>,
  orders: readonly HeldOrder[],
): ClientFacingOrderTransaction {
  return {
    id: transaction._id,
    status: transaction.status,
    orders: oldestFirst(orders).map((document) => ({
      id: document._id,
      low_level_status: document.last_status,
      low_level_status_created_at: latestEvent(document).created_at,
      origin: document.origin,
      parent_id: document.order.parent_id,
      created_at: document.created_at.toISOString(),
      updated_at: document.updated_at.toISOString(),
    })),
  };
}

/** A transaction as `GET /v3/order_transaction/{id}` names its facts (D9). */
export function orderTransactionResponse(
  transaction: HeldTransaction,
  orders: readonly HeldOrder[],
): OrderTransactionResponse {
  return {
    id: transaction._id,
    team_id: transaction.team_id,
    status: transaction.status,
    orders: oldestFirst(orders).map((document) => ({
      id: document._id,
      origin: document.origin,
      parent_id: document.order.parent_id,
      last_status: document.last_status,
      last_status_created_at: latestEvent(document).created_at,
      created_at: document.created_at.toISOString(),
      updated_at: document.updated_at.toISOString(),
    })),
  };
}

/**
 * An order with everything a caller may know of it.
 * @param publicUrl Where callers reach this installation; null where nobody said, which leaves links out.
 * @throws Error when the catalogue does not know its lab test: call `catalogue.know` first
 */
export function clientFacingOrder(
  document: HeldOrder,
  catalogue: KnownLabTests,
  transaction: ClientFacingOrderTransaction,
  publicUrl: string | null,
): ClientFacingOrder {
  const { order } = document;
  const labTest = catalogue.labTests.get(order.lab_test_id);
  if (!labTest) throw new Error(`Lab test ${order.lab_test_id} of order ${order.id} is not in the catalog.`);
  const method = order.collection_method;
  const createdAt = document.created_at.toISOString();
  const updatedAt = document.updated_at.toISOString();
  return {
    id: order.id,
    team_id: order.team_id,
    user_id: document.user_id,
    patient_details: {
      first_name: order.patient.first_name,
      last_name: order.patient.last_name,
      dob: order.patient.dob,
      gender: order.patient.gender,
      phone_number: order.patient.phone_number,
      email: order.patient.email,
      medical_proxy: wholeAmounts(order.patient.medical_proxy),
      race: order.patient.race,
      ethnicity: order.patient.ethnicity,
      sexual_orientation: order.patient.sexual_orientation,
      gender_identity: order.patient.gender_identity,
    },
    patient_address: order.address,
    lab_test: clientFacingLabTest(
      labTest,
      catalogue,
      order.markers.map(({ marker_id }) => marker_id),
    ),
    details: {
      type: method,
      data: {
        id: order.id,
        created_at: createdAt,
        updated_at: updatedAt,
        appointment_id: document.appointment_id ?? null,
      },
    },
    sample_id: document.sample_id,
    notes: null,
    clinical_notes: order.clinical_notes,
    created_at: createdAt,
    updated_at: updatedAt,
    events: document.events.map((event) => clientFacingEvent(method, event)),
    status: topLevelStatus(method, document.last_status),
    last_event: clientFacingEvent(method, latestEvent(document)),
    physician: order.physician && {
      first_name: order.physician.first_name,
      last_name: order.physician.last_name,
      npi: order.physician.npi,
    },
    health_insurance_id: order.insurance?.id ?? null,
    requisition_form_url: requisitionUrl(document, publicUrl),
    priority: order.priority,
    shipping_details: null,
    activate_by: document.activate_by,
    passthrough: order.passthrough,
    billing_type: order.billing_type,
    icd_codes: order.icd_codes,
    has_abn: false,
    interpretation: document.interpretation,
    has_missing_results: document.has_missing_results,
    expected_result_by_date: null,
    worst_case_result_by_date: null,
    origin: order.origin,
    order_transaction: transaction,
  };
}

/** Where the requisition is read, with the team's key, from the moment there is one. */
function requisitionUrl({ _id, events }: HeldOrder, publicUrl: string | null): string | null {
  const isMade = events.some(({ status }) => status === 'requisition_created');
  return isMade && publicUrl !== null ? `${publicUrl}/v3/order/${_id}/requisition/pdf` : null;
}

/** Older orders may hold fractions, which the SDKs do not read. */
function wholeAmounts(proxy: MedicalProxy | null): MedicalProxy | null {
  if (!proxy) return null;
  const { household_income: income, household_size: size } = proxy;
  return {
    ...proxy,
    household_income: income && Math.round(income),
    household_size: size && Math.round(size),
  };
}

function clientFacingEvent(method: CollectionMethod, event: OrderEvent): ClientFacingOrderEvent {
  return {
    id: event.number,
    created_at: event.created_at,
    status: fullStatus(method, event.status),
    status_detail: event.status_detail,
    reason: event.reason,
  };
}

function latestEvent({ _id, events }: HeldOrder): OrderEvent {
  const latest = events.at(-1);
  if (!latest) throw new Error(`Order ${_id} has no events.`);
  return latest;
}

export const oldestFirst = <T extends { created_at: Date }>(orders: readonly T[]): T[] =>
  [...orders].sort((a, b) => a.created_at.getTime() - b.created_at.getTime());
