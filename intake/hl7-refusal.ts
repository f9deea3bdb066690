/** What a laboratory is answered with, before its message is read. */
import { isAcknowledgement } from '../partners/labs/formats/hl7v2/hl7-acknowledgement.ts';
import { MESSAGE_LIMITS } from '../partners/labs/formats/hl7v2/hl7-limits.ts';
import { Hl7Refused, type ReceivedSegment, readingMessage } from '../partners/labs/formats/hl7v2/hl7-message.ts';
import { isEncodedDocument } from '../partners/labs/formats/hl7v2/reports/hl7-document.ts';
import { assertResults, type ReportingLab, readingReports } from '../partners/labs/formats/hl7v2/reports/hl7-report.ts';
import { inTurns, Pace, type Steps } from '../partners/labs/formats/hl7v2/steps.ts';
import { isLongerThan } from '../store/inbox/readings/plan-reading.ts';
import { refused, textsOfBody } from './hl7-body.ts';

export const TOO_LONG = refused('OBR', 'The report on one order is too long; split it into several messages');

/**
 * Segments times characters. Whatever stands in a message of less: its tests times its specimens are fewer than 20,000,
 * since a segment has four characters at least, and even if all of it stood with each of them, a report would keep its
 * limit of 14 MB.
 */
const SURELY_WITHIN = 4 * MESSAGE_LIMITS.specimens_of_tests * 4;
/** Of a document that cannot be decoded no more is shown, in characters. */
const SHOWN_OF_DOCUMENT = 5_000;

/** A message, and why nothing of it is taken in; null where it is. */
interface JudgedMessage {
  text: string;
  refusal: Hl7Refused | null;
}

/** What each message of a body is answered with; acknowledgments, which are not answered, are left out. */
export async function judgedMessages(raw: Buffer, lab: ReportingLab, charset?: string): Promise<JudgedMessage[]> {
  const texts = textsOfBody(raw, lab, charset);
  if (!Array.isArray(texts)) return isAcknowledgement(texts.text) ? [] : [texts];
  const judged: JudgedMessage[] = [];
  for (const text of texts) {
    if (!isAcknowledgement(text)) judged.push({ text, refusal: await refusalOf(text, lab) });
  }
  return judged;
}

/** Why nothing of a message is taken in; null where it is. Only a long one is read for it. */
async function refusalOf(text: string, lab: ReportingLab): Promise<Hl7Refused | null> {
  try {
    if (await inTurns(isSurelyTaken(text))) return null;
    const message = await inTurns(readingReports(text, lab));
    return isLongerThan(MESSAGE_LIMITS.report_bytes, message) ? TOO_LONG : null;
  } catch (error) {
    if (error instanceof Hl7Refused) return error;
    throw error;
  }
}

/** @throws Hl7Refused */
function* isSurelyTaken(text: string): Steps<boolean> {
  const segments = yield* readingMessage(text, new Pace());
  assertResults(segments);
  return segments.length * segments.reduce((sum, segment) => sum + shownOf(segment), 0) < SURELY_WITHIN;
}

/** How many characters of a segment can be in a report. */
function shownOf(segment: ReceivedSegment): number {
  if (segment.name !== 'OBX' || !isEncodedDocument(segment)) return segment.length;
  return segment.length - Math.max(0, segment.lengthOf(5) - SHOWN_OF_DOCUMENT);
}
