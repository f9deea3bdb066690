/** The conversation with a phlebotomy company, as a journey has it. Temporal repeats it; the company sees one booking (C2, F10). */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { AppointmentReport } from '../domain/appointment.ts';
import type { ArrangedVisit } from '../domain/appointment-command.ts';
import { SLOT_TAKEN } from '../domain/appointment-refusals.ts';
import {
  BookingRefused,
  type PartnerAppointment,
  PartnerUnreachable,
} from '../partners/phlebotomy/phlebotomy-adapter.ts';
import { adapterFor } from '../partners/phlebotomy/registry.ts';
import { claimPatient, releasePatient } from '../store/appointment-claims.ts';
import { findPhlebotomyConnection } from '../store/phlebotomy-connections.ts';
import { appointmentOf } from '../store/record-appointment.ts';
import type { ActivityDependencies } from './create-activities.ts';
import type { Activities } from './types.ts';

/** What callers are told when a patient has an appointment already (C2). */
const ALREADY_BOOKED =
  'The patient already has an active appointment with this provider. Reschedule or cancel it before booking another.';

export function visitActivities({
  store,
  catalogue,
  partnerCallMs,
}: ActivityDependencies): Pick<
  Activities,
  'arrangeVisit' | 'moveVisit' | 'withdrawVisit' | 'undoVisit' | 'visitAsHeld'
> {
  async function conversation(orderId: string, provider: Parameters<typeof adapterFor>[0]) {
    const { order } = await store.orders.findById(orderId).orFail().lean();
    const environment = order.options.sandbox ? 'sandbox' : 'production';
    const connection = await findPhlebotomyConnection(store, provider, environment);
    if (!connection) {
      throw ApplicationFailure.create({
        type: 'PartnerNotConnected',
        message: `There is no ${environment} connection to ${provider}. Add one with "npm run admin -- phlebotomy set ${provider}".`,
      });
    }
    const endpoint = { url: connection.url, key: connection.key, timeoutMs: partnerCallMs };
    return { order, adapter: adapterFor(provider), endpoint, signal: Context.current().cancellationSignal };
  }

  return {
    async arrangeVisit(orderId, command) {
      const provider = command.kind === 'book' ? command.slot.provider : command.provider;
      const { order, adapter, endpoint, signal } = await conversation(orderId, provider);
      const { appointment_id, appointment_notes } = command;
      const who = { team_id: order.team_id, user_id: order.user_id, provider };
      if (!(await claimPatient(store, { ...who, appointment_id, order_id: order.id }, new Date()))) {
        return { refused: ALREADY_BOOKED };
      }
      const address = command.kind === 'book' ? command.slot.address : command.address;
      const visit = {
        reference: appointment_id,
        patient: order.patient,
        address: command.kind === 'book' && command.slot.site_code ? null : address,
        access_notes: address.access_notes ?? order.address.access_notes,
        appointment_notes,
        requisition_number: order.placer_order_number,
        tests: order.markers.map(({ marker_id, provider_id }) => ({
          code: provider_id,
          name: catalogue.markers.get(marker_id)?.name ?? provider_id,
        })),
      };
      const answer = await decided(() =>
        command.kind === 'book'
          ? adapter.book({ ...visit, booking_key: command.slot.booking_key }, endpoint, signal)
          : adapter.request(visit, endpoint, signal),
      );
      if ('refused' in answer) await releasePatient(store, appointment_id);
      return answer;
    },

    async moveVisit(orderId, appointmentId, slot, appointment_notes) {
      const { order, adapter, endpoint, signal } = await conversation(orderId, slot.provider);
      const appointment = appointmentOf(await store.appointments.findById(appointmentId).orFail().lean());
      return decided(() =>
        adapter.reschedule(
          {
            appointment_id: appointment.provider_appointment_id ?? '',
            idempotency_key: `${appointmentId}:reschedule:${slot.booking_key}`,
            booking_key: slot.booking_key,
            access_notes: slot.address.access_notes ?? order.address.access_notes,
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
      return decided(() =>
        adapter.cancel(
          {
            appointment_id: appointment.provider_appointment_id ?? '',
            idempotency_key: `${appointmentId}:cancel`,
            reason,
            notes,
          },
          endpoint,
          signal,
        ),
      );
    },

    async undoVisit(orderId, provider, appointmentId) {
      const { adapter, endpoint, signal } = await conversation(orderId, provider);
      const answer = await decided(async () => {
        const made = await adapter.findByReference(appointmentId, endpoint, signal);
        if (!made && Date.now() < Context.current().info.scheduledTimestampMs + 2 * partnerCallMs) throw notYetKnown();
        if (!made || made.status === 'cancelled') return null;
        const undo = { appointment_id: made.id, idempotency_key: `${appointmentId}:undo`, notes: null };
        return adapter.cancel({ ...undo, reason: 'The booking could not be completed' }, endpoint, signal);
      });
      if ('refused' in answer) throw ApplicationFailure.create({ type: 'UndoRefused', message: answer.refused });
      await releasePatient(store, appointmentId);
    },

    async visitAsHeld(orderId, appointmentId) {
      const appointment = appointmentOf(await store.appointments.findById(appointmentId).orFail().lean());
      const { adapter, endpoint, signal } = await conversation(orderId, appointment.provider);
      const held = await adapter.findByReference(appointmentId, endpoint, signal).catch((error: unknown) => {
        throw away(error);
      });
      return held && reportOf(held);
    },
  };
}

/** A company's decision; anything else is thrown for Temporal to try again. */
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

/** A booking of which no answer came may still be on its way to the company. */
const notYetKnown = () =>
  ApplicationFailure.create({
    type: 'NotYetKnown',
    message: 'The company holds no such booking so far; looking again',
  });

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
});

function reportOf(appointment: PartnerAppointment): AppointmentReport {
  const { status, start_at, end_at, time_zone, external_id, site_code } = visitOf(appointment);
  return {
    status,
    start_at,
    end_at,
    time_zone,
    external_id,
    site_code,
    occurred_at: new Date().toISOString(),
    data: null,
  };
}
