/** Sending result messages, again and again until they are acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type AcknowledgementCode, HL7_CONTENT_TYPE, parseMessage } from './hl7.ts';
import { sendByMllp, sendUnanswered } from './mllp.ts';
import { type LabOrder, type OrderBook, type Report, unansweredReports } from './orders.ts';

/** Where results go: `{lab}` in the address stands for the laboratory's slug; it ends in `hl7`, and for FHIR in `fhir`. */
export interface Destination {
  url: string;
  authorization: string;
  /** `mllp://host:port`, where results of orders that came over MLLP go; absent where they go over HTTP, too. */
  mllp?: string;
}

/** Milliseconds between attempts: doubled from the first to the longest. */
export interface Backoff {
  first: number;
  longest: number;
}

const ANSWER_WITHIN_MS = 15_000;
/** Answers to FHIR that are the last word. */
const FINAL_STATUSES = [200, 400, 413, 415, 422];

/** Posts a message and gives back what came: HTTP status and body. Throws when there was no answer. */
export async function post(
  to: Destination,
  lab: string,
  { text, format }: Pick<Report, 'text' | 'format'>,
  stop: AbortSignal,
) {
  const address = to.url.replace('{lab}', lab);
  const response = await fetch(format === 'fhir' ? address.replace(/hl7$/, 'fhir') : address, {
    method: 'POST',
    headers: {
      'content-type': format === 'fhir' ? 'application/fhir+json' : HL7_CONTENT_TYPE,
      authorization: to.authorization,
    },
    body: text,
    signal: AbortSignal.any([stop, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
  });
  return { status: response.status, body: await response.text() };
}

/** How often an acknowledgment that comes by itself is sent at most. */
const ACKNOWLEDGED_AT_MOST = 20;

/**
 * Sends an acknowledgment that comes by itself, which nobody answers; again, as long as it is not taken.
 * @param over What its order came on.
 */
export async function sendAcknowledgement(
  to: Destination,
  lab: string,
  text: string,
  over: 'http' | 'mllp',
  { first, longest }: Backoff,
  stop: AbortSignal,
): Promise<void> {
  let pause = first;
  for (let times = 1; times <= ACKNOWLEDGED_AT_MOST; times += 1) {
    await sleep(pause, undefined, { signal: stop });
    pause = Math.min(2 * pause, longest);
    try {
      if (to.mllp && over === 'mllp') return await sendUnanswered(to.mllp, text, stop);
      if ((await post(to, lab, { text }, stop)).status === 200) return;
    } catch {
      stop.throwIfAborted();
    }
  }
}

/** Sends each order's reports one after another, as a laboratory's interface does. */
export class Delivery {
  readonly #book: OrderBook;
  readonly #to: Destination;
  readonly #backoff: Backoff;
  readonly #warn: (problem: { lab: string; placer: string; controlId?: string; reason: string }) => void;
  readonly #stop = new AbortController();
  readonly #running = new Map<LabOrder, Promise<void>>();
  readonly #attempts = new Map<string, number>();

  constructor(
    book: OrderBook,
    to: Destination,
    backoff: Backoff,
    warn: (problem: { lab: string; placer: string; controlId?: string; reason: string }) => void,
  ) {
    this.#book = book;
    this.#to = to;
    this.#backoff = backoff;
    this.#warn = warn;
  }

  /** How often this process has sent a message. */
  attempts(controlId: string): number {
    return this.#attempts.get(controlId) ?? 0;
  }

  /** Sees to it that the order's reports go out, now or when they are due. */
  start(order: LabOrder): void {
    if (this.#running.has(order) || this.#stop.signal.aborted) return;
    const run = this.#run(order)
      .catch((error: Error) => {
        if (!this.#stop.signal.aborted) this.#warn({ lab: order.lab, placer: order.placer, reason: error.message });
      })
      .finally(() => this.#running.delete(order));
    this.#running.set(order, run);
  }

  /** Sends nothing any more; what is unacknowledged goes out when the laboratory is opened again. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#running.values());
  }

  async #run(order: LabOrder): Promise<void> {
    let pause = this.#backoff.first;
    for (let [report] = unansweredReports(order); report; [report] = unansweredReports(order)) {
      const early = Date.parse(report.dueAt) - Date.now();
      if (early > 0) {
        await this.#sleep(Math.min(early, 2 ** 31 - 1));
        continue;
      }
      const answer = await this.#send(order, report);
      if ('code' in answer) {
        await this.#book.answered(order, report.controlId, answer);
        pause = this.#backoff.first;
      } else {
        this.#warn({ lab: order.lab, placer: order.placer, controlId: report.controlId, reason: answer.reason });
        await this.#sleep(pause);
        pause = Math.min(pause * 2, this.#backoff.longest);
      }
    }
  }

  #sleep(milliseconds: number): Promise<void> {
    return sleep(milliseconds, undefined, { signal: this.#stop.signal });
  }

  /** `AA` and `AR` are the last word; `AE` and anything that is no acknowledgment is a reason to try again. */
  async #send(
    order: LabOrder,
    report: Report,
  ): Promise<{ code: AcknowledgementCode; text: string } | { reason: string }> {
    this.#attempts.set(report.controlId, this.attempts(report.controlId) + 1);
    try {
      const { mllp } = this.#to;
      const isByMllp = mllp !== undefined && order.accepted?.requisition.over === 'mllp' && report.format !== 'fhir';
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
      const { status, body } = isByMllp
        ? { status: 200, body: await sendByMllp(mllp, report.text, signal) }
        : await post(this.#to, order.lab, report, this.#stop.signal);
      if (report.format === 'fhir' && FINAL_STATUSES.includes(status)) {
        return { code: status === 200 ? 'AA' : 'AR', text: outcomeOf(body) };
      }
      if (status !== 200) return { reason: `HTTP ${status}` };
      const ack = parseMessage(body);
      const code = ack.get('MSA.1').toString();
      if (ack.get('MSA.2').toString() !== report.controlId) return { reason: 'acknowledgment of another message' };
      if (code === 'AA' || code === 'AR') return { code, text: ack.get('MSA.3').toString() };
      return { reason: `acknowledged ${code}` };
    } catch (error) {
      this.#stop.signal.throwIfAborted();
      return { reason: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** What an OperationOutcome says first. */
const outcomeOf = (body: string): string =>
  (JSON.parse(body) as { issue?: { details?: { text?: string } }[] }).issue?.[0]?.details?.text ?? '';
