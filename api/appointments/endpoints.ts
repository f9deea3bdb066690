/** `/v3/order/…/phlebotomy/…` and `/v3/order/…/psc/…`: appointments at home and at service centers. */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { Appointment, AppointmentType } from '../../domain/appointments/appointment.ts';
import type { ConfirmationPatience } from '../../domain/appointments/appointment-command.ts';
import { cancellationReasons } from '../../domain/orders/cancellation-reasons.ts';
import type { Principal } from '../../domain/principal.ts';
import { activeAppointment, findAppointment } from '../../store/appointments/read-appointments.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import {
  clientFacingAppointment as appointmentAnswer,
  type ClientFacingAppointment,
} from '../../wire/appointment-shapes.ts';
import { clientFacingAppointment } from '../../wire/client-facing-appointment.ts';
import type { ApiDeps } from '../deps.ts';
import { defineEndpoint, validationFailed } from '../http/endpoint.ts';
import { ApiError } from '../http/errors.ts';
import { onceForKey } from '../http/idempotency.ts';
import { orderOf } from '../orders/endpoints.ts';
import { idempotencyHeaders, orderPath } from '../orders/schemas.ts';
import { addressOf, phlebotomyAvailability, pscAvailability, reachable } from './availability.ts';
import { type Asked, book, cancel, request, reschedule } from './commands.ts';
import {
  availabilityAnswer,
  availabilityQuery,
  bookingBody,
  cancellationReasonList,
  cancelPhlebotomyBody,
  cancelPscBody,
  pscAvailabilityBody,
  pscAvailabilityQuery,
  requestBody,
  requestedAppointment,
  rescheduleBody,
  usAddress,
} from './schemas.ts';

const AT_HOME = 'Phlebotomy appointments';
const AT_CENTER = 'Service center appointments';

/** How long the answer to a booking can be had again, in milliseconds (contract §1.2). */
const BOOKINGS_KEPT_FOR_MS = 14 * 24 * 3_600_000;

interface OrderRequest {
  deps: ApiDeps;
  team: TeamDocument;
  by: Principal;
  params: { order_id: string };
}

/** A request that may carry an idempotency key. */
interface KeyedRequest {
  deps: ApiDeps;
  headers: { 'x-idempotency-key'?: string | undefined; 'x-idempotency-error'?: string | undefined };
  body: unknown;
  correlationId: string;
}

async function askedOf({ deps, team, by, params }: OrderRequest, type: AppointmentType): Promise<Asked> {
  return { deps, team, by, order: await orderOf(deps, team._id, params.order_id), type };
}

async function activeOf(asked: OrderRequest, type: AppointmentType): Promise<ClientFacingAppointment> {
  const { deps, order } = await askedOf(asked, type);
  const appointment = await activeAppointment(deps.store, order._id, type);
  if (!appointment) throw new ApiError('not_found', 'The order has no active appointment.');
  return clientFacingAppointment(appointment);
}

/** Does a booking once for a key; without a key each request is one of its own. */
async function once<Answer>(
  { deps, headers, body, correlationId }: KeyedRequest,
  asked: Asked,
  make: (appointmentId: string) => Promise<Appointment>,
  answer: (appointment: Appointment) => Answer,
): Promise<Answer> {
  const { store } = deps;
  const key = headers['x-idempotency-key'];
  if (key === undefined) return answer(await make(randomUUID()));
  const claim = {
    id: `${asked.team._id}:${asked.order._id}:${key}`,
    newIds: () => ({ appointment_id: randomUUID() }),
    keptForMs: BOOKINGS_KEPT_FOR_MS,
    keepRefusals: headers['x-idempotency-error'] !== 'no-cache',
    body,
    correlationId,
  };
  return onceForKey(store, claim, async ({ appointment_id }) => {
    const made = await findAppointment(store, appointment_id);
    if (made) return answer(made);
    try {
      return answer(await make(appointment_id));
    } catch (error) {
      // A first request that came to no answer may have been granted, whatever speaks against it by now.
      const isUndecided = await store.appointmentClaims.exists({ appointment_id });
      if (!isUndecided) throw error;
      throw new ApiError('unavailable', 'The outcome of this booking is not known yet; retry with the same key.');
    }
  });
}

