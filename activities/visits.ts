/** The conversation with a phlebotomy provider, as a journey has it. Temporal repeats it; the provider sees one booking (C2, F10). */

import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import {
  type Appointment,
  type AppointmentProvider,
  type ArrangedVisit,
  accessNotesFor,
} from '../domain/appointments/appointment.ts';
import { SLOT_TAKEN } from '../domain/appointments/appointment-refusals.ts';
import type { Order } from '../domain/orders/order.ts';
import { PartnerUnreachable } from '../partners/partner-unreachable.ts';
import {
  BookingRefused,
  type PartnerAppointment,
  type PhlebotomyAdapter,
  type PhlebotomyEndpoint,
} from '../partners/phlebotomy/phlebotomy-adapter.ts';
import { adapterFor } from '../partners/phlebotomy/registry.ts';
import { claimPatient, releasePatient } from '../store/appointments/appointment-claims.ts';
import { appointmentOf } from '../store/appointments/held-appointment.ts';
import { findPhlebotomyConnection } from '../store/connections/phlebotomy-connections.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { Activities } from './types.ts';

const NOT_CONNECTED = 'PartnerNotConnected';

/** What callers are told when a patient has an appointment already (C2). */
const ALREADY_BOOKED =
  'The patient already has an active appointment with this provider. Reschedule or cancel it before booking another.';

/** A provider to speak to about an order, and how. */
interface Conversation {
  order: Order;
  adapter: PhlebotomyAdapter;
  endpoint: PhlebotomyEndpoint;
  signal: AbortSignal;
}

export function visitActivities({
  store,
  catalogue,
  partnerCallMs,
}: ActivityDependencies): Pick<
  Activities,
  'arrangeVisit' | 'moveVisit' | 'withdrawVisit' | 'findVisit' | 'undoVisit' | 'releasePatient'
> {
  async function conversation(orderId: string, provider: AppointmentProvider): Promise<Conversation> {
    const { order } = await store.orders.findById(orderId).orFail().lean();
    const environment = order.options.sandbox ? 'sandbox' : 'production';
    const connection = await findPhlebotomyConnection(store, provider, environment);
    if (!connection) throw notConnected(provider, environment);
    const { scheduledTimestampMs, scheduleToCloseTimeoutMs } = Context.current().info;
    const endpoint = {
      ...{ url: connection.url, key: connection.key },
      // No call outlives what the journey waits for, so that what came to no answer is over soon after.
      get timeoutMs() {
        return Math.max(1, Math.min(partnerCallMs, scheduledTimestampMs + scheduleToCloseTimeoutMs - Date.now()));
      },
    };
    return { order, adapter: adapterFor(provider), endpoint, signal: Context.current().cancellationSignal };
  }

  return {
    async arrangeVisit(orderId, command, isRepeat) {
      const { provider, address } = command.kind === 'book' ? command.slot : command;
      const speaking = await conversation(orderId, provider).catch((error: unknown) => {
        if (error instanceof ApplicationFailure && error.type === NOT_CONNECTED) return null;
        throw error;
      });
      if (!speaking)
        return { refused: `Appointments with ${provider} cannot be booked: Venule is not connected to it` };
      const { order, adapter, endpoint, signal } = speaking;
      const { appointment_id, appointment_notes } = command;
      const who = { team_id: order.team_id, user_id: order.user_id, provider };
      if (!(await claimPatient(store, { ...who, appointment_id, order_id: order.id, command }, new Date()))) {
        return { refused: ALREADY_BOOKED };
      }
      const site_code = command.kind === 'book' ? command.slot.site_code : null;
      const visit = {
        reference: appointment_id,
        patient: order.patient,
        address: site_code === null ? address : null,
        access_notes: accessNotesFor(address, site_code, order.address.access_notes),
        appointment_notes,
        requisition_number: order.placer_order_number,
        tests: order.markers.map(({ marker_id, provider_id }) => ({
          code: provider_id,
          name: catalogue.markers.get(marker_id)?.name ?? provider_id,
        })),
      };
      const wasAsked = isRepeat || Context.current().info.attempt > 1;
      const answer = await decided(async () => {
        // A provider repeats its first answer to a call that it knows; what has become of the visit since it says here.
        const made = wasAsked ? await adapter.findByReference(appointment_id, endpoint, signal) : null;
        if (made) return made;
        return command.kind === 'book'
          ? adapter.book({ ...visit, booking_key: command.slot.booking_key }, endpoint, signal)
          : adapter.request(visit, endpoint, signal);
      });
      const isMade = 'visit' in answer && answer.visit.status !== 'cancelled';
      if (!isMade) await releasePatient(store, appointment_id);
      return 'refused' in answer && wasAsked ? { ...answer, may_turn_up: true } : answer;
    },

    async moveVisit(orderId, appointmentId, slot, appointment_notes) {
      const { order, adapter, endpoint, signal } = await conversation(orderId, slot.provider);
      const appointment = appointmentOf(await store.appointments.findById(appointmentId).orFail().lean());
      const { provider, user_id, team_id, events } = appointment;
      // One that was overdue may have lost the patient to another appointment.
      const claim = { appointment_id: appointmentId, order_id: orderId, team_id, user_id, provider };
      if (!(await claimPatient(store, claim, new Date()))) return { refused: ALREADY_BOOKED };
      const appointment_id = await idAtProvider(appointment, { adapter, endpoint, signal });
      if (appointment_id === null) return { refused: `${provider} has no such appointment` };
      return decided(() =>
        adapter.reschedule(
          {
            appointment_id,
            idempotency_key: `${appointmentId}:${events.length}:reschedule:${slot.booking_key}`,
            booking_key: slot.booking_key,
            access_notes: accessNotesFor(slot.address, slot.site_code, order.address.access_notes),
            appointment_notes: appointment_notes ?? appointment.appointment_notes,
          },
          endpoint,
          signal,
        ),
      );
    },

    async withdrawVisit(orderId, appointmentId, reason, notes) {
      const appointment = appointmentOf(await store.appointments.findById(appointmentId).orFail().lean());
      const { adapter, endpoint, signal } = await conversation(orderId, appointment.provider);
      const appointment_id = await idAtProvider(appointment, { adapter, endpoint, signal });
      if (appointment_id === null) return { visit: visitOf(null) };
      return decided(() =>
        adapter.cancel(
          {
            appointment_id,
            // Other words are another call.
            idempotency_key: `${appointmentId}:cancel:${digest(reason, notes)}`,
            reason,
            notes,
          },
          endpoint,
          signal,
        ),
      );
    },

    async findVisit(orderId, provider, appointmentId) {
      const { adapter, endpoint, signal } = await conversation(orderId, provider);
      const made = await adapter.findByReference(appointmentId, endpoint, signal).catch((error: unknown) => {
        throw away(error);
      });
      return made && visitOf(made);
    },

    async undoVisit(orderId, provider, appointmentId) {
      const { adapter, endpoint, signal } = await conversation(orderId, provider);
      const answer = await decided(async () => {
        const made = await adapter.findByReference(appointmentId, endpoint, signal);
        if (!made || made.status === 'cancelled') return null;
        const undo = { appointment_id: made.id, idempotency_key: `${appointmentId}:undo`, notes: null };
        return adapter.cancel({ ...undo, reason: 'The booking could not be completed' }, endpoint, signal);
      });
      if ('refused' in answer) throw ApplicationFailure.create({ type: 'UndoRefused', message: answer.refused });
      await releasePatient(store, appointmentId);
    },

    releasePatient: (appointmentId) => releasePatient(store, appointmentId),
  };
}

