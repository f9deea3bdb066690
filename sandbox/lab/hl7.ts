/** HL7 v2.5.1 messages, read and written with `node-hl7-client`. */
import { type HL7Node, Message } from 'node-hl7-client';
import type { Laboratory } from './catalogue.ts';

export type { Message } from 'node-hl7-client';

export const HL7_CONTENT_TYPE = 'application/hl7-v2; charset=utf-8';

/** Acknowledgement codes of HL7 table 0008: taken, try again, do not try again. */
export type AcknowledgementCode = 'AA' | 'AE' | 'AR';

/** What is wrong with a message, and where: one `ERR` segment. */
export interface Complaint {
  /** ERR-2: `segment^sequence^field`. */
  location: string;
  /** ERR-3, of HL7 table 0357. */
  code: keyof typeof ERROR_CONDITIONS;
  /** ERR-8, for people. */
  text: string;
}

const ERROR_CONDITIONS = {
  100: 'Segment sequence error',
  101: 'Required field missing',
  102: 'Data type error',
  103: 'Table value not found',
  200: 'Unsupported message type',
  203: 'Unsupported version id',
  204: 'Unknown key identifier',
  205: 'Duplicate key identifier',
  207: 'Application internal error',
};

/** The message that a text holds, whichever line ends it uses; throws when it is no HL7 message. */
export function parseMessage(text: string): Message {
  return new Message({ text: text.trim().replace(/\r\n|\n/g, '\r') });
}

/** The segments of a message in their order. */
export function segmentsOf(message: Message): HL7Node[] {
  const segments: HL7Node[] = [];
  message.forEach((segment) => {
    segments.push(segment);
  });
  return segments;
}

/** A field or component (`4.1`) of a segment, unescaped; empty when it is not there. */
export function valueAt(segment: HL7Node | undefined, place: string): string {
  return segment?.get(`.${place}`).toString().trim() ?? '';
}

/** A time as HL7 writes it, to the second, in UTC. */
export function hl7Time(time: Date): string {
  return `${time.toISOString().replace(/\D/g, '').slice(0, 14)}+0000`;
}

/** Adds a segment whose fields and components are given by place: `{ '3.1': 'x' }`. */
export function addSegment(message: Message, name: string, values: Record<string, string | null>): void {
  const segment = message.addSegment(name);
  for (const [place, value] of Object.entries(values)) {
    if (value) segment.set(`.${place}`, value);
  }
}

/** The message on the wire: segments end with a carriage return. */
export function serialize(message: Message): string {
  return `${message.toString()}\r`;
}

/** A new message from a laboratory, holding its `MSH` and the segments given verbatim. */
export function messageFrom(
  lab: Laboratory,
  header: { type: string; to: { application: string; facility: string }; controlId: string; time: Date },
  verbatimSegments: string[] = [],
): Message {
  const message = new Message({ text: ['MSH|^~\\&|', ...verbatimSegments].join('\r'), newLine: '\r' });
  const [code = '', trigger = '', structure = ''] = header.type.split('^');
  const values = {
    '3': lab.hl7.application,
    '4': lab.hl7.facility,
    '5': header.to.application,
    '6': header.to.facility,
    '7': hl7Time(header.time),
    '9.1': code,
    '9.2': trigger,
    '9.3': structure,
    '10': header.controlId,
    '11': 'P',
    '12': '2.5.1',
  };
  for (const [place, value] of Object.entries(values)) message.set(`MSH.${place}`, value);
  return message;
}

/** The `ACK` to a message, unless another type is wanted: `MSA`, and an `ERR` for each complaint. */
export function acknowledgement(
  lab: Laboratory,
  received: { trigger: string; controlId: string; application: string; facility: string },
  answer: { code: AcknowledgementCode | 'CA'; text: string; complaints: Complaint[]; controlId: string; type?: string },
): string {
  const ack = messageFrom(lab, {
    type: answer.type ?? `ACK^${received.trigger}^ACK`,
    to: received,
    controlId: answer.controlId,
    time: new Date(),
  });
  addSegment(ack, 'MSA', { '1': answer.code, '2': received.controlId, '3': answer.text });
  for (const complaint of answer.complaints) {
    const [segment = '', sequence = '', field = ''] = complaint.location.split('^');
    addSegment(ack, 'ERR', {
      '2.1': segment,
      '2.2': sequence,
      '2.3': field,
      '3.1': String(complaint.code),
      '3.2': ERROR_CONDITIONS[complaint.code],
      '3.3': 'HL70357',
      '4': 'E',
      '8': complaint.text,
    });
  }
  return serialize(ack);
}