/** How the caller would have a provider's silence taken (contract §2.7); null for an answer now or never. */
function patienceOf(body: z.infer<typeof bookingBody>): ConfirmationPatience | null {
  if (!body.async_confirmation) return null;
  return {
    answered_within: body.sync_confirmation_timeout_millisecond,
    confirmed_within: body.async_confirmation_timeout_millisecond,
  };
}

const keyHint =
  'Send `X-Idempotency-Key` to make retries safe: for 14 days, the same key returns the same appointment and response.';

/** What is the same for visits at home and appointments at service centers, in the words of either. */
function endpointsFor(words: {
  type: AppointmentType;
  tag: string;
  path: 'phlebotomy' | 'psc';
  /** In operation ids. */
  name: 'Phlebotomy' | 'Psc';
  reasons: string;
  book: string;
  move: string;
}) {
  const { type, tag, path, name } = words;
  const appointment = `/v3/order/:order_id/${path}/appointment`;
  return [
    defineEndpoint({
      method: 'get',
      path: `/v3/order/${path}/appointment/cancellation-reasons`,
      operationId: `get${name}CancellationReasons`,
      tag,
      summary: words.reasons,
      request: {},
      response: cancellationReasonList,
      async handler() {
        return cancellationReasons(type).map(({ id, name, is_refundable }) => ({ id, name, is_refundable }));
      },
    }),

    defineEndpoint({
      method: 'get',
      path: appointment,
      operationId: `get${name}Appointment`,
      tag,
      summary: 'Get the active appointment of an order',
      request: { params: orderPath },
      response: appointmentAnswer,
      errors: ['not_found'],
      async handler(asked) {
        return activeOf(asked, type);
      },
    }),

    defineEndpoint({
      method: 'post',
      path: `${appointment}/book`,
      operationId: `book${name}Appointment`,
      tag,
      summary: words.book,
      description: keyHint,
      request: { params: orderPath, headers: idempotencyHeaders, body: bookingBody },
      response: appointmentAnswer,
      errors: ['rule_broken', 'not_found', 'idempotency_key_in_use', 'idempotency_key_reused'],
      async handler(received) {
        const { body } = received;
        const asked = await askedOf(received, type);
        const { booking_key, appointment_notes: notes } = body;
        const patience = patienceOf(body);
        const make = (appointment_id: string) => book(asked, { appointment_id, booking_key, notes, patience });
        return once(received, asked, make, clientFacingAppointment);
      },
    }),

    defineEndpoint({
      method: 'patch',
      path: `${appointment}/reschedule`,
      operationId: `reschedule${name}Appointment`,
      tag,
      summary: words.move,
      request: { params: orderPath, body: rescheduleBody },
      response: appointmentAnswer,
      errors: ['rule_broken', 'not_found'],
      async handler(received) {
        const { booking_key, appointment_notes: notes } = received.body;
        const asked = await askedOf(received, type);
        return clientFacingAppointment(await reschedule(asked, { booking_key, notes }));
      },
    }),
  ];
}

