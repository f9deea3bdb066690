/**
 * How each laboratory is spoken to. One that speaks our HL7 profile is data only: its catalogue entry,
 * and its local reason codes in `missing-reasons.ts` if it has any. One with a wire of its own is an
 * adapter file and a line here.
 */
import type { Laboratory } from '../../domain/catalogue/catalogue.ts';
import type { ReportingLab } from './formats/hl7v2/hl7-report.ts';
import { LOCAL_REASONS } from './formats/hl7v2/missing-reasons.ts';
import type { LaboratoryAdapter } from './laboratory-adapter.ts';
import { hl7OverHttp } from './transports/http/hl7-over-http.ts';

/** Adapters of laboratories that don't speak HL7 over HTTP, by slug. */
const OWN_WIRES: Readonly<Record<string, LaboratoryAdapter>> = {};

/** The adapter that carries orders to a laboratory. */
export function adapterFor(laboratory: Pick<Laboratory, 'slug'>): LaboratoryAdapter {
  return OWN_WIRES[laboratory.slug] ?? hl7OverHttp;
}

/** What `readReports` must know about the laboratory whose message it reads, and of the connection that it came on. */
export function reportingLab(
  slug: string,
  environment: 'sandbox' | 'production' = 'production',
  received_at = new Date().toISOString(),
): ReportingLab {
  return { slug, reasons: LOCAL_REASONS[slug] ?? {}, sandbox: environment === 'sandbox', received_at };
}
