/**
 * Journeys that do of appointments what a test of the API needs: they carry commands to the provider and write what it
 * answers. What a journey is careful about (C2, crashes, the order's own events) is tested with real ones.
 */
import type { Appointment, AppointmentEventStatus } from '../../domain/appointments/appointment.ts';
import type { AppointmentCommand, OfferedSlot, ProviderEvent } from '../../domain/appointments/appointment-command.ts';
import { SLOT_TAKEN } from '../../domain/appointments/appointment-refusals.ts';
import { BookingRefused, type PartnerAppointment } from '../../partners/phlebotomy/phlebotomy-adapter.ts';
import { PROVIDERS } from '../../partners/phlebotomy/registry.ts';
import { appointmentOf } from '../../store/appointments/held-appointment.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { findPhlebotomyConnection } from '../../store/connections/phlebotomy-connections.ts';
import type { Store } from '../../store/open.ts';
import { AppointmentRefused, type Journeys } from '../../temporal/journeys.ts';

/** What was asked of the journeys, and how they are to behave. */
export interface Desk {
  commands: AppointmentCommand[];
  said: ProviderEvent[];
  /** Thrown by the next command, once. */
  trouble: Error | undefined;
  /** Whether reports find an open journey. */
  open: boolean;
}

/** The desk and the part of `Journeys` that stands behind it. */
export function appointmentJourneys(
  store: Store,
): { desk: Desk } & Pick<Journeys, 'appointment' | 'appointmentReport'> {
  const desk: Desk = { commands: [], said: [], trouble: undefined, open: true };

  async function obey(order: OrderDocument, command: AppointmentCommand): Promise<Appointment> {
    const active = await collectionOf(store.appointments).findOne({
      order_id: order._id,
      status: { $ne: 'cancelled' },
    });
    const held = active && appointmentOf(active);
    const making = command.kind === 'book' || command.kind === 'request';
    if (making && held) throw new AppointmentRefused('The order already has an active appointment');
    const provider = held?.provider ?? providerOf(command);
    const environment = order.order.options.sandbox ? 'sandbox' : 'production';
    const connection = await findPhlebotomyConnection(store, provider, environment);
    if (!connection) throw new AppointmentRefused('not connected');
    const { adapter } = PROVIDERS[provider];
    const call = [{ ...connection, timeoutMs: 5_000 }, new AbortController().signal] as const;
    const id = making ? command.appointment_id : (held?.id ?? '');
    const at = {
      appointment_id: held?.provider_appointment_id ?? '',
      idempotency_key: `${id}:${desk.commands.length}`,
    };
    const visitAt = (place: Pick<OfferedSlot, 'address'>, site: string | null) => ({
      reference: id,
      patient: order.order.patient,
      address: site ? null : place.address,
      access_notes: place.address.access_notes,
      requisition_number: order.placer_order_number,
      tests: [],
    });
    switch (command.kind) {
      case 'book': {
        const { slot, appointment_notes } = command;
        const visit = { ...visitAt(slot, slot.site_code), appointment_notes, booking_key: slot.booking_key };
        return write(order, command, slot, await adapter.book(visit, ...call));
      }
      case 'request': {
        const visit = { ...visitAt(command, null), appointment_notes: command.appointment_notes };
        return write(order, command, command, await adapter.request(visit, ...call));
      }
      case 'reschedule': {
        const { slot, appointment_notes } = command;
        const notes = { access_notes: slot.address.access_notes, appointment_notes };
        const answer = await adapter.reschedule({ ...at, booking_key: slot.booking_key, ...notes }, ...call);
        return write(order, { appointment_id: id, appointment_notes }, slot, answer, held);
      }
      case 'cancel': {
        const answer = await adapter.cancel({ ...at, reason: command.reason, notes: command.notes }, ...call);
        if (!held) throw new AppointmentRefused('no appointment');
        return write(order, { appointment_id: id, appointment_notes: null }, { ...held }, answer, held);
      }
    }
  }

  async function write(
    order: OrderDocument,
    { appointment_id, appointment_notes }: { appointment_id: string; appointment_notes: string | null },
    place: Pick<Appointment, 'provider' | 'address' | 'location'>,
    { status, start, end, time_zone, number, id, location_code }: PartnerAppointment,
    before: Appointment | null = null,
  ): Promise<Appointment> {
    const now = new Date();
    const event = {
      number: (before?.events.length ?? 0) + 1,
      status: status as AppointmentEventStatus,
      created_at: now.toISOString(),
      occurred_at: now.toISOString(),
      data: null,
    };
    const appointment: Appointment = {
      id: appointment_id,
      order_id: order._id,
      transaction_id: order.transaction_id,
      team_id: order.team_id,
      user_id: order.user_id,
      provider: place.provider,
      type: PROVIDERS[place.provider].type,
      status,
      start_at: start,
      end_at: end,
      time_zone,
      address: place.address,
      location: place.location,
      appointment_notes: appointment_notes ?? before?.appointment_notes ?? null,
      external_id: number,
      provider_appointment_id: id,
      site_code: location_code,
      can_reschedule: start !== null,
      events: [...(before?.events ?? []), event],
    };
    const { id: _id, ...rest } = appointment;
    await collectionOf(store.appointments).replaceOne(
      { _id },
      { ...rest, created_at: now, updated_at: now },
      { upsert: true },
    );
    return appointment;
  }

  return {
    desk,
    async appointment(order, command) {
      desk.commands.push(command);
      const { trouble } = desk;
      desk.trouble = undefined;
      if (trouble) throw trouble;
      try {
        return await obey(order, command);
      } catch (error) {
        if (!(error instanceof BookingRefused)) throw error;
        throw new AppointmentRefused(error.code === 'slot_taken' ? SLOT_TAKEN : error.message);
      }
    },
    async appointmentReport(_order, said) {
      desk.said.push(said);
      return desk.open;
    },
  };
}

const providerOf = (command: AppointmentCommand) => {
  if (command.kind === 'book') return command.slot.provider;
  if (command.kind === 'request') return command.provider;
  throw new AppointmentRefused('The order has no appointment');
};
