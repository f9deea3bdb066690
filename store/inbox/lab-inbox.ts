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
import type { LabMessageDocument } from '../collections/inbox.ts';
import type { OrderDocument } from '../collections/orders.ts';
import { insert, insertOnce } from '../collections/write.ts';
import { isDuplicateKey } from '../duplicate-key.ts';
import type { Store } from '../open.ts';
import { bytesInResult } from '../results/result-limit.ts';
import { reportedOrder } from '../results/take-result-in.ts';
import { uuidByName } from '../uuid-by-name.ts';
import { asItCame } from './as-it-came.ts';
import { HELD, tellOfReview } from './match-review.ts';

const { BSON } = mongoose.mongo;

/** How many reports are stored at once. */
const BATCH = 100;

/** A message as it came in. */
export interface ReceivedMessage {
  lab_slug: string;
  environment: Environment;
  raw: Buffer;
}

/**
 * Keeps a message as it came, once, before anything of it is read (G1). The same again changes nothing.
 * @returns SHA-256 of its bytes, which its reports are stored with.
 */
export async function keepText(store: Store, { lab_slug, environment, raw }: ReceivedMessage): Promise<string> {
  const _id = createHash('sha256').update(raw).digest('hex');
  const text = { _id, lab_slug, environment, raw: asItCame(raw), refused: null, received_at: new Date() };
  await insertOnce(store.labMessageTexts, text);
  return _id;
}

/**
 * Keeps the beginning of a message that is longer than what is taken, once.
 * @returns SHA-256 of all of it.
 */
export async function keepBeginning(
  store: Store,
  message: Omit<ReceivedMessage, 'raw'> & { head: Buffer; bytes: number; sha256: string },
): Promise<string> {
  const { lab_slug, environment, head, bytes, sha256: _id } = message;
  const text = { _id, lab_slug, environment, raw: asItCame(head), bytes, refused: null, received_at: new Date() };
  await insertOnce(store.labMessageTexts, text);
  return _id;
}

/** Notes why nothing of a message was taken in. @param why Codes and places, never a value. */
export async function noteRefusal(store: Store, contentHash: string, why: string): Promise<void> {
  await collectionOf(store.labMessageTexts).updateOne({ _id: contentHash }, { $set: { refused: why } });
}

/** A report is longer than the database keeps. */
export class ReportTooLong extends Error {
  override name = 'ReportTooLong';
}

/** A message that is kept and read. */
export interface ReadMessage extends Omit<ReceivedMessage, 'raw'> {
  /** As `keepText` answered. */
  content_hash: string;
  control_id: string;
  reports: LabReport[];
  /** How many reports are in the messages before it, where several were sent as one. */
  reports_before: number;
}

/**
 * Stores a message's reports, each matched to its order. The same message again (control id and content) changes
 * nothing.
 * @throws ReportTooLong when one of them is longer than `longest`; none is stored then.
 * @param longest Bytes.
 */
export async function storeReports(store: Store, message: ReadMessage, longest: number): Promise<void> {
  const { lab_slug, environment, control_id, content_hash, reports_before } = message;
  for (const report of message.reports) {
    const bytes = BSON.calculateObjectSize(report);
    if (bytes > longest) throw new ReportTooLong(`A report takes ${bytes} bytes`);
  }
  const received_at = new Date();
  const orders = await ordersOf(store, message.reports, environment);
  const documents = message.reports.map((report, index): LabMessageDocument => {
    const report_index = reports_before + index;
    const order = orders.get(report.placer_order_number ?? '');
    const held = mismatch(report, order?.order ?? null, received_at, order?.approved_patients);
    return {
      _id: reportId(lab_slug, control_id, content_hash, report_index),
      lab_slug,
      control_id,
      content_hash,
      report_index,
      report,
      bytes_in_result: bytesInResult(report),
      state: held ? 'unmatched' : 'stored',
      order_id: order?._id ?? null,
      team_id: order?.team_id ?? null,
      event_number: null,
      unmatched_reason: held?.decision ?? null,
      ...(held && held.doubts.length > 0 && { doubts: held.doubts }),
      lease_until: new Date(0),
      attempts: 0,
      last_error: null,
      received_at,
    };
  });
  for (let start = 0; start < documents.length; start += BATCH) {
    await insertNew(store, documents.slice(start, start + BATCH));
  }
}

