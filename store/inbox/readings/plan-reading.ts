/**
 * What becomes of a message's reports when it is read anew. Worked out for whoever asks first, and again by whoever then
 * does it: nothing is stored here.
 */
import { isDeepStrictEqual } from 'node:util';
import type { LabReport } from '../../../domain/results/lab-report.ts';
import { CLOCKS_DIFFER, type Mismatch, mismatch } from '../../../domain/results/report-matching.ts';
import { collectionOf } from '../../collections/define.ts';
import type { LabMessageDocument } from '../../collections/inbox.ts';
import type { OrderDocument } from '../../collections/orders.ts';
import type { Store } from '../../open.ts';
import { bytesInResult, excessOnOrder } from '../../results/result-limit.ts';
import { bytesOf } from '../lab-inbox.ts';
import { ordersOf } from '../orders-of-reports.ts';
import type { KeptMessage } from './kept-messages.ts';

/** A report as it is held. */
export type HeldReport = Omit<LabMessageDocument, 'raw'>;

/** A message as it is read now. */
export interface MessageReading {
  control_id: string;
  /** It only tests the line: nothing in it is a result. */
  is_test: boolean;
  reports: LabReport[];
  /** The contents of the documents in it, by hash. */
  contents: ReadonlyMap<string, Buffer>;
}

/** What a body with one message or several says now, and why messages in it say nothing. */
export interface BodyReading {
  messages: MessageReading[];
  refusals: string[];
}

/** Why a new reading is not made the one that counts: a person has to look at it. */
export const KEPT_BECAUSE = {
  refused: 'the message would be rejected',
  another_order: 'it would name another order than the one that has it',
  another_patient: 'it would name another patient than the order does',
  too_long: 'it would be more than its order can hold',
} as const;

/** Whom a report is for that no order had taken: its order, and why a person is to look at it all the same. */
export interface NewMatch {
  order: OrderDocument | null;
  held: Mismatch | null;
}

/** What becomes of one report. */
export type PlannedReading =
  /** It is read otherwise. `match` where nobody had taken it. */
  | { what: 'replaced'; held: HeldReport; report: LabReport; match: NewMatch | null }
  /** The message yields it for the first time. */
  | { what: 'new'; report: LabReport; match: NewMatch }
  /** The message no longer yields it: it stays, and says nothing. */
  | { what: 'withdrawn'; held: HeldReport; report: LabReport }
  /** It stays as it is. */
  | { what: 'kept'; held: HeldReport; report: LabReport | null; because: keyof typeof KEPT_BECAUSE };

/** A message of a body, with the reports that are held of it. */
interface Pair {
  message: MessageReading;
  held: HeldReport[];
}

/** What is to be done about a body. */
export interface ReadingPlan {
  plans: PlannedReading[];
  /** Its messages under the control ids that their reports are held by. */
  messages: MessageReading[];
  /** How many of its reports say the same as before. */
  unchanged: number;
}

/** Why a report is closed that its message no longer yields. */
export const WITHDRAWN = 'The message, read anew, no longer yields this report';

/** Decisions that a new reading may make otherwise: the others are about where the order is. */
const ABOUT_THE_READING: readonly (string | null)[] = [
  'no_match',
  'wrong_lab',
  'match_sample_id',
  'match_sample_id_mismatch_demo',
];

/**
 * Compares what a message says now with what is held of it.
 * @param longest Bytes that a report can have.
 */
export async function planReading(
  store: Store,
  kept: KeptMessage,
  reading: BodyReading,
  longest: number,
): Promise<ReadingPlan> {
  const held = await collectionOf(store.labMessages)
    .find({ content_hash: kept.content_hash, lab_slug: kept.lab_slug }, { projection: { raw: 0 } })
    .sort({ report_index: 1 })
    .toArray();
  const { pairs, unread } = paired(reading.messages, held);
  const orders = await ordersOf(
    store,
    pairs.flatMap(({ message }) => message.reports),
    kept.environment,
  );
  const plans: PlannedReading[] = unread.map((each) => ({
    what: 'kept',
    held: each,
    report: null,
    because: 'refused',
  }));
  let unchanged = 0;
  for (const { message, held: before } of pairs) {
    const isTooLong = isLongerThan(longest, message);
    for (const [index, report] of message.reports.entries()) {
      const order = orders.get(report) ?? null;
      const each = before[index];
      if (each) {
        const now = sameTimes(report, each, kept);
        if (isSame(now, each.report)) unchanged += 1;
        else plans.push(await replacing(store, each, now, order, longest));
      } else if (!isTooLong) {
        plans.push({ what: 'new', report, match: matchOf(report, order, kept.received_at) });
      }
    }
    for (const each of before.slice(message.reports.length)) {
      if (each.report.tests.length === 0) unchanged += 1;
      else plans.push({ what: 'withdrawn', held: each, report: { ...each.report, tests: [] } });
    }
  }
  return { plans, messages: pairs.map(({ message }) => message), unchanged };
}

