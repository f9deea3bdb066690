/** Visits, and what is offered of them. */
import type { Connection } from 'mongoose';
import type {
  Appointment,
  AppointmentProvider,
  LngLat,
  PlaceLister,
  UsAddress,
} from '../../domain/appointments/appointment.ts';
import type { ArrangeVisit } from '../../domain/appointments/appointment-command.ts';
import { date, define, text, textOrNull, whole, wholeOrNull, yes } from './define.ts';

/** Whose active appointment a patient's with a provider is (C2). */
export interface AppointmentClaimDocument {
  /** `<team id>:<user id>:<provider>`. */
  _id: string;
  appointment_id: string;
  order_id: string;
  /** The booking it was claimed for, so that a journey that is started again can find it out; absent in older claims. */
  command?: ArrangeVisit;
  claimed_at: Date;
}

/** A visit with its history. */
export type AppointmentDocument = Omit<Appointment, 'id'> & { _id: string; created_at: Date; updated_at: Date };

/** A place that slots are offered at: an address, or a service center. */
export interface OfferedPlace {
  /** Of the service center; null for a patient's address. */
  site_code: string | null;
  address: UsAddress;
  location: LngLat;
  /** IANA zone. */
  time_zone: string;
}

/** A slot as it was offered. Instants are ISO, in UTC. */
export interface OfferedTime {
  /** The provider's key. */
  booking_key: string;
  start: string;
  end: string;
  /** When the provider's key stops being good. */
  expires_at: string;
  site_code: string | null;
}

/** A place that slots were offered at: it stands in no booking key, which holds its id. */
export interface OfferedPlaceDocument {
  /** The same for the same place of the same team. */
  _id: string;
  team_id: string;
  place: OfferedPlace;
  /** When it is forgotten, some time after the last key for it has expired. */
  forget_at: Date;
}

/**
 * What a provider offered when it was asked, before booking keys held their slots: older booking keys, `<id>.<index of the slot>`, are read here, so that a visit
 * takes place where its time was asked for (C3).
 */
export interface AvailabilityDocument {
  _id: string;
  team_id: string;
  provider: AppointmentProvider;
  places: OfferedPlace[];
  slots: OfferedTime[];
  created_at: Date;
  /** When it is forgotten, some time after the last key has expired. */
  forget_at: Date;
}

/** A service center as the provider last told of it, so that its code is enough to find it. */
export interface ServiceCenterDocument {
  /** `<provider>:<environment>:<code>`. */
  _id: string;
  provider: AppointmentProvider | PlaceLister;
  environment: 'sandbox' | 'production';
  code: string;
  name: string;
  address: UsAddress;
  location: LngLat;
  time_zone: string;
  updated_at: Date;
}

/** The models of these collections. */
export const appointmentsCollections = (connection: Connection) => ({
  appointments: define<AppointmentDocument>(
    connection,
    'appointments',
    {
      _id: text,
      order_id: text,
      transaction_id: text,
      team_id: text,
      user_id: text,
      provider: text,
      type: text,
      status: text,
      start_at: textOrNull,
      end_at: textOrNull,
      time_zone: textOrNull,
      address: whole,
      location: whole,
      appointment_notes: textOrNull,
      external_id: textOrNull,
      provider_appointment_id: textOrNull,
      site_code: textOrNull,
      can_reschedule: yes,
      events: whole,
      created_at: date,
      updated_at: date,
    },
    [[{ order_id: 1, created_at: -1 }], [{ provider: 1, provider_appointment_id: 1 }]],
  ),
  appointmentClaims: define<AppointmentClaimDocument>(
    connection,
    'appointment_claims',
    { _id: text, appointment_id: text, order_id: text, command: wholeOrNull, claimed_at: date },
    [[{ appointment_id: 1 }], [{ order_id: 1 }]],
  ),
  availabilities: define<AvailabilityDocument>(
    connection,
    'availabilities',
    {
      _id: text,
      team_id: text,
      provider: text,
      places: whole,
      slots: whole,
      created_at: date,
      forget_at: date,
    },
    [[{ forget_at: 1 }, { expireAfterSeconds: 0 }]],
  ),
  offeredPlaces: define<OfferedPlaceDocument>(
    connection,
    'offered_places',
    { _id: text, team_id: text, place: whole, forget_at: date },
    [[{ forget_at: 1 }, { expireAfterSeconds: 0 }]],
  ),
  serviceCenters: define<ServiceCenterDocument>(connection, 'service_centres', {
    _id: text,
    provider: text,
    environment: text,
    code: text,
    name: text,
    address: whole,
    location: whole,
    time_zone: text,
    updated_at: date,
  }),
});
