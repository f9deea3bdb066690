/** Acknowledgements: reading a laboratory's answer to an order, and writing ours to its results. */

import type { AcknowledgementCode, LabAcknowledgement } from '../../laboratory-adapter.ts';
import { MESSAGE_LIMITS } from './hl7-limits.ts';
import {
  controlIdOf,
  ERROR_CONDITIONS,
  type Hl7Problem,
  Hl7Refused,
  locationOf,
  type ReceivedSegment,
  readMessage,
  unwrapped,
  writeMessage,
  writeSegment,
} from './hl7-message.ts';
import { hl7Timestamp } from './hl7-time.ts';

/** Enhanced-mode commit codes mean to us what the application codes mean. */
const CODES: Readonly<Record<string, AcknowledgementCode>> = {
  AA: 'AA',
  CA: 'AA',
  AE: 'AE',
  CE: 'AE',
  AR: 'AR',
  CR: 'AR',
};

/**
 * Reads an ACK (or an ORR/ORL answer). `control_id` is MSA-2: the message it answers. The text is
 * MSA-3 and what every ERR segment says for people (ERR-8, else the words of its code). Throws
 * `Hl7Refused` when it is no acknowledgement.
 */
export function readAcknowledgement(text: string): LabAcknowledgement & { control_id: string } {
  const segments = readMessage(text);
  const header = segments[0] as ReceivedSegment;
  const answer = segments.find((segment) => segment.name === 'MSA');
  if (!answer) throw new Hl7Refused(header.problem('100', 'An acknowledgment must have an MSA segment'));
  const code = CODES[answer.text(1)];
  if (!code) throw new Hl7Refused(answer.problem('103', 'MSA-1 must be one of AA, AE, AR, CA, CE, CR', 1));

  const errors = segments.filter((segment) => segment.name === 'ERR');
  const words = [answer.freeText(3), ...errors.map((error) => error.freeText(8) || error.text(3, 2))];
  return {
    code,
    control_id: answer.text(2),
    text: [...new Set(words)].filter((word) => word !== '').join('; '),
    filler_order_number: segments.find((segment) => segment.name === 'ORC')?.text(3) || null,
  };
}

/**
 * Writes the acknowledgment of a received message, which may be broken in any way: an ERR segment
 * for its problem, with ERR-2 the place (`OBX^3^5`), ERR-3 the code of table 0357, ERR-8 the words. The
 * same answer to the same message has the same control id. `sentAt` is an ISO instant.
 */
export function writeAcknowledgement(
  received: string,
  answer: { code: AcknowledgementCode; text: string; problem?: Hl7Problem },
  sentAt: string,
): string {
  const header = headerOf(received);
  const trigger = header?.text(9, 2) ?? '';
  const { problem } = answer;
  return writeMessage([
    writeSegment('MSH', {
      3: header?.components(5) ?? 'VENULE',
      4: header?.components(6) ?? '',
      5: header?.components(3) ?? '',
      6: header?.components(4) ?? '',
      7: hl7Timestamp(sentAt),
      9: ['ACK', trigger, trigger && 'ACK'],
      10: controlIdOf(`${answer.code}:${received}`),
      11: header?.text(11) || 'P',
      12: '2.5.1',
      18: 'UNICODE UTF-8',
    }),
    writeSegment('MSA', { 1: answer.code, 2: header?.text(10) ?? '', 3: answer.text }),
    ...(problem
      ? [
          writeSegment('ERR', {
            2: locationOf(problem).split('^'),
            3: [problem.code, ERROR_CONDITIONS[problem.code], 'HL70357'],
            4: 'E',
            8: problem.text,
          }),
        ]
      : []),
  ]);
}

function headerOf(received: string): ReceivedSegment | undefined {
  try {
    // What would be too long in a message is too long in its answer.
    const begin = unwrapped(received.slice(0, 2 * MESSAGE_LIMITS.segment_characters));
    const line = begin.slice(0, MESSAGE_LIMITS.segment_characters + 1).split(/[\r\n]/, 1)[0] ?? '';
    return readMessage(line)[0];
  } catch (error) {
    if (error instanceof Hl7Refused) return undefined;
    throw error;
  }
}
