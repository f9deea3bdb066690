/** An order and its transaction as callers and webhook receivers see them (contract §5, E2). */
import { z } from 'zod';
import { BILLING_TYPES } from '../domain/catalogue/catalogue.ts';
import {
  COLLECTION_METHODS,
  LOW_LEVEL_STATUSES,
  ORDER_ORIGINS,
  STATUS_DETAILS,
  TOP_LEVEL_STATUSES,
  TRANSACTION_STATUSES,
} from '../domain/orders/status.ts';
import { INTERPRETATIONS } from '../domain/results/lab-report.ts';
import { clientFacingLabTest } from './catalogue-shapes.ts';
import { calendarDate, instant, uuid } from './fields.ts';
import { addressShape, demographics, medicalProxy } from './person-shapes.ts';

const lowLevelStatus = z.enum(LOW_LEVEL_STATUSES).meta({ id: 'OrderLowLevelStatus' });
const orderOrigin = z.enum(ORDER_ORIGINS).meta({ id: 'OrderOrigin' });
const transactionStatus = z.enum(TRANSACTION_STATUSES).meta({ id: 'OrderTransactionStatus' });

/** Full status, `received.walk_in_test.ordered`. */
export const orderStatus = z
  .templateLiteral([z.enum(TOP_LEVEL_STATUSES), '.', z.enum(COLLECTION_METHODS), '.', z.enum(LOW_LEVEL_STATUSES)])
  .meta({ id: 'OrderStatus', description: 'High-level status, collection method, and low-level status.' });

const clientFacingOrderInTransaction = z
  .object({
    id: uuid,
    low_level_status: lowLevelStatus,
    low_level_status_created_at: instant,
    origin: orderOrigin,
    parent_id: uuid.nullable(),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'ClientFacingOrderInTransaction' });

export const clientFacingOrderTransaction = z
  .object({ id: uuid, status: transactionStatus, orders: z.array(clientFacingOrderInTransaction) })
  .meta({ id: 'ClientFacingOrderTransaction' });
export type ClientFacingOrderTransaction = z.infer<typeof clientFacingOrderTransaction>;

/** `GET /v3/order_transaction/{id}` names the same facts differently from the transaction inside an order. */
export const orderTransactionResponse = z
  .object({
    id: uuid,
    team_id: uuid,
    status: transactionStatus,
    orders: z.array(
      z
        .object({
          id: uuid,
          origin: orderOrigin,
          parent_id: uuid.nullable(),
          last_status: lowLevelStatus,
          last_status_created_at: instant,
          updated_at: instant,
          created_at: instant,
        })
        .meta({ id: 'OrderSummary' }),
    ),
  })
  .meta({ id: 'GetOrderTransactionResponse' });
export type OrderTransactionResponse = z.infer<typeof orderTransactionResponse>;

const clientFacingOrderEvent = z
  .object({
    id: z.int(),
    created_at: instant,
    status: orderStatus,
    status_detail: z.enum(STATUS_DETAILS).nullable(),
    reason: z.string().nullable().meta({ description: 'The reason, if there is more to say than the status.' }),
  })
  .meta({ id: 'ClientFacingOrderEvent' });
export type ClientFacingOrderEvent = z.infer<typeof clientFacingOrderEvent>;

const clientFacingPatientDetails = z
  .object({
    first_name: z.string(),
    last_name: z.string(),
    dob: calendarDate,
    gender: z.string(),
    phone_number: z.string(),
    email: z.string(),
    medical_proxy: medicalProxy(z.object(addressShape)).nullable(),
    ...demographics,
  })
  .meta({ id: 'ClientFacingPatientDetails' });

export const clientFacingOrder = z
  .object({
    id: uuid,
    team_id: uuid,
    user_id: uuid,
    patient_details: clientFacingPatientDetails,
    patient_address: z.object({
      receiver_name: z.string(),
      ...addressShape,
      access_notes: z.string().nullable(),
      phone_number: z.string().nullable(),
    }),
    lab_test: clientFacingLabTest,
    details: z.object({
      type: z.enum(COLLECTION_METHODS),
      data: z.object({ id: uuid, created_at: instant, updated_at: instant, appointment_id: uuid.nullable() }),
    }),
    sample_id: z.string().nullable(),
    notes: z.string().nullable(),
    clinical_notes: z.string().nullable(),
    created_at: instant,
    updated_at: instant,
    events: z.array(clientFacingOrderEvent),
    status: z.enum(TOP_LEVEL_STATUSES).meta({ deprecated: true }),
    last_event: clientFacingOrderEvent,
    physician: z
      .object({ first_name: z.string(), last_name: z.string(), npi: z.string() })
      .meta({ id: 'ClientFacingPhysician' })
      .nullable(),
    health_insurance_id: uuid.nullable(),
    requisition_form_url: z.string().nullable(),
    priority: z.boolean(),
    shipping_details: z.object({ receiver_name: z.string(), ...addressShape, phone_number: z.string() }).nullable(),
    activate_by: calendarDate.nullable(),
    passthrough: z.string().nullable(),
    billing_type: z.enum(BILLING_TYPES),
    icd_codes: z.array(z.string()),
    has_abn: z.boolean(),
    interpretation: z.enum(INTERPRETATIONS).nullable(),
    has_missing_results: z.boolean().nullable(),
    expected_result_by_date: calendarDate.nullable(),
    worst_case_result_by_date: calendarDate.nullable(),
    origin: orderOrigin,
    order_transaction: clientFacingOrderTransaction,
  })
  .meta({ id: 'ClientFacingOrder' });
export type ClientFacingOrder = z.infer<typeof clientFacingOrder>;
