/** Acknowledgements: reading a laboratory's answer to an order, and writing ours to its results. */

import type { AcknowledgementCode, LabAcknowledgement } from '../../laboratory-adapter.ts';
import { isSegmentName, MESSAGE_LIMITS } from './hl7-limits.ts';
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
import { linesIn } from './lines.ts';

/** What MSA-1 says. A commit code (enhanced mode) means what the application code means, but may still be followed by one. */
const CODES: Readonly<Record<string, { code: AcknowledgementCode; is_final: boolean }>> = {
  AA: { code: 'AA', is_final: true },
  AE: { code: 'AE', is_final: true },
  AR: { code: 'AR', is_final: true },
  CA: { code: 'AA', is_final: false },
  CE: { code: 'AE', is_final: true },
  CR: { code: 'AR', is_final: true },
};

/** What ORC-1 says of an order in an answer without MSA (table 0119); whatever else it says, the lab has the order. */
const UNABLE = new Set(['UA', 'UC', 'UD', 'UF', 'UH', 'UM', 'UR', 'UX']);
/** ORC-1 of an order that the laboratory itself has canceled or discontinued. */
const CANCELED = new Set(['OC', 'OD']);

/** How many reasons are taken from an acknowledgment, and how much of all of them, in characters. */
const REASONS = { most: 20, characters: 2_000 };

/** Whether a message is an acknowledgment by its MSH-9, or by having an MSA where that is blank. */
export function isAcknowledgement(text: string): boolean {
  const type = headerOf(text)?.text(9);
  return type === '' ? /[\r\n]MSA/.test(text) : /^(ACK|ORR|ORL|MCF)$/.test(type ?? '');
}

/** An acknowledgment, and what it is of. */
export interface ReadAcknowledgement extends LabAcknowledgement {
  /** MSA-2: the message that it answers; null where it has no MSA and names the order instead. */
  control_id: string | null;
  /** ORC-2. */
  placer_order_number: string | null;
  /** ORC-1 answers a cancellation, and no order. */
  is_of_cancellation: boolean;
  /** ORC-1 says, of all that it is about, that the laboratory has canceled it (see `decisionOn`). */
  is_canceled: boolean;
  /** MSH-11 is `T` or `D`: it tests the line. */
  is_test: boolean;
}

/**
 * Reads an ACK, or an ORR or ORL answer, which laboratories also write without MSA: then ORC-1 decides. The text is MSA-3,
 * what every ERR segment says for people (ERR-8 and ERR-7, else the words of its codes), and why an order is canceled (ORC-16).
 * What else it carries is another matter (hl7-requisition.ts), and in whatever state that is, the decision counts.
 * @throws Hl7Refused when it is no acknowledgment
 */
export function readAcknowledgement(text: string): ReadAcknowledgement {
  const segments = readMessage(decidingPart(text));
  const header = segments[0] as ReceivedSegment;
  const answer = segments.find((segment) => segment.name === 'MSA');
  const orders = segments.filter((segment) => segment.name === 'ORC');
  const [order] = orders;
  const errors = segments.filter((segment) => segment.name === 'ERR');
  const decided = answer ? CODES[answer.text(1).toUpperCase()] : orderAnswer(header, order);
  if (!decided) {
    throw new Hl7Refused(
      answer
        ? answer.problem('103', 'MSA-1 must be one of AA, AE, AR, CA, CE, CR', 1)
        : header.problem('100', 'An acknowledgment must have an MSA segment'),
    );
  }
  // A message may be accepted of which the laboratory can do nothing.
  const isUnable = orders.length > 0 && orders.every((one) => UNABLE.has(one.text(1).toUpperCase()));
  const said = isUnable && decided.code === 'AA' ? { code: 'AR' as const, is_final: true } : decided;
  const isCanceled = orders.length > 0 && orders.every((one) => CANCELED.has(one.text(1).toUpperCase()));
  const isAccepted = said.code === 'AA' && !isCanceled;
  const notes = isAccepted ? [] : segments.filter((segment) => segment.name === 'NTE');
  const words = [
    ...(answer ? [answer.freeText(3), ...inWords(answer, 6)] : []),
    ...errors.flatMap(reasonsOf),
    ...(isAccepted ? [] : orders.flatMap((one) => inWords(one, 16))),
    ...notes.map((note) => note.freeText(3)),
  ];
  return {
    ...said,
    control_id: answer ? answer.text(2) : null,
    text: shortened([...new Set(words)].filter((word) => word !== '')),
    placer_order_number: order?.text(2) || null,
    is_of_cancellation: /^(CR|UC)$/.test(order?.text(1) ?? ''),
    is_canceled: isCanceled,
    is_test: /^[TD]$/.test(header.text(11)),
    filler_order_number: order?.text(3) || null,
  };
}

/** What an error says for people: its own words and what it was found by; else its codes, those of HL7 first, or ERR-1 of old. */
function reasonsOf(error: ReceivedSegment): string[] {
  const words = [error.freeText(8), error.freeText(7)].filter((text) => text !== '');
  const coded = words.length > 0 ? [] : [...inWords(error, 3), ...inWords(error, 5)];
  if (words.length + coded.length > 0) return [...words, ...coded];
  return [error.part(1, 4, 2) || error.part(1, 4, 1)];
}

/** Coded reasons, one a repetition: the text, else what the code means in table 0357, else the code. */
const inWords = (segment: ReceivedSegment, field: number): string[] =>
  segment.coded(field).flatMap(({ codes: [code], texts: [text] }) => {
    const known = code !== undefined && Object.hasOwn(ERROR_CONDITIONS, code);
    return text ?? (known ? ERROR_CONDITIONS[code as keyof typeof ERROR_CONDITIONS] : code) ?? [];
  });

function shortened(words: readonly string[]): string {
  const text = words.slice(0, REASONS.most).join('; ');
  const isWhole = words.length <= REASONS.most && text.length <= REASONS.characters;
  return isWhole ? text : `${text.slice(0, REASONS.characters)} …`;
}

/** Segments that say how an order is decided. */
const DECIDING = new Set(['MSH', 'MSA', 'ERR', 'ORC', 'NTE']);

/** A message without the segments that decide nothing, which may hold many megabytes; of the others so much as says enough. */
function decidingPart(text: string): string {
  const message = unwrapped(text);
  const field = message[3];
  const kept: string[] = [];
  let room = 0;
  for (const line of linesIn(message)) {
    const name = line.slice(0, 3);
    const isSegment = isSegmentName(name) && (line.length === 3 || line[3] === field);
    if (isSegment) room = DECIDING.has(name) ? MESSAGE_LIMITS.segment_characters : 0;
    if (room <= 0) continue;
    kept.push(line.slice(0, room));
    room -= line.length;
  }
  return kept.join('\r');
}

/** What an ORR or ORL says without MSA. */
function orderAnswer(header: ReceivedSegment, order: ReceivedSegment | undefined) {
  if (!order || !/^OR[RL]$/.test(header.text(9))) return undefined;
  return { code: UNABLE.has(order.text(1)) ? ('AR' as const) : ('AA' as const), is_final: true };
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
      10: controlIdOf(`${answer.code}:`, received),
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
