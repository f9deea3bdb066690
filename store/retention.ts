/**
 * What need not be kept for ever: webhooks that were taken, the text of laboratories' messages once their orders are over,
 * and the text of SMS. Off unless somebody says how long. Results, reports and everything that is open always stay.
 */
import { collectionOf } from './collections/define.ts';
import type { LabMessageDocument, LabMessageTextDocument } from './collections/inbox.ts';
import type { LabRequisitionDocument } from './collections/order-messages.ts';
import type { OrderTransactionDocument } from './collections/orders.ts';
import { forgetFile } from './inbox/lab-files.ts';
import type { Store } from './open.ts';
import { recordAudit } from './orders/audit.ts';
import { latestOrderMessages } from './outbox/webhook-resend.ts';

const BATCH = 200;
const DAY = 24 * 3_600_000;

/** How many days each is kept; null for ever. */
export interface Retention {
  webhooks: number | null;
  lab_texts: number | null;
  sms: number | null;
}

/** What is forgotten, as it is called in settings and commands. */
export const FORGETTABLE = ['webhooks', 'lab_texts', 'sms'] as const satisfies readonly (keyof Retention)[];

/** How many were forgotten, or would be. */
export type Forgotten = Record<keyof Retention, number>;

/**
 * Forgets what is older than it is to be kept, and writes one audit entry if that was anything. Doing it twice, or in
 * several processes, changes nothing.
 * @param goOn is asked between batches
 */
export async function forget(store: Store, retention: Retention, goOn: () => boolean = () => true): Promise<Forgotten> {
  const forgotten = await sweep(store, retention, true, goOn);
  if (FORGETTABLE.some((kind) => forgotten[kind] > 0)) {
    const detail = { kept_days: retention, forgotten };
    await recordAudit(store, { by: { kind: 'system', id: 'retention' }, action: 'retention.forgotten', detail });
  }
  return forgotten;
}

/** How many of each would be forgotten now; changes nothing. */
export function wouldForget(store: Store, retention: Retention): Promise<Forgotten> {
  return sweep(store, retention, false, () => true);
}

async function sweep(store: Store, retention: Retention, isMeant: boolean, goOn: () => boolean): Promise<Forgotten> {
  const work = { webhooks: oldWebhooks, lab_texts: oldLabTexts, sms: oldSms };
  const forgotten: Forgotten = { webhooks: 0, lab_texts: 0, sms: 0 };
  for (const kind of FORGETTABLE) {
    const days = retention[kind];
    if (days === null) continue;
    const before = new Date(Date.now() - days * DAY);
    for await (const count of work[kind](store, before, isMeant)) {
      forgotten[kind] += count;
      if (!goOn()) return forgotten;
    }
  }
  return forgotten;
}

/** Pages of a collection in the order of its ids. */
async function* pages<T extends { _id: string }>(find: (after: string) => Promise<T[]>): AsyncGenerator<T[]> {
  for (let after = ''; ; ) {
    const page = await find(after);
    const last = page.at(-1);
    if (!last) return;
    yield page;
    after = last._id;
  }
}

/** Messages that every endpoint took, with their deliveries; never the latest that was told of an order, which is told again when asked for. */
async function* oldWebhooks(store: Store, before: Date, isMeant: boolean): AsyncGenerator<number> {
  const messages = pages((after) =>
    collectionOf(store.webhookMessages)
      .find({ _id: { $gt: after }, created_at: { $lt: before }, fanned_out: true })
      .project<{ _id: string; order_id: string | null }>({ order_id: 1 })
      .sort({ _id: 1 })
      .limit(BATCH)
      .toArray(),
  );
  for await (const page of messages) {
    const deliveries = await collectionOf(store.webhookDeliveries)
      // The ids of a message's deliveries begin with its own.
      .find({ $or: page.map(({ _id }) => ({ _id: { $gt: `${_id}:`, $lt: `${_id};` } })) })
      .project<{ _id: string; message_id: string; state: string }>({ message_id: 1, state: 1 })
      .toArray();
    const taken = new Set(deliveries.map(({ message_id }) => message_id));
    for (const { message_id, state } of deliveries) if (state !== 'delivered') taken.delete(message_id);
    const orders = new Set(page.flatMap(({ order_id }) => order_id ?? []));
    const latest = new Set((await latestOrderMessages(store, [...orders])).map(({ _id }) => _id));
    const old = page.map(({ _id }) => _id).filter((id) => taken.has(id) && !latest.has(id));
    if (isMeant && old.length > 0) {
      const theirs = deliveries.filter(({ message_id }) => old.includes(message_id)).map(({ _id }) => _id);
      await store.connection.transaction(async (session) => {
        await collectionOf(store.webhookDeliveries).deleteMany({ _id: { $in: theirs } }, { session });
        await collectionOf(store.webhookMessages).deleteMany({ _id: { $in: old } }, { session });
      });
    }
    yield old.length;
  }
}