/** Inserts the reports that are not there yet, and tells the teams of those that are held. */
async function insertNew(store: Store, documents: readonly LabMessageDocument[]): Promise<void> {
  const ids = documents.map(({ _id }) => _id);
  const known = await collectionOf(store.labMessages)
    .find({ _id: { $in: ids } }, { projection: { _id: 1 } })
    .toArray();
  const knownIds = new Set(known.map(({ _id }) => _id));
  const unknown = documents.filter(({ _id }) => !knownIds.has(_id));
  if (unknown.length === 0) return;
  try {
    await store.connection.transaction(async (session) => {
      await insert(store.labMessages, unknown, { session });
      for (const document of unknown) {
        if (document.unmatched_reason) await tellOfReview(store, session, document, HELD);
      }
    });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    // The same message came twice at once: what the other has stored is known by now.
    await insertNew(store, unknown);
  }
}

/** The id of a report: the same report of the same message has the same. */
function reportId(lab: string, controlId: string, contentHash: string, index: number): string {
  return uuidByName([lab, controlId, contentHash, index].join('\n'));
}

/** The orders that reports name, by placer order number; only those of the environment that the message came from. */
async function ordersOf(
  store: Store,
  reports: readonly LabReport[],
  environment: Environment,
): Promise<Map<string, OrderDocument>> {
  const numbers = [...new Set(reports.flatMap(({ placer_order_number }) => placer_order_number ?? []))];
  const orders = new Map<string, OrderDocument>();
  for (let start = 0; start < numbers.length; start += BATCH) {
    const found = await collectionOf(store.orders)
      .find({ placer_order_number: { $in: numbers.slice(start, start + BATCH) } })
      .toArray();
    for (const document of found) {
      const isOfEnvironment = document.order.options.sandbox === (environment === 'sandbox');
      if (isOfEnvironment) orders.set(document.placer_order_number, document);
    }
  }
  return orders;
}

/**
 * Takes the oldest report that waits for delivery; nobody else gets it until the lease ends.
 * @param leaseMs How long the taker has, in milliseconds.
 */
export function claimReport(store: Store, leaseMs: number): Promise<LabMessageDocument | null> {
  const now = Date.now();
  return store.labMessages
    .findOneAndUpdate(
      { state: 'stored', lease_until: { $lte: new Date(now) } },
      { $set: { lease_until: new Date(now + leaseMs) }, $inc: { attempts: 1 } },
      { sort: { lease_until: 1, received_at: 1 }, projection: { raw: 0 }, returnDocument: 'after' },
    )
    .lean<LabMessageDocument>()
    .exec();
}

/** Notes that the journey has the report; what the journey did meanwhile stays. */
export async function markDelivered(store: Store, reportId: string): Promise<void> {
  await store.labMessages.updateOne(
    { _id: reportId, state: 'stored' },
    { $set: { state: 'delivered', last_error: null } },
  );
}

/** Notes a failed delivery; the report is tried again after `retryInMs` milliseconds. */
export async function markUndelivered(store: Store, reportId: string, error: string, retryInMs: number): Promise<void> {
  const retry = { last_error: error, lease_until: new Date(Date.now() + retryInMs) };
  await store.labMessages.updateOne({ _id: reportId, state: 'stored' }, { $set: retry });
}

/** What the journey must know of a stored report. */
export async function digestOf(store: Store, catalogue: Catalogue, message: LabMessageDocument): Promise<ReportDigest> {
  const order = await orderOf(store, message);
  const { markers } = reportedOrder(catalogue, order, []);
  const known = new Set(
    [...catalogue.markers.values()]
      .filter(({ lab_id }) => lab_id === order.order.lab_id)
      .flatMap(({ expected_results }) =>
        expected_results.flatMap(({ loinc, provider_id }) => [loinc.code, provider_id]),
      ),
  );
  const isKnown = (code: string | null) => code !== null && known.has(code);
  return digestReport(
    message._id,
    message.report,
    expectedResults(order.order, markers),
    order.order.markers,
    ({ loinc, provider_id }) => isKnown(loinc) || isKnown(provider_id),
  );
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
