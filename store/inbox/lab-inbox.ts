/**
 * The inbox: what laboratories sent, stored before it is acknowledged and given to its journey afterward (F5). Nothing
 * that was acknowledged is ever dropped: what no journey takes in is kept as late or unmatched, for people to see.
 */
import { createHash } from 'node:crypto';
import mongoose from 'mongoose';
import type { Environment } from '../../domain/catalogue/lab-connection.ts';
import type { LabReport } from '../../domain/results/lab-report.ts';
import { mismatch } from '../../domain/results/report-matching.ts';
import { digestReport, type ReportDigest } from '../../domain/results/report-progress.ts';
import { expectedResults } from '../../domain/results/result-fold.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { collectionOf } from '../collections/define.ts';
import type { LabMessageDocument, ToRead } from '../collections/inbox.ts';
import type { OrderDocument } from '../collections/orders.ts';
import { insertTogether } from '../collections/together.ts';
import { insert, insertOnce } from '../collections/write.ts';
import { isDuplicateKey } from '../duplicate-key.ts';
import type { Store } from '../open.ts';
import { bytesInResult } from '../results/result-limit.ts';
import { reportedOrder } from '../results/take-result-in.ts';
import { uuidByName } from '../uuid-by-name.ts';
import { asItCame } from './as-it-came.ts';
import { claimOldest, postpone } from './claim.ts';
import { keepFile } from './lab-files.ts';
import { HELD, tellOfReview } from './match-review.ts';
import { ordersOf } from './orders-of-reports.ts';
import { alreadyHeld, whatIsSaid } from './repeated-reports.ts';

const { BSON } = mongoose.mongo;

/** How many reports are stored at once. */
const BATCH = 100;

/** How long a message may be to be kept in one document of the database, in bytes; others are kept as files. */
const LONGEST_TEXT = 8 * 1024 * 1024;

const NOT_TRIED: ToRead = { not_before: new Date(0), attempts: 0, last_error: null };

/** A message as it came in. */
export interface ReceivedMessage {
  lab_slug: string;
  environment: Environment;
  raw: Buffer;
  /** What the transport said of its characters, where it did. */
  charset?: string | undefined;
  /** It is known to acknowledge orders and to hold no results. */
  acknowledges?: true;
  /** It is acknowledged once it is kept, and read afterward (`unread-messages.ts`). */
  to_read?: boolean;
}

/**
 * Keeps a message as it came, once, before anything of it is read (G1). The same again changes nothing, unless it was not
 * read the first time.
 * @returns SHA-256 of its bytes, which its reports are stored with, and whether they came for the first time.
 */
export async function keepText(
  store: Store,
  message: ReceivedMessage,
): Promise<Pick<ReadMessage, 'content_hash' | 'is_new'>> {
  const { lab_slug, environment, raw, charset, acknowledges, to_read } = message;
  const _id = createHash('sha256').update(raw).digest('hex');
  const isLong = raw.length > LONGEST_TEXT;
  if (isLong) await keepFile(store, _id, raw);
  const whole = isLong ? null : asItCame(raw);
  const text = { _id, lab_slug, environment, raw: whole, refused: null, received_at: new Date() };
  const known = { ...text, ...(charset !== undefined && { charset }), ...(acknowledges && { acknowledges }) };
  const added = to_read ? { ...known, to_read: NOT_TRIED } : known;
  if (await insertTogether(store.labMessageTexts, added)) return { content_hash: _id, is_new: true };
  const { _id: _, ...anew } = known;
  const texts = collectionOf(store.labMessageTexts);
  await texts.updateOne({ _id, not_read: true }, { $set: anew, $unset: { not_read: '' } });
  // It is read now, perhaps with another profile than when it was refused.
  await texts.updateOne({ _id, refused: { $gt: '' } }, { $set: { refused: null } });
  return { content_hash: _id, is_new: false };
}

/**
 * Keeps the beginning of a message that is longer than what is taken, once.
 * @returns SHA-256 of all of it.
 */
export async function keepBeginning(
  store: Store,
  message: Omit<ReceivedMessage, 'raw'> & { head: Buffer; bytes: number; sha256: string },
): Promise<string> {
  const { lab_slug, environment, head, bytes, sha256: _id, acknowledges } = message;
  const text = { _id, lab_slug, environment, raw: asItCame(head), bytes, refused: null, received_at: new Date() };
  await insertOnce(store.labMessageTexts, { ...text, ...(acknowledges && { acknowledges }) });
  return _id;
}

