/** An order as a FHIR ServiceRequest. */
import type { ServiceRequest } from '@medplum/fhirtypes';
import type { Laboratory, LabTest, Marker } from '../../domain/catalogue/catalogue.ts';
import {
  type CollectionMethod,
  fullStatus,
  type OrderLowLevelStatus,
  type OrderTopLevelStatus,
  topLevelStatus,
} from '../../domain/orders/status.ts';
import type { HeldOrder } from '../client-facing-order.ts';
import { LABORATORY_ID, laboratoryOf, PHYSICIAN_ID, physicianOf } from './parties.ts';
import {
  coding,
  concept,
  ICD_10,
  identifier,
  LAB_TEST,
  metaOf,
  ORDER_STATUS,
  ORDER_TRANSACTION,
  ofLab,
  PLACER_ORDER_NUMBER,
  SNOMED,
} from './systems.ts';

/** An order, and what of the catalogue it is about. */
export interface OrderFacts {
  held: HeldOrder & { filler_order_number: string | null; result_version: number };
  laboratory: Laboratory;
  labTest: LabTest;
  /** The ordered markers, in catalogue order. */
  markers: readonly Marker[];
}

type RequestStatus = 'active' | 'completed' | 'revoked';

const STATUSES: Readonly<Record<OrderTopLevelStatus, RequestStatus>> = {
  received: 'active',
  collecting_sample: 'active',
  sample_with_lab: 'active',
  completed: 'completed',
  failed: 'revoked',
  cancelled: 'revoked',
};
const STATUS_REASON = 'http://hl7.org/fhir/StructureDefinition/request-statusReason';

/** A redraw takes the place of an order that is over: it `replaces` it, and both have the transaction as `requisition`. */
export function serviceRequest({ held, laboratory, labTest, markers }: OrderFacts): ServiceRequest {
  const { order, last_status } = held;
  const { physician, clinical_notes, activate_by } = order;
  const lab = laboratory.slug;
  const reason = held.events.at(-1)?.reason;
  return {
    resourceType: 'ServiceRequest',
    id: order.id,
    meta: metaOf(held.updated_at, order.options.sandbox),
    contained: [laboratoryOf(laboratory), ...(physician ? [physicianOf(physician)] : [])],
    extension: [
      { url: ORDER_STATUS, valueCode: fullStatus(order.collection_method, last_status) },
      ...(reason ? [{ url: STATUS_REASON, valueCodeableConcept: { text: reason } }] : []),
    ],
    identifier: identifiersOf({ held, laboratory }),
    ...(order.parent_id && { replaces: [{ reference: `ServiceRequest/${order.parent_id}` }] }),
    requisition: identifier(ORDER_TRANSACTION, order.transaction_id),
    status: requestStatus(order.collection_method, last_status),
    intent: 'order',
    category: [concept([coding(SNOMED, '108252007', 'Laboratory procedure')])],
    priority: order.priority ? 'stat' : 'routine',
    code: concept([coding(LAB_TEST, labTest.id, labTest.name)], labTest.name),
    ...(markers.length > 0 && {
      orderDetail: markers.map(({ provider_id, name }) =>
        concept([coding(ofLab(lab, 'test'), provider_id, name)], name),
      ),
    }),
    subject: { reference: `Patient/${order.user_id}` },
    ...(activate_by && { occurrenceDateTime: activate_by }),
    authoredOn: held.created_at.toISOString(),
    ...(physician && { requester: { reference: `#${PHYSICIAN_ID}` } }),
    performer: [{ reference: `#${LABORATORY_ID}`, display: laboratory.name }],
    ...(order.icd_codes.length > 0 && { reasonCode: order.icd_codes.map((code) => concept([coding(ICD_10, code)])) }),
    ...(clinical_notes?.trim() && { note: [{ text: clinical_notes }] }),
    ...(labTest.collection_instructions && { patientInstruction: labTest.collection_instructions }),
  };
}

/** The status of an order's ServiceRequest. An order that made way for its redraw is over, too. */
export function requestStatus(method: CollectionMethod, low: OrderLowLevelStatus): RequestStatus {
  return low === 'redraw_available' ? 'completed' : STATUSES[topLevelStatus(method, low)];
}

/** What both sides call an order: placer order number and, once the laboratory has said it, filler order number. */
export function identifiersOf({ held, laboratory }: Pick<OrderFacts, 'held' | 'laboratory'>) {
  const { order, filler_order_number } = held;
  return [
    identifier(PLACER_ORDER_NUMBER, order.placer_order_number, 'PLAC'),
    ...(filler_order_number ? [identifier(ofLab(laboratory.slug, 'order'), filler_order_number, 'FILL')] : []),
  ];
}
