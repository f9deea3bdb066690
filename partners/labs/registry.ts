/**
 * How each laboratory is spoken to. One that speaks HL7 is data only: its catalogue entry, and its profile where it writes
 * anything differently. One with a wire of its own is an adapter file and a line here.
 */
import type { OrderTransport } from '../../domain/catalogue/lab-connection.ts';
import type { LabProfile } from '../../domain/catalogue/lab-profile.ts';
import { hl7Orders } from './formats/hl7v2/hl7-orders.ts';
import type { ReportingLab } from './formats/hl7v2/reports/hl7-report.ts';
import type { LaboratoryAdapter } from './laboratory-adapter.ts';
import { overHttp } from './transports/http.ts';
import { overMllp } from './transports/mllp.ts';
import { overSftp } from './transports/sftp.ts';

/** Adapters of laboratories that don't speak HL7 v2, by slug. */
const OWN_WIRES: Readonly<Record<string, LaboratoryAdapter>> = {};

const BY_TRANSPORT: { [Kind in OrderTransport['kind']]: LaboratoryAdapter<Kind> } = {
  http: hl7Orders(overHttp),
  mllp: hl7Orders(overMllp),
  sftp: hl7Orders(overSftp),
};

/** The adapter that carries orders to a laboratory on its connection's transport. */
export function adapterFor(slug: string, { kind }: OrderTransport): LaboratoryAdapter {
  return OWN_WIRES[slug] ?? (BY_TRANSPORT[kind] as LaboratoryAdapter);
}

/** What `readReports` must know about the laboratory whose message it reads, and of the connection that it came on. */
export function reportingLab(
  slug: string,
  profile: LabProfile,
  environment: 'sandbox' | 'production' = 'production',
  received_at = new Date().toISOString(),
): ReportingLab {
  return { slug, profile, sandbox: environment === 'sandbox', received_at };
}
