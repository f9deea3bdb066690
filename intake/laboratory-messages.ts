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
import { judgedMessages, TOO_LONG } from './hl7-refusal.ts';

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

const TESTING = refused('MSA', 'This is a test (MSH-11), and acknowledges nothing in production');
const UNAWAITED = refused('MSA', 'This acknowledges no message that waits for it');

/** A body that is kept. */
interface KeptBody extends Sender {
  raw: Buffer;
  charset?: string | undefined;
  /** SHA-256 of its bytes. */
  content_hash: string;
  /** None of its reports can be there yet. */
  is_new?: boolean;
  /** When it came; now where it is absent. */
  received_at?: Date;
}

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
  if (raw instanceof Excess) return refuseExcess(inbox, from, raw);
  const kept = await keepText(inbox.store, { ...from, raw, charset });
  return answersOnceRead(inbox, { ...from, raw, charset, ...kept });
}

/**
 * The same for a transport on which a laboratory sends the next message only after the acknowledgment of this one: a body
 * that comes for the first time is acknowledged once it is kept, and its reports are stored afterward, by whoever calls
 * `readUnread` (docs/decisions/0024). What the acknowledgments say is decided from the body alone.
 */
export async function acknowledgeHl7(inbox: LaboratoryInbox, from: Sender, raw: Buffer | Excess): Promise<string[]> {
  if (raw instanceof Excess) return refuseExcess(inbox, from, raw);
  const kept = await keepText(inbox.store, { ...from, raw, to_read: true });
  return kept.is_new ? answersTo(inbox, from, raw) : answersOnceRead(inbox, { ...from, raw, ...kept });
}

/** Reads a body that was acknowledged when it was kept, and stores what it says. Doing it again changes nothing. */
export async function readUnread(inbox: LaboratoryInbox, body: KeptBody): Promise<void> {
  await readIn(inbox, body, () => undefined);
}

async function refuseExcess(inbox: LaboratoryInbox, from: Sender, raw: Excess): Promise<string[]> {
  const isTaken = await keepExcess(inbox, from, raw, TOO_MUCH.message);
  return isTaken ? [] : [acknowledgment(raw.head.toString('latin1'), TOO_MUCH)];
}

/** @param refusal Why nothing of the message is taken in; null where it is. */
function acknowledgment(message: string, refusal: Hl7Refused | null): string {
  const answer = refusal
    ? ({ code: 'AR', text: 'Rejected: see ERR', problem: refusal.problem } as const)
    : ({ code: 'AA', text: '' } as const);
  return writeAcknowledgement(message, answer, new Date().toISOString());
}

async function answersOnceRead(inbox: LaboratoryInbox, body: KeptBody): Promise<string[]> {
  const answers: string[] = [];
  await readIn(inbox, body, (message, refusal) => answers.push(acknowledgment(message, refusal)));
  return answers;
}

async function answersTo({ profiles }: LaboratoryInbox, from: Sender, raw: Buffer): Promise<string[]> {
  const { profile } = await profiles.of(from.lab_slug, from.environment);
  const lab = reportingLab(from.lab_slug, profile, from.environment);
  return (await judgedMessages(raw, lab)).map(({ text, refusal }) => acknowledgment(text, refusal));
}

/** @param answer Is told of each message that is to be acknowledged, and why it was not taken in. */
async function readIn(
  { store, profiles, logger }: LaboratoryInbox,
  body: KeptBody,
  answer: (message: string, refusal: Hl7Refused | null) => void,
): Promise<void> {
  const { lab_slug, environment, raw, charset, content_hash, is_new = false, received_at = new Date() } = body;
  const from = { lab_slug, environment };
  const refusals: string[] = [];
  const refuse = ({ message: why }: Hl7Refused) => refusals.push(why);
  const { profile } = await profiles.of(lab_slug, environment);
  const lab = reportingLab(lab_slug, profile, environment, received_at.toISOString());
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
      refuse(message.refusal);
      if (!isAcknowledgement(message.text)) answer(message.text, message.refusal);
      continue;
    }
    const { text, control_id, is_test, reports, contents } = message;
    const same_before = ofControlId.get(control_id) ?? 0;
    const places = { content_hash, is_new, reports_before, same_before };
    const stored = { ...from, ...places, control_id, is_test, reports, contents, received_at };
    try {
      await storeReports(store, stored, MESSAGE_LIMITS.report_bytes);
    } catch (error) {
      if (!(error instanceof ReportTooLong)) throw error;
      refuse(TOO_LONG);
      answer(text, TOO_LONG);
      continue;
    }
    reports_before += reports.length;
    ofControlId.set(control_id, same_before + reports.length);
    answer(text, null);
  }
  if (acknowledgements > 0 && reports_before === 0) await noteAcknowledgement(store, content_hash);
  if (refusals.length > 0) {
    const reason = [...new Set(refusals)].join('; ');
    logger.warn({ lab: lab_slug, content_hash, reason }, 'A laboratory message was rejected');
    await noteRefusal(store, content_hash, reason);
  }
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