/** Endpoints of appointments. */
export const appointmentEndpoints = [
  defineEndpoint({
    method: 'post',
    path: '/v3/order/phlebotomy/appointment/availability',
    operationId: 'getPhlebotomyAppointmentAvailability',
    tag: AT_HOME,
    summary: 'Find times for a home visit in the next 14 days',
    description:
      'Searches the phlebotomy providers that offer bookable times. A booking key is tied to this address, where the visit takes place (C3). Outside of the providers’ service areas there are no slots.',
    request: { query: availabilityQuery, body: usAddress },
    response: availabilityAnswer,
    errors: ['rule_broken'],
    async handler({ deps, team, query, body }) {
      return phlebotomyAvailability(deps, team, body, query.start_date);
    },
  }),

  ...endpointsFor({
    type: 'phlebotomy',
    tag: AT_HOME,
    path: 'phlebotomy',
    name: 'Phlebotomy',
    reasons: 'List the reasons for canceling a phlebotomy appointment',
    book: 'Book a time for a home visit',
    move: 'Move the appointment to another time at the same address',
  }),

  defineEndpoint({
    method: 'post',
    path: '/v3/order/:order_id/phlebotomy/appointment/request',
    operationId: 'requestPhlebotomyAppointment',
    tag: AT_HOME,
    summary: 'Request a home visit; the provider sets the time',
    description: keyHint,
    request: { params: orderPath, headers: idempotencyHeaders, body: requestBody },
    response: requestedAppointment,
    errors: ['rule_broken', 'not_found', 'idempotency_key_in_use', 'idempotency_key_reused'],
    async handler(received) {
      const { address, provider, appointment_notes: notes } = received.body;
      const asked = await askedOf(received, 'phlebotomy');
      const make = (appointment_id: string) => request(asked, { appointment_id, address, provider, notes });
      return once(received, asked, make, (appointment) => ({
        ...clientFacingAppointment(appointment),
        warnings: reachable(addressOf(address)),
      }));
    },
  }),

  defineEndpoint({
    method: 'patch',
    path: '/v3/order/:order_id/phlebotomy/appointment/cancel',
    operationId: 'cancelPhlebotomyAppointment',
    tag: AT_HOME,
    summary: 'Cancel the appointment of an order',
    request: { params: orderPath, body: cancelPhlebotomyBody },
    response: appointmentAnswer,
    errors: ['rule_broken', 'not_found'],
    async handler(received) {
      const { cancellation_reason_id: reason_id, notes } = received.body;
      const asked = await askedOf(received, 'phlebotomy');
      return clientFacingAppointment(await cancel(asked, { reason_id, notes }));
    },
  }),

  defineEndpoint({
    method: 'post',
    path: '/v3/order/psc/appointment/availability',
    operationId: 'getPscAppointmentAvailability',
    tag: AT_CENTER,
    summary: 'Find times at service centers in the next 14 days',
    description:
      'Parameters can be sent in the query or in the body. Search by `site_codes` (at most three, from the service center information), or by `zip_code` and `radius` for the three nearest.',
    request: { query: pscAvailabilityQuery, body: pscAvailabilityBody },
    response: availabilityAnswer,
    errors: ['rule_broken', 'not_found'],
    async handler({ deps, team, query, body }) {
      const { lab, ...question } = { ...body, ...query };
      if (lab === undefined) {
        throw validationFailed([{ loc: ['query', 'lab'], msg: 'Field required', type: 'missing' }]);
      }
      return pscAvailability(deps, team, lab, question);
    },
  }),

  ...endpointsFor({
    type: 'patient_service_center',
    tag: AT_CENTER,
    path: 'psc',
    name: 'Psc',
    reasons: 'List the reasons for canceling a service center appointment',
    book: 'Book a time at a service center',
    move: 'Move the appointment to another time, at any of the laboratory’s service centers',
  }),

  defineEndpoint({
    method: 'patch',
    path: '/v3/order/:order_id/psc/appointment/cancel',
    operationId: 'cancelPscAppointment',
    tag: AT_CENTER,
    summary: 'Cancel the appointment of an order',
    request: { params: orderPath, body: cancelPscBody },
    response: appointmentAnswer,
    errors: ['rule_broken', 'not_found'],
    async handler(received) {
      const { cancellationReasonId, cancellation_reason_id, note, notes } = received.body;
      const asked = await askedOf(received, 'patient_service_center');
      const reason_id = cancellationReasonId ?? cancellation_reason_id ?? '';
      return clientFacingAppointment(await cancel(asked, { reason_id, notes: note ?? notes }));
    },
  }),
];
