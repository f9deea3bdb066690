/** A body from a laboratory, with one HL7 message or several, read message by message: when it comes, and anew. */
import type { LabReport } from '../domain/results/lab-report.ts';
import {
  isAcknowledgement,
  type ReadAcknowledgement,
  readAcknowledgement,
} from '../partners/labs/formats/hl7v2/hl7-acknowledgement.ts';
import { decodeMessage } from '../partners/labs/formats/hl7v2/hl7-charset.ts';
import { MESSAGE_LIMITS } from '../partners/labs/formats/hl7v2/hl7-limits.ts';
import { Hl7Refused, messagesIn } from '../partners/labs/formats/hl7v2/hl7-message.ts';
import type { DocumentContents } from '../partners/labs/formats/hl7v2/reports/hl7-document.ts';
import { type ReportingLab, readingReports } from '../partners/labs/formats/hl7v2/reports/hl7-report.ts';
import { inTurns } from '../partners/labs/formats/hl7v2/steps.ts';

/** What a laboratory is told of a body over the limit. */
export const TOO_LARGE = `A message can have at most ${MESSAGE_LIMITS.bytes / 1024 / 1024} MB`;

/** A refusal of what comes before any segment was read. */
export const refused = (segment: string, text: string) => new Hl7Refused({ segment, sequence: 1, code: '100', text });
export const TOO_MUCH = refused('MSH', TOO_LARGE);
const TOO_MANY = refused('MSH', `A body can have at most ${MESSAGE_LIMITS.messages} messages; send them in several`);

/** A message of a body: its results, what it acknowledges, or why it says nothing. */
type BodyMessage = RefusedMessage | ({ text: string } & (ReadMessage | { acknowledgement: ReadAcknowledgement }));

interface ReadMessage {
  control_id: string;
  /** It only tests the line: nothing in it is a result. */
  is_test: boolean;
  reports: LabReport[];
  contents: DocumentContents;
}

/** A message that nothing is taken in from. */
interface RefusedMessage {
  text: string;
  refusal: Hl7Refused;
}

/**
 * The texts of the messages in a body as it came, or why it is not read: it is a single message then.
 * @param charset What the transport said of its characters.
 */
export function textsOfBody(raw: Buffer, lab: ReportingLab, charset?: string): string[] | RefusedMessage {
  const whole = unlessRefused(() => decodeMessage(raw, lab.profile.character_set ?? charset));
  if (whole instanceof Hl7Refused) return { text: raw.toString('latin1'), refusal: whole };
  if (Buffer.byteLength(whole) > MESSAGE_LIMITS.bytes) return { text: raw.toString('latin1'), refusal: TOO_MUCH };
  const texts = messagesIn(whole);
  return texts.length > MESSAGE_LIMITS.messages ? { text: texts[0] ?? '', refusal: TOO_MANY } : texts;
}

/** Reads a body as it came; whoever else has work to do gets to it meanwhile. @param charset As `textsOfBody` has it. */
export async function* messagesOfBody(raw: Buffer, lab: ReportingLab, charset?: string): AsyncGenerator<BodyMessage> {
  const texts = textsOfBody(raw, lab, charset);
  if (!Array.isArray(texts)) return yield texts;
  for (const text of texts) {
    try {
      if (isAcknowledgement(text)) {
        yield { text, acknowledgement: readAcknowledgement(text) };
        continue;
      }
      const { message, reports, contents } = await inTurns(readingReports(text, lab));
      const { control_id, is_test } = message;
      yield { text, control_id, is_test, reports, contents };
    } catch (error) {
      if (!(error instanceof Hl7Refused)) throw error;
      yield { text, refusal: error };
    }
  }
}

/** What the work answers, or why it was refused. */
export function unlessRefused<T>(work: () => T): T | Hl7Refused {
  try {
    return work();
  } catch (error) {
    if (error instanceof Hl7Refused) return error;
    throw error;
  }
}
