/** What laboratories send, whatever it comes on: kept as it came, read, stored, and only then acknowledged (G1, F5, F12). */
import type { Logger } from 'pino';
import type { Environment } from '../domain/catalogue/lab-connection.ts';
import { Excess } from '../partners/bounded-body.ts';
import { isAcknowledgement, writeAcknowledgement } from '../partners/labs/formats/hl7v2/hl7-acknowledgement.ts';
import { MESSAGE_LIMITS } from '../partners/labs/formats/hl7v2/hl7-limits.ts';
import type { Hl7Refused } from '../partners/labs/formats/hl7v2/hl7-message.ts';
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
import { takeAcknowledgement } from '../store/inbox/order-messages.ts';
import type { Store } from '../store/open.ts';
import { messagesOfBody, refused, TOO_MUCH } from './hl7-body.ts';

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

const TOO_LONG = refused('OBR', 'The report on one order is too long; split it into several messages');
const TESTING = refused('MSA', 'This is a test (MSH-11), and acknowledges nothing in production');
const UNAWAITED = refused('MSA', 'This acknowledges no message that waits for it');

/**
 * Takes in a body with one HL7 message or several. A failure of the database is thrown, and nothing is acknowledged then:
 * the laboratory sends all of it again, and what was stored is recognized.
 * @param charset What the transport says of its characters.
 * @returns The acknowledgments, one for each message in it that is none itself.
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
  const { content_hash, is_new } = await keepText(store, { ...from, raw, charset });
  const { profile } = await profiles.of(from.lab_slug, from.environment);
  const lab = reportingLab(from.lab_slug, profile, from.environment, now);
  const answers: string[] = [];
  let reports_before = 0;
  const ofControlId = new Map<string, number>();
  for await (const message of messagesOfBody(raw, lab, charset)) {
    if ('acknowledgement' in message) {
      // Not acknowledged: two sides that answer each other's answers would never end.
      const { is_test, ...acknowledgement } = message.acknowledgement;
      if (is_test && from.environment === 'production') refuse(message.text, TESTING);
      else if (!(await takeAcknowledgement(store, from, acknowledgement))) refuse(message.text, UNAWAITED);
      continue;
    }
    if ('refusal' in message) {
      const answer = refuse(message.text, message.refusal);
      if (!isAcknowledgement(message.text)) answers.push(answer);
      continue;
    }
    const { text, control_id, is_test, reports, contents } = message;
    const same_before = ofControlId.get(control_id) ?? 0;
    const places = { content_hash, is_new, reports_before, same_before };
    const stored = { ...from, ...places, control_id, is_test, reports, contents };
    try {
      await storeReports(store, stored, MESSAGE_LIMITS.report_bytes);
    } catch (error) {
      if (!(error instanceof ReportTooLong)) throw error;
      answers.push(refuse(text, TOO_LONG));
      continue;
    }
    reports_before += reports.length;
    ofControlId.set(control_id, same_before + reports.length);
    answers.push(writeAcknowledgement(text, { code: 'AA', text: '' }, now));
  }
  if (refusals.length > 0) {
    const reason = [...new Set(refusals)].join('; ');
    logger.warn({ lab: from.lab_slug, content_hash, reason }, 'A laboratory message was rejected');
    await noteRefusal(store, content_hash, reason);
  }
  return answers;
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
    : (await keepText(store, { ...from, raw })).content_hash;
  const reason = isCut ? `${why}; of ${raw.bytes} bytes the first ${raw.head.length} are kept` : why;
  logger.warn({ lab: from.lab_slug, content_hash, reason }, 'A laboratory message was rejected');
  await noteUnread(store, content_hash, reason);
}