/** Notes why something of a message was not taken in. @param why Codes and places, never a value; null where all is by now. */
export async function noteRefusal(store: Store, contentHash: string, why: string | null): Promise<void> {
  await collectionOf(store.labMessageTexts).updateOne({ _id: contentHash }, { $set: { refused: why } });
}

/** The same of a message that was not even read. */
export async function noteUnread(store: Store, contentHash: string, why: string): Promise<void> {
  await collectionOf(store.labMessageTexts).updateOne({ _id: contentHash }, { $set: { refused: why, not_read: true } });
}

/** Notes that a message only acknowledges orders: from its laboratory no results have come with it. */
export async function noteAcknowledgement(store: Store, contentHash: string): Promise<void> {
  await collectionOf(store.labMessageTexts).updateOne({ _id: contentHash }, { $set: { acknowledges: true } });
}

/** A report is longer than the database keeps. */
export class ReportTooLong extends Error {
  override name = 'ReportTooLong';
}

/** A message that is kept and read. */
export interface ReadMessage extends Omit<ReceivedMessage, 'raw' | 'charset' | 'to_read'> {
  /** As `keepText` answered. */
  content_hash: string;
  /** As it answered, too: none of its reports can be there yet then. */
  is_new?: boolean;
  control_id: string;
  /** It only tests the line: nothing in it is a result. */
  is_test: boolean;
  reports: LabReport[];
  /** The contents of the documents in it, by the hash under which its reports name them. */
  contents: ReadonlyMap<string, Buffer>;
  /** How many reports are in the messages before it, where several were sent as one. */
  reports_before: number;
  /** How many of these are in messages of the same control id. */
  same_before: number;
  /** When it came; now where it is absent. */
  received_at?: Date;
}

/** How many bytes a report takes as it is stored. */
export const bytesOf = (report: LabReport): number => BSON.calculateObjectSize(report);

/**
 * Stores a message's reports, each matched to its order. The same message again (control id and content) changes
 * nothing, however differently it is read by then: reading it anew is another matter (`readings/`).
 * @returns how many of them are new
 * @throws ReportTooLong when one of them is longer than `longest`; none is stored then.
 * @param longest Bytes.
 */
export async function storeReports(store: Store, message: ReadMessage, longest: number): Promise<number> {
  const { lab_slug, environment, control_id, content_hash, reports_before, same_before, is_test } = message;
  for (const report of message.reports) {
    const bytes = bytesOf(report);
    if (bytes > longest) throw new ReportTooLong(`A report takes ${bytes} bytes`);
  }
  for (const [hash, content] of message.contents) await keepFile(store, hash, content);
  const held = message.is_new
    ? []
    : await collectionOf(store.labMessages)
        .find({ content_hash, lab_slug, control_id }, { projection: { report_index: 1 } })
        .toArray();
  const isTaken = new Set(held.map(({ report_index }) => report_index));
  const known = Math.max(0, held.length - same_before);
  const reports = message.reports.slice(known);
  const { received_at = new Date() } = message;
  const orders = is_test ? new Map<LabReport, OrderDocument>() : await ordersOf(store, reports, environment);
  let report_index = reports_before + known;
  const documents = reports.map((report): LabMessageDocument => {
    while (isTaken.has(report_index)) report_index += 1;
    isTaken.add(report_index);
    const order = orders.get(report);
    const doubtful = is_test ? null : mismatch(report, order?.order ?? null, received_at, order?.approved_patients);
    return {
      _id: reportId(lab_slug, control_id, content_hash, report_index),
      lab_slug,
      control_id,
      content_hash,
      report_index,
      report,
      bytes_in_result: bytesInResult(report),
      says: whatIsSaid(report),
      state: is_test ? 'test' : doubtful ? 'unmatched' : 'stored',
      order_id: order?._id ?? null,
      team_id: order?.team_id ?? null,
      event_number: null,
      unmatched_reason: doubtful?.decision ?? null,
      ...(doubtful && doubtful.doubts.length > 0 && { doubts: doubtful.doubts }),
      lease_until: new Date(0),
      attempts: 0,
      last_error: null,
      received_at,
    };
  });
  try {
    for (let start = 0; start < documents.length; start += BATCH) {
      await insertNew(store, documents.slice(start, start + BATCH));
    }
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    // The same message came twice at once: what the other has stored is known by now.
    return storeReports(store, { ...message, is_new: false }, longest);
  }
  return documents.length;
}

