/** What laboratories send in FHIR: kept as it came, read, stored, and only then answered (G1, F5, F12). */
import { Excess } from '../partners/bounded-body.ts';
import { FhirRefused } from '../partners/labs/formats/fhir/fhir-refused.ts';
import { MESSAGE_LIMITS } from '../partners/labs/formats/hl7v2/hl7-limits.ts';
import { reportingLab } from '../partners/labs/registry.ts';
import { keepText, noteRefusal, ReportTooLong, storeReports } from '../store/inbox/lab-inbox.ts';
import { inWords, readFhirBody } from './fhir-body.ts';
import { TOO_LARGE } from './hl7-body.ts';
import { keepRefused, type LaboratoryInbox, type Sender } from './laboratory-messages.ts';

/** What became of a message. */
export interface TakenFhir {
  /** How many reports of it there are. */
  reports: number;
  /** What in it was not as it should be, each with its place; never a value. */
  remarks: string[];
}

const TOO_LONG = 'The report on one order is too long; split it into several messages';

/**
 * Takes in a body with a FHIR resource. A failure of the database is thrown, and nothing is acknowledged then: the
 * laboratory sends it again, and what was stored is recognized.
 * @throws FhirRefused once the message is kept with its reason
 */
export async function takeFhirIn(inbox: LaboratoryInbox, from: Sender, raw: Buffer | Excess): Promise<TakenFhir> {
  const { store, profiles, logger } = inbox;
  if (raw instanceof Excess) {
    await keepRefused(inbox, from, raw, TOO_LARGE);
    throw new FhirRefused(413, 'too-long', TOO_LARGE);
  }
  const { content_hash, is_new } = await keepText(store, { ...from, raw });
  const { profile } = await profiles.of(from.lab_slug, from.environment);
  const read = await readFhirBody(raw, reportingLab(from.lab_slug, profile, from.environment));
  if (read instanceof FhirRefused) throw await refuse(read);
  try {
    await storeReports(
      store,
      { ...from, content_hash, is_new, ...read, reports_before: 0, same_before: 0 },
      MESSAGE_LIMITS.report_bytes,
    );
  } catch (error) {
    if (!(error instanceof ReportTooLong)) throw error;
    throw await refuse(new FhirRefused(413, 'too-long', TOO_LONG));
  }
  const remarks = [...new Set(read.reports.flatMap((report) => report.remarks ?? []))];
  return { reports: read.reports.length, remarks };

  async function refuse(refusal: FhirRefused): Promise<FhirRefused> {
    const reason = inWords(refusal);
    logger.warn({ lab: from.lab_slug, content_hash, reason }, 'A laboratory message was rejected');
    await noteRefusal(store, content_hash, reason);
    return refusal;
  }
}
