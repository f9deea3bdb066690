/** At-home orders and their bookings in a whole Venule: what its own journeys and the sandbox provider hold. */
import { randomUUID } from 'node:crypto';
import type { Appointment, AppointmentReport, UsAddress } from '../../domain/appointments/appointment.ts';
import type { ConfirmationPatience, OfferedSlot } from '../../domain/appointments/appointment-command.ts';
import type { Principal } from '../../domain/principal.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { storePhlebotomyEvent } from '../../store/inbox/phlebotomy-inbox.ts';
import type { InProcessVenule } from './running/in-process-venule.ts';

/** An appointment as getlabs holds it, with every note that it was ever given. */
export interface HeldVisit {
  id: string;
  reference: string;
  status: string;
  /** ISO instant; null without a time. */
  start: string | null;
  notes: { access_notes: string | null; appointment_notes: string | null }[];
}

const ADDRESS: UsAddress = {
  first_line: '400 West Lincoln Street',
  second_line: null,
  city: 'Phoenix',
  state: 'AZ',
  zip_code: '85004',
  access_notes: null,
};

/** @param venule Asked for at every use: tests start it in a hook. */
export function atHome(venule: () => InProcessVenule) {
  const scene = {
    /** Slots that getlabs offers, earliest first. */
    async slots(access_notes: string | null = null): Promise<OfferedSlot[]> {
      const start_date = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
      const answer = await venule().atProvider('/phlebotomy/getlabs/v1/availability', {
        address: { first_line: ADDRESS.first_line, city: ADDRESS.city, state: ADDRESS.state, zip: ADDRESS.zip_code },
        start_date,
        days: 3,
      });
      return answer.slots.map((slot: { booking_key: string; start: string; end: string }) => ({
        provider: 'getlabs',
        booking_key: slot.booking_key,
        start_at: slot.start,
        end_at: slot.end,
        time_zone: answer.timezone,
        address: { ...ADDRESS, access_notes },
        location: { lng: -112.07, lat: 33.44 },
        site_code: null,
      }));
    },

    /** An order with its requisition. */
    async order(...[changes, policy]: Parameters<InProcessVenule['place']>): Promise<OrderDocument> {
      const order = await venule().place({ labTest: 'labcorp-lipid-panel-at-home', ...changes }, policy);
      return venule().reaches(order.id, 'requisition_created');
    },

    /** @param wish The id it is to have, the notes, whether a confirmation may come later, and who asks. */
    book(
      document: OrderDocument,
      slot: OfferedSlot | undefined,
      wish: { id?: string; notes?: string; patience?: ConfirmationPatience; by?: Principal } = {},
    ): Promise<Appointment> {
      if (!slot) throw new Error('No slot was offered');
      const { id: appointment_id = randomUUID(), notes: appointment_notes = null, patience = null } = wish;
      const command = { kind: 'book', appointment_id, slot, appointment_notes, patience } as const;
      return venule().journeys.appointment(document, command, wish.by);
    },

    /** Everything that getlabs holds. */
    async held(): Promise<HeldVisit[]> {
      return (await venule().atProvider('/sandbox/phlebotomy/getlabs/appointments')).appointments;
    },

    async heldFor({ id }: Pick<Appointment, 'id'>): Promise<HeldVisit> {
      const found = (await scene.held()).find(({ reference }) => reference === id);
      if (!found) throw new Error('The provider holds no such appointment');
      return found;
    },

    /** A report of the provider on a visit: as it is, but for the changes. */
    reported(visit: Appointment, changes: Partial<AppointmentReport>): AppointmentReport {
      const { start_at, end_at, time_zone, external_id, provider_appointment_id, site_code, status } = visit;
      const facts = { status, start_at, end_at, time_zone, external_id, provider_appointment_id, site_code };
      return { ...facts, occurred_at: new Date().toISOString(), data: null, ...changes };
    },

    /** Stores such a report as it comes from the provider; answers with the id under which it is stored. */
    async says(visit: Appointment, changes: Partial<AppointmentReport>): Promise<string> {
      const event_id = randomUUID();
      const { provider, id: reference } = visit;
      const report = scene.reported(visit, changes);
      const event = { provider, environment: 'sandbox', event_id, raw: '{}', reference, report } as const;
      await storePhlebotomyEvent(venule().store, event);
      return `${provider}:sandbox:${event_id}`;
    },

    now: (order: { id: string }): Promise<OrderDocument> =>
      venule().store.orders.findById(order.id).orFail().lean<OrderDocument>(),

    statuses: ({ events }: OrderDocument) => events.map((event) => event.status),
  };
  return scene;
}