/** Whether one of its reports is longer than a report can be: then a message is not taken in. */
export const isLongerThan = (longest: number, { reports }: Pick<MessageReading, 'reports'>): boolean =>
  reports.some((report) => bytesOf(report) > longest);

/**
 * Finds the reports that are held of each message: by its control id, and its place among those of the same; where that
 * is made from a content which is read otherwise, by their order.
 */
function paired(messages: readonly MessageReading[], held: readonly HeldReport[]) {
  const groups = Map.groupBy(held, ({ control_id }) => control_id);
  const strangers = [...groups.keys()].filter((id) => !messages.some(({ control_id }) => control_id === id));
  const unknown = messages.filter(({ control_id }) => !groups.has(control_id));
  const renamed = new Map<MessageReading, string>();
  if (strangers.length === unknown.length) {
    for (const [index, message] of unknown.entries()) renamed.set(message, strangers[index] as string);
  }
  const isAmbiguous = strangers.length > 0 && renamed.size === 0;
  const pairs: Pair[] = [];
  for (const message of messages) {
    const control_id = renamed.get(message) ?? message.control_id;
    const rest = groups.get(control_id);
    if (!rest && isAmbiguous) continue;
    const isLast = messages.findLast((each) => (renamed.get(each) ?? each.control_id) === control_id) === message;
    const own = isLast ? (rest ?? []) : (rest ?? []).splice(0, message.reports.length);
    pairs.push({ message: { ...message, control_id }, held: own });
  }
  const unread = isAmbiguous ? strangers.flatMap((id) => groups.get(id) ?? []) : [];
  return { pairs, unread };
}

async function replacing(
  store: Store,
  held: HeldReport,
  report: LabReport,
  order: OrderDocument | null,
  longest: number,
): Promise<PlannedReading> {
  const keep = (because: keyof typeof KEPT_BECAUSE): PlannedReading => ({ what: 'kept', held, report, because });
  if (bytesOf(report) > longest) return keep('too_long');
  const wasWithdrawn = held.state === 'closed' && held.closed_because === WITHDRAWN;
  const isHeld = held.state === 'unmatched' || held.state === 'repeated';
  if (wasWithdrawn || (isHeld && held.unmatched_reason && ABOUT_THE_READING.includes(held.unmatched_reason))) {
    return { what: 'replaced', held, report, match: matchOf(report, order, held.received_at) };
  }
  if (held.state === 'unmatched' || held.state === 'closed' || held.order_id === null) {
    return { what: 'replaced', held, report, match: null };
  }
  const { placer_order_number, order_id } = held.report;
  const isRenumbered = report.placer_order_number !== placer_order_number || report.order_id !== order_id;
  if (isRenumbered && order?._id !== held.order_id) return keep('another_order');
  const owner = await collectionOf(store.orders).findOne({ _id: held.order_id });
  const known = [...(owner?.approved_patients ?? []), held.report.patient];
  const doubts = owner && mismatch(report, owner.order, held.received_at, known)?.decision;
  if (doubts === 'match_sample_id_mismatch_demo') return keep('another_patient');
  const excess = await excessOnOrder(store, { ...held, report, bytes_in_result: bytesInResult(report) });
  return excess === 'too_long_for_its_result' ? keep('too_long') : { what: 'replaced', held, report, match: null };
}

const matchOf = (report: LabReport, order: OrderDocument | null, received_at: Date): NewMatch => ({
  order,
  held: mismatch(report, order?.order ?? null, received_at, order?.approved_patients),
});

/** A time that the message does not have, or that a person has corrected, stays what it was. */
function sameTimes(
  report: LabReport,
  { report: before, received_at, state }: HeldReport,
  kept: KeptMessage,
): LabReport {
  const isReceipt = report.reported_at === kept.received_at.toISOString();
  const isOfTheFuture = Date.parse(report.reported_at) - received_at.getTime() > CLOCKS_DIFFER;
  const wasApproved = before.reported_at === received_at.toISOString() && state !== 'unmatched';
  return isReceipt || (isOfTheFuture && wasApproved) ? { ...report, reported_at: before.reported_at } : report;
}

/** As the database gives them back: without what is undefined. */
const plain = (report: LabReport): unknown => JSON.parse(JSON.stringify(report));
const isSame = (one: LabReport, other: LabReport) => isDeepStrictEqual(plain(one), plain(other));