/**
 * Inserts reports, and tells the teams of those that are held; what a person has been shown before is not shown again.
 * All of them are stored or none: a message that comes again finds the first so many there, and goes on with the next.
 * One alone, of which nobody is told, is written with whatever else the laboratories are sending.
 */
async function insertNew(store: Store, documents: readonly LabMessageDocument[]): Promise<void> {
  const repeated = await alreadyHeld(
    store,
    documents.filter(({ state }) => state === 'unmatched'),
  );
  const added = documents.map((document): LabMessageDocument => {
    const repeats = repeated.get(document._id);
    return repeats === undefined ? document : { ...document, state: 'repeated', repeats };
  });
  const toTell = added.filter(({ state, team_id }) => state === 'unmatched' && team_id !== null);
  const [only] = added;
  if (only && added.length === 1 && toTell.length === 0) {
    await insertTogether(store.labMessages, only);
    return;
  }
  await store.connection.transaction(async (session) => {
    await insert(store.labMessages, added, { session });
    for (const document of toTell) await tellOfReview(store, session, document, HELD);
  });
}

/** The id of a report: the same report of the same message has the same. */
function reportId(lab: string, controlId: string, contentHash: string, index: number): string {
  return uuidByName([lab, controlId, contentHash, index].join('\n'));
}

/**
 * Takes the oldest report that waits for delivery; nobody else gets it until the lease ends.
 * @param leaseMs How long the taker has, in milliseconds.
 */
export function claimReport(store: Store, leaseMs: number): Promise<LabMessageDocument | null> {
  return claimOldest(store.labMessages, { state: 'stored', since: 'received_at', without: ['raw'] }, leaseMs);
}

/** Notes that the journey has the report as it was read; what the journey did meanwhile stays. */
export async function markDelivered(store: Store, { _id, reading }: LabMessageDocument): Promise<void> {
  await collectionOf(store.labMessages).updateOne(
    { _id, state: 'stored', reading: reading ?? { $exists: false } },
    { $set: { state: 'delivered', last_error: null } },
  );
}

/** Notes a failed delivery; the report is tried again after `retryInMs` milliseconds. */
export async function markUndelivered(store: Store, reportId: string, error: string, retryInMs: number): Promise<void> {
  await postpone(store.labMessages, { _id: reportId, state: 'stored' }, error, retryInMs);
}

/** What the journey must know of a stored report. */
export async function digestOf(store: Store, catalogue: Catalogue, message: LabMessageDocument): Promise<ReportDigest> {
  return digestIn(catalogue, await orderOf(store, message), message);
}

/** The same, of a report on that order. */
export function digestIn(catalogue: Catalogue, order: OrderDocument, message: LabMessageDocument): ReportDigest {
  const { markers } = reportedOrder(catalogue, order, []);
  const known = new Set(
    [...catalogue.markers.values()]
      .filter(({ lab_id }) => lab_id === order.order.lab_id)
      .flatMap(({ expected_results }) =>
        expected_results.flatMap(({ loinc, provider_id }) => [loinc.code, provider_id]),
      ),
  );
  const isKnown = (code: string | null) => code !== null && known.has(code);
  const digest = digestReport(
    message._id,
    message.report,
    expectedResults(order.order, markers),
    order.order.markers,
    ({ loinc, provider_id }) => isKnown(loinc) || isKnown(provider_id),
  );
  return message.reading === undefined ? digest : { ...digest, reading: message.reading };
}

/** Notes which of a report's values nobody knows, for people to look at. */
export async function noteUnknownCodes(store: Store, { report_id, unknown_codes }: ReportDigest): Promise<void> {
  if (unknown_codes) await collectionOf(store.labMessages).updateOne({ _id: report_id }, { $set: { unknown_codes } });
}

export async function orderOf(store: Store, message: LabMessageDocument): Promise<OrderDocument> {
  const order = message.order_id && (await store.orders.findById(message.order_id).lean<OrderDocument>());
  if (!order) throw new Error(`Report ${message._id} belongs to no order`);
  return order;
}