/** What the provider calls an appointment; null when it holds none under our reference. */
async function idAtProvider(
  { id, provider_appointment_id }: Appointment,
  { adapter, endpoint, signal }: Omit<Conversation, 'order'>,
): Promise<string | null> {
  if (provider_appointment_id !== null) return provider_appointment_id;
  const made = await adapter.findByReference(id, endpoint, signal).catch((error: unknown) => {
    throw away(error);
  });
  return made?.id ?? null;
}

/** A provider's decision; anything else is thrown for Temporal to try again. */
async function decided(
  call: () => Promise<PartnerAppointment | null>,
): Promise<{ visit: ArrangedVisit } | { refused: string }> {
  try {
    const appointment = await call();
    return { visit: visitOf(appointment) };
  } catch (error) {
    if (!(error instanceof BookingRefused)) throw away(error);
    return { refused: error.code === 'slot_taken' ? SLOT_TAKEN : error.message };
  }
}

const away = (error: unknown) =>
  error instanceof PartnerUnreachable
    ? ApplicationFailure.create({
        type: 'PartnerUnreachable',
        message: error.message,
        ...(error.retryAfterMs !== null && { nextRetryDelay: error.retryAfterMs }),
      })
    : error;

const visitOf = (appointment: PartnerAppointment | null): ArrangedVisit => ({
  status: appointment?.status ?? 'cancelled',
  start_at: appointment?.start ?? null,
  end_at: appointment?.end ?? null,
  time_zone: appointment?.time_zone ?? null,
  external_id: appointment?.number ?? null,
  provider_appointment_id: appointment?.id ?? null,
  site_code: appointment?.location_code ?? null,
  changed_at: appointment?.updated_at ?? null,
});

const notConnected = (provider: AppointmentProvider, environment: string) =>
  ApplicationFailure.create({
    type: NOT_CONNECTED,
    message: `There is no ${environment} connection to ${provider}. Add one with "npm run admin -- phlebotomy set ${provider}".`,
  });

const digest = (...words: unknown[]) =>
  createHash('sha256').update(JSON.stringify(words)).digest('base64url').slice(0, 16);
