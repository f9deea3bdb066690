/** Orders as HL7 v2 messages on any transport, and what laboratories answer to them (F4): docs/hl7.md, "Orders". */
import type { Acknowledges, OrderTransport } from '../../../../domain/catalogue/lab-connection.ts';
import { decisionOn } from '../../../../domain/orders/order-answer.ts';
import { Excess } from '../../../bounded-body.ts';
import { PartnerUnreachable } from '../../../partner-unreachable.ts';
import type {
  AcknowledgementCode,
  CarriedDocuments,
  LabAnswer,
  LabEndpoint,
  LabOrderMessage,
  LaboratoryAdapter,
  OrderPurpose,
} from '../../laboratory-adapter.ts';
import { LongAnswer } from '../../long-answers.ts';
import type { Carrier } from '../../transports/carrier.ts';
import { isAcknowledgement, type ReadAcknowledgement, readAcknowledgement } from './hl7-acknowledgement.ts';
import { readableMessage } from './hl7-charset.ts';
import { MESSAGE_LIMITS } from './hl7-limits.ts';
import { Hl7Refused, messagesIn } from './hl7-message.ts';
import { orderControlId, orderMessage } from './hl7-order-message.ts';
import { readingCarried } from './hl7-requisition.ts';
import { inTurns } from './steps.ts';

/** How long an acknowledgement may be, in bytes; those of laboratories have some hundred, and some carry a PDF. */
export const LONGEST_ACKNOWLEDGEMENT = MESSAGE_LIMITS.bytes;

/** How much of what comes is looked at for what it answers, in bytes. */
const BEGIN = 64 * 1024;

/** Orders as HL7 v2, carried by `carry`. */
export function hl7Orders<Kind extends OrderTransport['kind']>(carry: Carrier<Kind>): LaboratoryAdapter<Kind> {
  const send =
    (purpose: OrderPurpose): LaboratoryAdapter<Kind>['submit'] =>
    async (message, { orders, acknowledges, timeoutMs, takeIn = passedOver, keepCarried }, signal) => {
      const lab = `Lab ${message.laboratory.slug}`;
      const acknowledgementOf = (raw: Buffer | Excess) => acknowledgementIn(beginningOf(raw), message, purpose);
      const place = new LongAnswer();
      try {
        const answer = await carry(orderMessage({ ...message, purpose }), {
          orders,
          lab,
          name: nameOf(message, purpose),
          account: message.account.id,
          timeoutMs,
          longestAnswer: LONGEST_ACKNOWLEDGEMENT,
          makeRoom: (bytes, over) => place.makeRoom(bytes, over),
          isAnswer: (raw) => acknowledgementOf(raw) !== null,
          mayBeFollowed: (raw) => acknowledgementOf(raw)?.is_final === false,
          takeIn,
          signal,
        });
        // A decision counts, whatever its words are written in.
        const text = readableMessage(Buffer.isBuffer(answer) ? answer : answer.head);
        const messages = messagesIn(text);
        const own = messages.find((each) => acknowledgementIn(each, message, purpose) !== null);
        const others = messages.filter((each) => each !== own && isAcknowledgement(each));
        for (const other of others) await takeIn(Buffer.from(other), 'utf-8');
        const decision = decisionIn(own ?? text, lab, acknowledges, message, purpose);
        if (own !== undefined && decision.code !== 'awaited') await keep(answer, own, decision.code, keepCarried);
        return decision;
      } finally {
        place.end();
      }
    };
  return {
    idOf: ({ order }, purpose) => orderControlId(order.id, purpose),
    submit: send('NW'),
    cancel: send('CA'),
  };
}

/** Has what an answer carries beside its decision kept, where it carries anything. */
async function keep(
  answer: Buffer | Excess,
  own: string,
  code: AcknowledgementCode,
  keepCarried: LabEndpoint['keepCarried'],
): Promise<void> {
  if (!keepCarried) return;
  const carried: CarriedDocuments =
    answer instanceof Excess
      ? { documents: [], contents: new Map(), problems: [TOO_LONG_TO_CARRY] }
      : await inTurns(readingCarried(own));
  if (carried.documents.length + carried.problems.length > 0) await keepCarried(answer, carried, code);
}

/** Why no document is taken from an acknowledgment that is too long. */
export const TOO_LONG_TO_CARRY = `An acknowledgment can have at most ${LONGEST_ACKNOWLEDGEMENT / 1024 / 1024} MB: its decision counts, and documents in it are not kept`;

const beginningOf = (raw: Buffer | Excess) => readableMessage(Buffer.isBuffer(raw) ? raw.subarray(0, BEGIN) : raw.head);

/** The same in every attempt, and another once the laboratory has answered with an error. */
function nameOf({ order, errors_before = 0 }: LabOrderMessage, purpose: OrderPurpose): string {
  const control_id = orderControlId(order.id, purpose);
  return errors_before === 0 ? control_id : `${control_id}-${errors_before + 1}`;
}

const passedOver = async (): Promise<string[]> => [];

function decisionIn(
  answer: string,
  lab: string,
  acknowledges: Acknowledges,
  message: LabOrderMessage,
  purpose: OrderPurpose,
): LabAnswer {
  const acknowledgement = acknowledgementIn(answer, message, purpose);
  if (acknowledgement) return acknowledgement;
  if (acknowledges === 'later') return { code: 'awaited' };
  if (acknowledges === 'none') return { code: 'AA', text: '', filler_order_number: null, is_final: true };
  const what = wrongIn(answer, message);
  throw new PartnerUnreachable(lab, 'answer', { what, toDo: 'ask the lab; the order will be sent again' });
}

/** What is wrong with an answer that does not acknowledge the message. */
function wrongIn(answer: string, message: LabOrderMessage): string {
  if (answer.trim() === '') {
    return 'took the message and did not acknowledge it (if it does later or never: admin connection set --acknowledges)';
  }
  try {
    if (isOnlyTest(readAcknowledgement(answer), message)) {
      return 'acknowledged the order as a test of the line (MSH-11 T or D), although it is none';
    }
    return 'acknowledged a different message than the one it was sent (MSA-2)';
  } catch (error) {
    if (!(error instanceof Hl7Refused)) throw error;
    return 'answered with something that is not an HL7 acknowledgment';
  }
}

/** A test of the line decides nothing about an order in production. */
const isOnlyTest = ({ is_test }: ReadAcknowledgement, message: LabOrderMessage) =>
  is_test && !message.is_test && !message.order.options.sandbox;

/** The acknowledgment of this very message; null where the text is none. */
function acknowledgementIn(text: string, message: LabOrderMessage, purpose: OrderPurpose) {
  const { order } = message;
  try {
    const read = readAcknowledgement(text);
    if (isOnlyTest(read, message)) return null;
    const { code, text: words, filler_order_number, is_final, ...named } = read;
    const { control_id, placer_order_number, is_of_cancellation, is_canceled } = named;
    // An answer without MSA (ORR, ORL) names the order instead.
    const isOurs =
      control_id === null
        ? placer_order_number === order.placer_order_number && (purpose === 'CA' || !is_of_cancellation)
        : control_id === orderControlId(order.id, purpose);
    if (!isOurs) return null;
    return decisionOn(purpose, is_canceled, { code, text: words, filler_order_number, is_final });
  } catch (error) {
    if (error instanceof Hl7Refused) return null;
    throw error;
  }
}
