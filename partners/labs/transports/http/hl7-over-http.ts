/** The adapter for laboratories that speak HL7 v2.5.1 over HTTP: docs/hl7.md, "Transport". */
import { AnswerTooLong, boundedText, mayHaveArrived, networkCode, waitOf } from '../../../no-answer.ts';
import { readAcknowledgement } from '../../formats/hl7v2/hl7-acknowledgement.ts';
import { Hl7Refused } from '../../formats/hl7v2/hl7-message.ts';
import { type OrderPurpose, orderControlId, orderMessage } from '../../formats/hl7v2/hl7-order-message.ts';
import {
  type LabAcknowledgement,
  type LabEndpoint,
  type LabOrderMessage,
  type LaboratoryAdapter,
  LabUnreachable,
} from '../../laboratory-adapter.ts';

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
  const lab = message.laboratory.slug;
  const { status, retryAfterMs, body } = await post(lab, orderMessage({ ...message, purpose }), at, signal);
  if (status < 200 || status > 299) throw refusal(lab, message.account.id, status, retryAfterMs);

  const { control_id, ...acknowledgement } = acknowledgementIn(lab, status, body);
  if (control_id !== orderControlId(message.order.id, purpose)) {
    throw unusable(lab, 'acknowledged a different message than the one it was sent (MSA-2)');
  }
  return acknowledgement;
}

async function post(lab: string, message: string, at: LabEndpoint, signal: AbortSignal) {
  const deadline = AbortSignal.timeout(at.timeoutMs);
  try {
    const response = await fetch(at.url, {
      method: 'POST',
      body: message,
      headers: {
        'content-type': 'application/hl7-v2; charset=utf-8',
        authorization: `Basic ${Buffer.from(`${at.user}:${at.password}`).toString('base64')}`,
      },
      redirect: 'manual',
      signal: AbortSignal.any([signal, deadline]),
    });
    const retryAfterMs = waitOf(response.headers.get('retry-after'), Date.now());
    return { status: response.status, retryAfterMs, body: await boundedText(response, LONGEST_ACKNOWLEDGEMENT) };
  } catch (cause) {
    signal.throwIfAborted();
    if (deadline.aborted) {
      throw new LabUnreachable(`Lab ${lab} did not respond within ${at.timeoutMs} ms; the order will be sent again`, {
        lab,
        fault: 'timeout',
        mayHaveArrived: true,
        cause,
      });
    }
    if (cause instanceof AnswerTooLong) throw unusable(lab, 'answered with more than an acknowledgement', cause);
    const code = networkCode(cause);
    throw new LabUnreachable(
      `Lab ${lab} can't be reached (${code}); check that the lab is up and that the URL of its connection is right`,
      { lab, fault: 'connection', mayHaveArrived: mayHaveArrived(code), cause },
    );
  }
}

function acknowledgementIn(lab: string, status: number, body: string) {
  try {
    return readAcknowledgement(body);
  } catch (cause) {
    if (!(cause instanceof Hl7Refused)) throw cause;
    throw unusable(lab, `answered ${status} with something that is not an HL7 acknowledgment`, cause);
  }
}

function unusable(lab: string, what: string, cause?: unknown): LabUnreachable {
  return new LabUnreachable(`Lab ${lab} ${what}; ask the lab. The order will be sent again`, {
    lab,
    fault: 'answer',
    mayHaveArrived: true,
    cause,
  });
}

/** What a status other than 2xx means; a server's own failure may come after it stored the message. */
function refusal(lab: string, accountId: string, status: number, retryAfterMs: number | null): LabUnreachable {
  if (status === 401 || status === 403) {
    return new LabUnreachable(
      `Lab ${lab} answered ${status}: it rejects the user and password of its connection; ` +
        `set the ones that the lab gave you for account ${accountId}`,
      { lab, fault: 'credentials', mayHaveArrived: false, retryAfterMs },
    );
  }
  if (status >= 500 || status === 408 || status === 429) {
    return new LabUnreachable(`Lab ${lab} answered ${status}; the order will be sent again`, {
      lab,
      fault: 'unavailable',
      mayHaveArrived: status >= 500,
      retryAfterMs,
    });
  }
  return new LabUnreachable(`Lab ${lab} answered ${status}; check the URL of its connection with the lab`, {
    lab,
    fault: 'configuration',
    mayHaveArrived: false,
    retryAfterMs,
  });
}
