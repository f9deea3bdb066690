/** A body in FHIR, read when it comes, and anew. */
import { FhirRefused } from '../partners/labs/formats/fhir/fhir-refused.ts';
import { readingReportsInBundle } from '../partners/labs/formats/fhir/fhir-report.ts';
import type { ReportingLab } from '../partners/labs/formats/hl7v2/reports/hl7-report.ts';
import { inTurns } from '../partners/labs/formats/hl7v2/steps.ts';
import type { MessageReading } from '../store/inbox/readings/plan-reading.ts';

/** Whether a body is FHIR, in JSON, and not HL7 v2. */
export const isFhir = (raw: Buffer): boolean => /^(\xef\xbb\xbf)?\s*\{/.test(raw.toString('latin1', 0, 256));

/** Reads a body as it came; whoever else has work to do gets to it meanwhile. @returns what it says, or why it says nothing */
export async function readFhirBody(raw: Buffer, lab: ReportingLab): Promise<MessageReading | FhirRefused> {
  try {
    const { message, reports, contents } = await inTurns(readingReportsInBundle(raw, lab));
    return { ...message, reports, contents };
  } catch (error) {
    if (error instanceof FhirRefused) return error;
    throw error;
  }
}

/** Why a message was refused, for people: its place and the reason, never a value. */
export const inWords = ({ expression, message }: FhirRefused): string => `${expression}: ${message}`;
