/** The orders a laboratory holds, and everything that happened to them. */

import { Journal } from '../journal.ts';
import type { AcknowledgementCode, Complaint } from './hl7.ts';
import type { Requisition } from './order-message.ts';

/** Status of an ordered test as OBR-25 says it: preliminary, final, corrected, or cancelled. */
export type TestStatus = 'P' | 'F' | 'C' | 'X';

/** The statuses after which no more is to come. */
export const SETTLED: readonly (TestStatus | undefined)[] = ['F', 'C', 'X'];

/** A result message, composed and to be sent until it is acknowledged. */
export interface Report {
  controlId: string;
  /** ISO instant before which it is not sent. */
  dueAt: string;
  tests: { code: string; status: TestStatus }[];
  /** Absent where it is HL7 v2. */
  format?: 'fhir';
  text: string;
}

/** What the other side said about a report. */
export interface ReportAnswer {
  code: AcknowledgementCode;
  text: string;
  at: string;
}

/** One thing that happened; the journal is a list of these. */
type Entry = { at: string; lab: string; placer: string } & (
  | { type: 'order_message'; control: 'NW' | 'CA'; answer: AcknowledgementCode; requisition?: Requisition }
  | { type: 'report'; report: Report }
  | { type: 'report_answered'; controlId: string; answer: Omit<ReportAnswer, 'at'> }
);
type EntryOf<Type> = Extract<Entry, { type: Type }>;

/** An order, or what is known of a placer order number that never became one. */
export interface LabOrder {
  lab: string;
  placer: string;
  received: { new: number; cancel: number };
  requisitionsMade: number;
  /** Absent when no order message of this number was ever accepted. */
  accepted?: { at: string; requisition: Requisition };
  cancelledAt?: string;
  reports: Report[];
  answers: Map<string, ReportAnswer>;
}

/** `refused`: nothing was taken down under this number. */
export type OrderState = 'refused' | 'open' | 'partially_reported' | 'reported' | 'cancelled';

/** How far each ordered test is, over all reports composed so far. */
export function testStatuses(order: LabOrder): Map<string, TestStatus> {
  return new Map(order.reports.flatMap((report) => report.tests).map(({ code, status }) => [code, status]));
}

/** Where an order stands at a moment: a report counts from when it is due. */
export function stateOf(order: LabOrder, now = new Date()): OrderState {
  if (!order.accepted) return 'refused';
  if (order.cancelledAt) return 'cancelled';
  const due = order.reports.filter((report) => report.dueAt <= now.toISOString());
  if (due.length === 0) return 'open';
  const statuses = testStatuses({ ...order, reports: due });
  const all = order.accepted.requisition.tests.every(({ code }) => SETTLED.includes(statuses.get(code)));
  return all ? 'reported' : 'partially_reported';
}

/** Reports that are still to be acknowledged, in the order they go out. */
export function unansweredReports(order: LabOrder): Report[] {
  return order.reports.filter((report) => !order.answers.has(report.controlId));
}

/** All orders of all laboratories, folded from the journal. */
export class OrderBook {
  readonly #journal: Journal<Entry>;
  readonly #orders = new Map<string, LabOrder>();

  private constructor(journal: Journal<Entry>) {
    this.#journal = journal;
  }

  /** The order book as the journal in a folder left it. */
  static async open(folder: string): Promise<OrderBook> {
    const { journal, entries } = await Journal.open<Entry>(folder);
    const book = new OrderBook(journal);
    for (const entry of entries) book.#apply(entry);
    return book;
  }

  find(lab: string, placer: string): LabOrder | undefined {
    return this.#orders.get(`${lab}/${placer}`);
  }

  all(): LabOrder[] {
    return [...this.#orders.values()];
  }

  /**
   * Takes an order message down, whatever the answer to it. The same placer order number again is answered as
   * before and makes nothing new; a cancellation that comes after the last result is too late.
   */
  async receive(
    message: { control: 'NW' | 'CA'; placer: string; requisition: Requisition; complaints: Complaint[] },
    lab: string,
    refusal?: 'AE' | 'AR',
  ): Promise<{ code: AcknowledgementCode; text: string; complaints: Complaint[] }> {
    const { control, placer } = message;
    const order = this.find(lab, placer);
    const entry = { type: 'order_message' as const, lab, placer, control };
    if (refusal) {
      await this.#record({ ...entry, answer: refusal });
      const text = refusal === 'AE' ? 'The order system is not available.' : 'The account may not order here.';
      return { code: refusal, text, complaints: [{ location: 'MSH^1^4', code: 207, text }] };
    }
    const complaints = [...message.complaints];
    if (control === 'CA' && order && stateOf(order) === 'reported') {
      complaints.push({ location: 'ORC^1^1', code: 207, text: 'The order is reported already.' });
    }
    if (complaints.length > 0 && !(control === 'NW' && order?.accepted)) {
      await this.#record({ ...entry, answer: 'AR' });
      return { code: 'AR', text: complaints[0]?.text ?? '', complaints };
    }
    const isNew = control === 'NW' && !order?.accepted;
    await this.#record({ ...entry, answer: 'AA', ...(isNew && { requisition: message.requisition }) });
    return { code: 'AA', text: control === 'NW' ? 'Order accepted' : 'Order cancelled', complaints: [] };
  }

  /** Keeps reports, so that they are sent even by the next process. */
  async plan(order: LabOrder, reports: Report[]): Promise<void> {
    const { lab, placer } = order;
    await Promise.all(reports.map((report) => this.#record({ type: 'report', lab, placer, report })));
  }

  /** Keeps the other side's last word on a report. */
  async answered(order: LabOrder, controlId: string, answer: Omit<ReportAnswer, 'at'>): Promise<void> {
    const { lab, placer } = order;
    await this.#record({ type: 'report_answered', lab, placer, controlId, answer });
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  #record(
    entry:
      | Omit<EntryOf<'order_message'>, 'at'>
      | Omit<EntryOf<'report'>, 'at'>
      | Omit<EntryOf<'report_answered'>, 'at'>,
  ): Promise<void> {
    const dated: Entry = { at: new Date().toISOString(), ...entry };
    this.#apply(dated);
    return this.#journal.append(dated);
  }

  #apply(entry: Entry): void {
    const key = `${entry.lab}/${entry.placer}`;
    const order: LabOrder = this.#orders.get(key) ?? {
      lab: entry.lab,
      placer: entry.placer,
      received: { new: 0, cancel: 0 },
      requisitionsMade: 0,
      reports: [],
      answers: new Map(),
    };
    switch (entry.type) {
      case 'order_message':
        order.received[entry.control === 'NW' ? 'new' : 'cancel'] += 1;
        if (entry.requisition) {
          order.requisitionsMade += 1;
          order.accepted = { at: entry.at, requisition: entry.requisition };
        }
        if (entry.control === 'CA' && entry.answer === 'AA' && order.accepted) {
          order.cancelledAt ??= entry.at;
          order.reports = order.reports.filter((report) => report.dueAt <= entry.at);
        }
        break;
      case 'report':
        order.reports.push(entry.report);
        break;
      case 'report_answered':
        order.answers.set(entry.controlId, { ...entry.answer, at: entry.at });
        break;
    }
    this.#orders.set(key, order);
  }
}
