/** A whole body from a laboratory, with one message or several, read at once: for who reads it anew. */
import type { LabReport } from '../../../../domain/results/lab-report.ts';
import { decodeMessage } from './hl7-charset.ts';
import { MESSAGE_LIMITS } from './hl7-limits.ts';
import { Hl7Refused, messagesIn } from './hl7-message.ts';
import { type ReportingLab, readingReports } from './hl7-report.ts';
import { inTurns } from './steps.ts';

/** What a body says: the reports of each message in it that can be read, and why the others cannot. */
interface ReadBody {
  messages: { control_id: string; reports: LabReport[] }[];
  /** Codes and places, never a value. */
  refusals: string[];
}

const TOO_MUCH = new Hl7Refused({ segment: 'MSH', sequence: 1, code: '100', text: 'It is more than is read at once' });

/**
 * Reads a body as it came. Whoever else has work to do gets to it meanwhile.
 * @param charset What the transport said of its characters.
 */
export async function readBody(raw: Buffer, lab: ReportingLab, charset?: string): Promise<ReadBody> {
  const read: ReadBody = { messages: [], refusals: [] };
  const unlessRefused = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Hl7Refused)) throw error;
      read.refusals.push(error.message);
    }
  };
  await unlessRefused(async () => {
    const all = decodeMessage(raw, lab.profile.character_set ?? charset);
    const messages = messagesIn(all);
    if (Buffer.byteLength(all) > MESSAGE_LIMITS.bytes || messages.length > MESSAGE_LIMITS.messages) throw TOO_MUCH;
    for (const text of messages) {
      await unlessRefused(async () => {
        const { message, reports } = await inTurns(readingReports(text, lab));
        read.messages.push({ control_id: message.control_id, reports });
      });
    }
  });
  return read;
}
