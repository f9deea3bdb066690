/** The adapter for laboratories that speak HL7 v2.5.1 over HTTP: docs/hl7.md, "Transport". */
import { callPartner } from '../../../http.ts';
import { PartnerUnreachable } from '../../../partner-unreachable.ts';
import { readAcknowledgement } from '../../formats/hl7v2/hl7-acknowledgement.ts';
import { readableMessage } from '../../formats/hl7v2/hl7-charset.ts';
import { Hl7Refused } from '../../formats/hl7v2/hl7-message.ts';
import { type OrderPurpose, orderControlId, orderMessage } from '../../formats/hl7v2/hl7-order-message.ts';
import type { LabAcknowledgement, LabEndpoint, LabOrderMessage, LaboratoryAdapter } from '../../laboratory-adapter.ts';

/** How long an acknowledgement may be, in bytes; those of laboratories have some hundred. */
export const LONGEST_ACKNOWLEDGEMENT = 1024 * 1024;

/** HL7 over HTTP, for every laboratory that has an `hl7` identity in the catalogue. */
export const hl7OverHttp: LaboratoryAdapter = {
  submit: (order, at, signal) => send(order, 'NW', at, signal),
  cancel: (order, at, signal) => send(order, 'CA', at, signal),
};

async function send(
  message: LabOrderMessage,
  purpose: OrderPurpose,
  at: LabEndpoint,
  signal: AbortSignal,
): Promise<LabAcknowledgement> {
  const lab = `Lab ${message.laboratory.slug}`;
  const { status, body } = await callPartner({
    partner: lab,
    method: 'POST',
    url: at.url,
    headers: {
      'content-type': 'application/hl7-v2; charset=utf-8',
      authorization: `Basic ${Buffer.from(`${at.user}:${at.password}`).toString('base64')}`,
    },
    body: orderMessage({ ...message, purpose }),
    timeoutMs: at.timeoutMs,
    longestAnswer: LONGEST_ACKNOWLEDGEMENT,
    // A decision counts, whatever its words are written in.
    decode: readableMessage,
    credentials: `set the user and password that the lab gave you for account ${message.account.id}`,
    signal,
  });
  if (status < 200 || status > 299) {
    throw new PartnerUnreachable(lab, 'configuration', {
      what: `answered ${status}`,
      toDo: 'check the URL of its connection with the lab',
    });
  }
  const { control_id, ...acknowledgement } = acknowledgementIn(lab, status, body);
  if (control_id !== orderControlId(message.order.id, purpose)) {
    throw unusable(lab, 'acknowledged a different message than the one it was sent (MSA-2)');
  }
  return acknowledgement;
}

function acknowledgementIn(lab: string, status: number, body: string) {
  try {
    return readAcknowledgement(body);
  } catch (cause) {
    if (!(cause instanceof Hl7Refused)) throw cause;
    throw unusable(lab, `answered ${status} with something that is not an HL7 acknowledgment`, cause);
  }
}

const unusable = (lab: string, what: string, cause?: unknown) =>
  new PartnerUnreachable(lab, 'answer', {
    what,
    toDo: 'ask the lab; the order will be sent again',
    cause,
  });