/**
 * Texts of messages whose every report was taken in by an order that is over with its whole transaction, or that carried
 * its requisition, or that only acknowledged orders, or that were refused. What waits to be read, for a person, or for its
 * journey stays.
 */
async function* oldLabTexts(store: Store, before: Date, isMeant: boolean): AsyncGenerator<number> {
  const texts = pages((after) =>
    collectionOf(store.labMessageTexts)
      .find({ _id: { $gt: after }, received_at: { $lt: before }, to_read: { $exists: false } })
      .project<TextHead>({ refused: 1, acknowledges: 1, requisition_of: 1 })
      .sort({ _id: 1 })
      .limit(BATCH)
      .toArray(),
  );
  for await (const page of texts) {
    const hashes = page.map(({ _id }) => _id);
    const reports = await reportsWhere(store, { content_hash: { $in: hashes } });
    const theirs = [...reports, ...page.flatMap(requisitionsIn)];
    const needed = await stillNeeded(store, theirs);
    const ofOrders = new Set(theirs.map(({ content_hash }) => content_hash));
    const neededTexts = new Set(theirs.filter(({ _id }) => needed.has(_id)).map(({ content_hash }) => content_hash));
    const old = page
      .filter(({ _id, refused, acknowledges }) =>
        ofOrders.has(_id) ? !neededTexts.has(_id) : refused !== null || acknowledges,
      )
      .map(({ _id }) => _id);
    if (isMeant && old.length > 0) await collectionOf(store.labMessageTexts).deleteMany({ _id: { $in: old } });
    yield old.length;
  }
  yield* oldLabFiles(store, before, isMeant);
  // Texts from before they were kept once for all their reports.
  const within = pages((after) =>
    reportsWhere(store, { _id: { $gt: after }, received_at: { $lt: before }, raw: { $exists: true } }, BATCH),
  );
  for await (const page of within) {
    const needed = await stillNeeded(store, page);
    const old = page.map(({ _id }) => _id).filter((id) => !needed.has(id));
    if (isMeant && old.length > 0) {
      await collectionOf(store.labMessages).updateMany({ _id: { $in: old } }, { $unset: { raw: '' } });
    }
    yield old.length;
  }
}

/**
 * Documents that came in messages, by the same rule as the texts of these; and texts that were too long to be kept with
 * the rest, once the rest is gone.
 */
