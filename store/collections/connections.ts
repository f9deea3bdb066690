/** Where partners are reached, and how each side proves who it is. */
import type { Connection } from 'mongoose';
import type { AppointmentProvider, PlaceLister } from '../../domain/appointments/appointment.ts';
import type { LabConnection } from '../../domain/catalogue/lab-connection.ts';
import type { LabProfile } from '../../domain/catalogue/lab-profile.ts';
import type { Principal } from '../../domain/principal.ts';
import { count, date, define, Mixed, text, whole } from './define.ts';

/** A laboratory's connection in one environment (F12). */
export interface LabConnectionDocument extends LabConnection {
  /** `<lab slug>:<environment>`. */
  _id: string;
}

/** A version of what a laboratory writes differently on one of its connections; the highest counts, and all are kept. */
export interface LabProfileDocument {
  /** `<lab slug>:<environment>:<version>`. */
  _id: string;
  /** `<lab slug>:<environment>`. */
  connection: string;
  /** From 1. */
  version: number;
  profile: LabProfile;
  changed_by: Principal;
  changed_at: Date;
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
    orders: whole,
    acknowledges: text,
    http: { type: Mixed, default: null },
    mllp: { type: Mixed, default: null },
    sftp: { type: Mixed, default: null },
  }),
  labProfiles: define<LabProfileDocument>(
    connection,
    'lab_profiles',
    { _id: text, connection: text, version: count, profile: whole, changed_by: whole, changed_at: date },
    [[{ connection: 1, version: -1 }, { unique: true }]],
  ),
  phlebotomyConnections: define<PhlebotomyConnectionDocument>(connection, 'phlebotomy_connections', {
    _id: text,
    provider: text,
    environment: text,
    url: text,
    key: text,
    secrets: whole,
  }),
});
