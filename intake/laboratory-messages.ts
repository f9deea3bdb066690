/** What laboratories send, whatever it comes on: kept as it came, read, stored, and only then acknowledged (G1, F5, F12). */
import type { Logger } from 'pino';
import type { Environment } from '../domain/catalogue/lab-connection.ts';
import { Excess } from '../partners/bounded-body.ts';
import { writeAcknowledgement } from '../partners/labs/formats/hl7v2/hl7-acknowledgement.ts';
import { decodeMessage } from '../partners/labs/formats/hl7v2/hl7-charset.ts';
import { MESSAGE_LIMITS } from '../partners/labs/formats/hl7v2/hl7-limits.ts';
import { Hl7Refused, messagesIn } from '../partners/labs/formats/hl7v2/hl7-message.ts';
import { readingReports } from '../partners/labs/formats/hl7v2/hl7-report.ts';
import { inTurns } from '../partners/labs/formats/hl7v2/steps.ts';
import { reportingLab } from '../partners/labs/registry.ts';
import type { RememberedProfiles } from '../store/connections/lab-profiles.ts';
import {
  keepBeginning,
  keepText,
  noteRefusal,
  noteUnread,
  ReportTooLong,
  storeReports,
} from '../store/inbox/lab-inbox.ts';
import type { Store } from '../store/open.ts';

const MEGABYTE = 1024 * 1024;
/** What a laboratory is told of a body over the limit. */
export const TOO_LARGE = `A message can have at most ${MESSAGE_LIMITS.bytes / MEGABYTE} MB`;

/** Where messages go. */
export interface LaboratoryInbox {
  store: Store;
  /** What laboratories write differently. */
  profiles: RememberedProfiles;
  logger: Logger;
}

/** Who sent a message, and on which of its connections. */
export interface Sender {
  lab_slug: string;
  environment: Environment;
}

const refused = (segment: string, text: string) => new Hl7Refused({ segment, sequence: 1, code: '100', text });
const TOO_LONG = refused('OBR', 'The report on one order is too long; split it into several messages');
const TOO_MANY = refused('MSH', `A body can have at most ${MESSAGE_LIMITS.messages} messages; send them in several`);
const TOO_MUCH = refused('MSH', TOO_LARGE);

/**
 * Takes in a body with one HL7 message or several. A failure of the database is thrown, and nothing is acknowledged then:
 * the laboratory sends all of it again, and what was stored is recognized.
 * @param charset What the transport says of its characters.
 * @returns The acknowledgments, one for each message in it.
 */
export async function takeHl7In(
  inbox: LaboratoryInbox,
  from: Sender,
  raw: Buffer | Excess,
  charset?: string,
): Promise<string[]> {
  const { store, profiles, logger } = inbox;
  const now = new Date().toISOString();
  const refusals: string[] = [];
  const refuse = (message: string, { message: why, problem }: Hl7Refused) => {
    refusals.push(why);
    return writeAcknowledgement(message, { code: 'AR', text: 'Rejected: see ERR', problem }, now);
  };

  if (raw instanceof Excess) {
    await keepRefused(inbox, from, raw, TOO_MUCH.message);
    return [refuse(raw.head.toString('latin1'), TOO_MUCH)];
  }
  const content_hash = await keepText(store, { ...from, raw, charset });
  const { profile } = await profiles.of(from.lab_slug, from.environment);
  const lab = reportingLab(from.lab_slug, profile, from.environment, now);
  const text = textOf(raw, profile.character_set ?? charset);
  if (text instanceof Hl7Refused) {
    const answer = refuse(raw.toString('latin1'), text);
    await tellRefusals();
    return [answer];
  }

  const messages = messagesIn(text);
  const answers: string[] = [];
  let reports_before = 0;
  const ofControlId = new Map<string, number>();
  for (const message of messages.slice(0, MESSAGE_LIMITS.messages)) {
    try {
      if (messages.length > MESSAGE_LIMITS.messages) throw TOO_MANY;
      const read = await inTurns(readingReports(message, lab));
      const { control_id } = read.message;
      const same_before = ofControlId.get(control_id) ?? 0;
      const stored = { ...from, content_hash, control_id, reports: read.reports, reports_before, same_before };
      await storeReports(store, stored, MESSAGE_LIMITS.report_bytes);
      reports_before += read.reports.length;
      ofControlId.set(control_id, same_before + read.reports.length);
      answers.push(writeAcknowledgement(message, { code: 'AA', text: '' }, now));
    } catch (error) {
      const refusal = error instanceof ReportTooLong ? TOO_LONG : error;
      if (!(refusal instanceof Hl7Refused)) throw error;
      answers.push(refuse(message, refusal));
      if (refusal === TOO_MANY) break;
    }
  }
  await tellRefusals();
  return answers;

  async function tellRefusals(): Promise<void> {
    if (refusals.length === 0) return;
    const why = [...new Set(refusals)].join('; ');
    logger.warn({ lab: from.lab_slug, content_hash, reason: why }, 'A laboratory message was rejected');
    await noteRefusal(store, content_hash, why);
  }
}

/** Keeps a body that is not read, for people to see. @param why Codes and places, never a value. */
export async function keepRefused(
  { store, logger }: LaboratoryInbox,
  from: Sender,
  raw: Buffer | Excess,
  why: string,
): Promise<void> {
  const isCut = raw instanceof Excess;
  const content_hash = isCut
    ? await keepBeginning(store, { ...from, ...raw })
    : await keepText(store, { ...from, raw });
  const reason = isCut ? `${why}; of ${raw.bytes} bytes the first ${raw.head.length} are kept` : why;
  logger.warn({ lab: from.lab_slug, content_hash, reason }, 'A laboratory message was rejected');
  await noteUnread(store, content_hash, reason);
}

/** The text of a body, or why it is refused. */
function textOf(raw: Buffer, charset: string | undefined): string | Hl7Refused {
  try {
    const text = decodeMessage(raw, charset);
    return Buffer.byteLength(text) > MESSAGE_LIMITS.bytes ? TOO_MUCH : text;
  } catch (error) {
    if (error instanceof Hl7Refused) return error;
    throw error;
  }
}
