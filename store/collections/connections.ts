/** Where partners are reached, and how each side proves who it is. */
import type { Connection } from 'mongoose';
import type { AppointmentProvider, PlaceLister } from '../../domain/appointments/appointment.ts';
import { define, text, whole } from './define.ts';

/** Where a laboratory is reached and how it proves who it is (F12). */
export interface LabConnectionDocument {
  /** `<lab slug>:<environment>`. */
  _id: string;
  lab_slug: string;
  environment: 'sandbox' | 'production';
  url: string;
  user: string;
  password: string;
  /** What the lab sends with its results: user, and SHA-256 of the password. */
  inbound_user: string;
  inbound_password_hash: string;
}

/** Where a phlebotomy provider is reached, and what it signs its events with. */
export interface PhlebotomyConnectionDocument {
  /** `<provider>:<environment>`. */
  _id: string;
  provider: AppointmentProvider | PlaceLister;
  environment: 'sandbox' | 'production';
  /** Everything before `/v1/…`. */
  url: string;
  /** The Bearer key we show. */
  key: string;
  /** `whsec_…`; two while one is being replaced. */
  secrets: string[];
}

/** The models of these collections. */
export const connectionsCollections = (connection: Connection) => ({
  labConnections: define<LabConnectionDocument>(connection, 'lab_connections', {
    _id: text,
    lab_slug: text,
    environment: text,
    url: text,
    user: text,
    password: text,
    inbound_user: text,
    inbound_password_hash: text,
  }),
  phlebotomyConnections: define<PhlebotomyConnectionDocument>(connection, 'phlebotomy_connections', {
    _id: text,
    provider: text,
    environment: text,
    url: text,
    key: text,
    secrets: whole,
  }),
});
