/** What laboratories send, whatever it comes on: kept as it came, read, stored, and only then acknowledged (G1, F5, F12). */
import type { Logger } from 'pino';
import type { Environment } from '../domain/catalogue/lab-connection.ts';
import { Excess } from '../partners/bounded-body.ts';
import {
  isAcknowledgement,
  type ReadAcknowledgement,
  readAcknowledgement,
  writeAcknowledgement,
} from '../partners/labs/formats/hl7v2/hl7-acknowledgement.ts';
import { readableMessage } from '../partners/labs/formats/hl7v2/hl7-charset.ts';
import { MESSAGE_LIMITS } from '../partners/labs/formats/hl7v2/hl7-limits.ts';
import { Hl7Refused } from '../partners/labs/formats/hl7v2/hl7-message.ts';
import { TOO_LONG_TO_CARRY } from '../partners/labs/formats/hl7v2/hl7-orders.ts';
import { readingCarried } from '../partners/labs/formats/hl7v2/hl7-requisition.ts';
import { inTurns } from '../partners/labs/formats/hl7v2/steps.ts';
import type { CarriedDocuments } from '../partners/labs/laboratory-adapter.ts';
import { reportingLab } from '../partners/labs/registry.ts';
import type { RememberedProfiles } from '../store/connections/lab-profiles.ts';
import {
  keepBeginning,
  keepText,
  noteAcknowledgement,
  noteRefusal,
  noteUnread,
  ReportTooLong,
  storeReports,
} from '../store/inbox/lab-inbox.ts';
import { keepRequisitions } from '../store/inbox/lab-requisitions.ts';
import { acknowledgedMessage, takeAcknowledgement } from '../store/inbox/order-messages.ts';
import type { Store } from '../store/open.ts';
import { messagesOfBody, refused, TOO_MUCH, unlessRefused } from './hl7-body.ts';

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
    const isTaken = await keepExcess(inbox, from, raw, TOO_MUCH.message);
    return isTaken ? [] : [refuse(raw.head.toString('latin1'), TOO_MUCH)];
  }
  const { content_hash, is_new } = await keepText(store, { ...from, raw, charset });
  const { profile } = await profiles.of(from.lab_slug, from.environment);
  const lab = reportingLab(from.lab_slug, profile, from.environment, now);
  const answers: string[] = [];
  let reports_before = 0;
  let acknowledgements = 0;
  const ofControlId = new Map<string, number>();
  for await (const message of messagesOfBody(raw, lab, charset)) {
    if ('acknowledgement' in message) {
      // Not acknowledged: two sides that answer each other's answers would never end.
      const carried = await inTurns(readingCarried(message.text));
      refusals.push(...(await acknowledge(store, from, message.acknowledgement, { ...carried, content_hash })));
      acknowledgements += 1;
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
  if (acknowledgements > 0 && reports_before === 0) await noteAcknowledgement(store, content_hash);
  if (refusals.length > 0) {
    const reason = [...new Set(refusals)].join('; ');
    logger.warn({ lab: from.lab_slug, content_hash, reason }, 'A laboratory message was rejected');
    await noteRefusal(store, content_hash, reason);
  }
  return answers;
}

/**
 * Takes in what a laboratory says of an order by itself. What it carries is kept before its decision counts.
 * @returns Why something of it was not taken in: codes and places, never a value.
 */
async function acknowledge(
  store: Store,
  from: Sender,
  acknowledgement: ReadAcknowledgement,
  { content_hash, ...carried }: CarriedDocuments & { content_hash: string },
): Promise<string[]> {
  if (acknowledgement.is_test && from.environment === 'production') return [TESTING.message];
  const acknowledged = await acknowledgedMessage(store, from, acknowledgement);
  if (!acknowledged) return [UNAWAITED.message];
  const { message, said } = acknowledged;
  const { order_id, lab_slug, purpose, _id: control_id } = message;
  const { code } = said;
  await keepRequisitions(store, { order_id, lab_slug, purpose, code, control_id, content_hash }, carried);
  const isAwaited = await takeAcknowledgement(store, message, said);
  return [...carried.problems, ...(isAwaited ? [] : [UNAWAITED.message])];
}

/**
 * Keeps the beginning of a body over the limit, for people to see. An acknowledgment says there what it decides, and that
 * counts.
 * @param why Codes and places, never a value.
 * @returns Whether it is an acknowledgment, which is not answered.
 */
export async function keepExcess(inbox: LaboratoryInbox, from: Sender, raw: Excess, why: string): Promise<boolean> {
  const text = readableMessage(raw.head);
  const acknowledgement = isAcknowledgement(text) ? unlessRefused(() => readAcknowledgement(text)) : null;
  if (!acknowledgement || acknowledgement instanceof Hl7Refused) {
    await keepRefused(inbox, from, raw, why);
    return false;
  }
  const carried = { documents: [], contents: new Map(), problems: [TOO_LONG_TO_CARRY] };
  const content_hash = await keepBeginning(inbox.store, { ...from, ...raw, acknowledges: true });
  const reasons = await acknowledge(inbox.store, from, acknowledgement, { ...carried, content_hash });
  await keepRefused(inbox, from, raw, reasons.join('; '));
  return true;
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