async function* oldLabFiles(store: Store, before: Date, isMeant: boolean): AsyncGenerator<number> {
  const files = pages((after) =>
    collectionOf(store.labFiles)
      .find({ _id: { $gt: after }, received_at: { $lt: before } })
      .project<{ _id: string }>({ _id: 1 })
      .sort({ _id: 1 })
      .limit(BATCH)
      .toArray(),
  );
  for await (const page of files) {
    const hashes = page.map(({ _id }) => _id);
    const texts = await collectionOf(store.labMessageTexts)
      .find({ _id: { $in: hashes } })
      .project<{ _id: string }>({ _id: 1 })
      .toArray();
    const reports = await collectionOf(store.labMessages)
      .find({ 'report.documents.hash': { $in: hashes } })
      .project<ReportHead & { report: { documents: { hash: string | null }[] } }>({
        content_hash: 1,
        state: 1,
        order_id: 1,
        'report.documents.hash': 1,
      })
      .toArray();
    const requisitions = await collectionOf(store.labRequisitions)
      .find({ hash: { $in: hashes } })
      .project<Pick<LabRequisitionDocument, '_id' | 'hash' | 'order_id'>>({ hash: 1, order_id: 1 })
      .map((each) => ({ ...each, content_hash: each._id, state: SETTLED_WITH_ITS_ORDER }))
      .toArray();
    const needed = await stillNeeded(store, [...reports, ...requisitions]);
    const kept = new Set([
      ...texts.map(({ _id }) => _id),
      ...requisitions.filter(({ _id }) => needed.has(_id)).map(({ hash }) => hash),
      ...reports.filter(({ _id }) => needed.has(_id)).flatMap(({ report }) => report.documents.map(({ hash }) => hash)),
    ]);
    const old = hashes.filter((hash) => !kept.has(hash));
    if (isMeant) {
      for (const hash of old) {
        await store.connection.transaction((session) => forgetFile(store, session, hash, before));
      }
    }
    yield old.length;
  }
}

/** A report that no journey and no person has anything to do with any more. */
const SETTLED: readonly LabMessageDocument['state'][] = ['applied', 'late', 'repeated', 'closed', 'test'];

/** What belongs to an order and is no report: it is needed as long as the order is open. */
const SETTLED_WITH_ITS_ORDER = 'applied' as const;

type TextHead = Pick<LabMessageTextDocument, '_id' | 'refused' | 'acknowledges' | 'requisition_of'>;

const requisitionsIn = ({ _id, requisition_of = [] }: TextHead): ReportHead[] =>
  requisition_of.map((order_id) => {
    return { _id: `${_id}:${order_id}`, content_hash: _id, order_id, state: SETTLED_WITH_ITS_ORDER };
  });

type ReportHead = Pick<LabMessageDocument, '_id' | 'content_hash' | 'state' | 'order_id'>;

function reportsWhere(store: Store, which: object, limit = 0): Promise<ReportHead[]> {
  return collectionOf(store.labMessages)
    .find(which)
    .project<ReportHead>({ content_hash: 1, state: 1, order_id: 1 })
    .sort({ _id: 1 })
    .limit(limit)
    .toArray();
}

/** Of these reports, those that no journey has settled yet, that wait for a person, or whose transaction is open. */
async function stillNeeded(store: Store, reports: readonly ReportHead[]): Promise<Set<string>> {
  const orderIds = reports.flatMap(({ order_id }) => order_id ?? []);
  const orders = await collectionOf(store.orders)
    .find({ _id: { $in: orderIds } })
    .project<{ _id: string; transaction_id: string }>({ transaction_id: 1 })
    .toArray();
  const over = await collectionOf(store.transactions)
    .find({ _id: { $in: orders.map(({ transaction_id }) => transaction_id) }, status: { $ne: 'active' } })
    .project<Pick<OrderTransactionDocument, '_id'>>({ _id: 1 })
    .toArray();
  const overIds = new Set(over.map(({ _id }) => _id));
  const isOver = new Map(orders.map(({ _id, transaction_id }) => [_id, overIds.has(transaction_id)]));
  const isSettled = ({ state, order_id }: ReportHead) =>
    SETTLED.includes(state) && (order_id === null || isOver.get(order_id) === true);
  return new Set(reports.filter((report) => !isSettled(report)).map(({ _id }) => _id));
}

/** The texts of SMS that were kept; that one was sent, when and to whom, stays. */
async function* oldSms(store: Store, before: Date, isMeant: boolean): AsyncGenerator<number> {
  const old = { sent_at: { $lt: before }, text: { $gt: '' } };
  if (!isMeant) yield await collectionOf(store.sentMessages).countDocuments(old);
  else yield (await collectionOf(store.sentMessages).updateMany(old, { $set: { text: '' } })).modifiedCount;
}
