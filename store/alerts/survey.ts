/**
 * What waits for too long, or is silent, at this moment (G9). Every question reads an index that holds only what waits, and
 * counts no further than it is told.
 */
import type { Model, mongo } from 'mongoose';
import { type AlertLimits, COUNTED, type Matter, NAMED, REFUSED_HOURS } from '../../domain/alerts.ts';
import type { PickUpTroubleDocument } from '../collections/alerts.ts';
import { collectionOf } from '../collections/define.ts';
import type { LabMessageDocument } from '../collections/inbox.ts';
import type { OrderDocument } from '../collections/orders.ts';
import { keptRejections } from '../inbox/order-messages.ts';
import type { Store } from '../open.ts';
import { endpointsWithDueDeliveries } from '../outbox/webhooks.ts';
import { laboratoriesInSurvey, silentLabs, unclearTests } from './laboratories.ts';
import { pickUpTroubles } from './pick-ups.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const before = (ms: number) => new Date(Date.now() - ms);

/** Everything that an operator has to look at. */
export async function survey(store: Store, limits: AlertLimits): Promise<Matter[]> {
  const labs = await laboratoriesInSurvey(store);
  const matters = await Promise.all([
    silentLabs(store, labs, limits.lab_silent_hours),
    unacknowledgedOrders(store, before(limits.unacknowledged_minutes * MINUTE)),
    inbox(store, before(limits.inbox_minutes * MINUTE)),
    visits(store, before(limits.inbox_minutes * MINUTE)),
    outbox(store, before(limits.outbox_minutes * MINUTE)),
    unclearTests(store, labs, before(limits.preliminary_days * 24 * HOUR)),
    reviews(store, before(limits.review_hours * HOUR)),
    pickUps(store, before(limits.inbox_minutes * MINUTE)),
    rejections(store),
    refusals(store, before(REFUSED_HOURS * HOUR)),
    unreadableEvents(store, before(REFUSED_HOURS * HOUR)),
  ]);
  return matters.flat();
}

interface Waiting {
  _id: string;
  lab_slug: string | null;
  since: Date;
}

/** One matter for each laboratory, or a single one where none is named. */
function matterOf(kind: Matter['kind'], waiting: readonly Waiting[]): Matter[] {
  const byLab = Map.groupBy(waiting, ({ lab_slug }) => lab_slug);
  return [...byLab].map(([lab_slug, theirs]) => ({
    kind,
    lab_slug,
    count: theirs.length,
    since: new Date(Math.min(...theirs.map(({ since }) => since.getTime()))),
    ids: theirs.slice(0, NAMED).map(({ _id }) => _id),
  }));
}

/** Orders whose requisition is still to come: those that are due at once, and those whose day has begun. */
async function unacknowledgedOrders(store: Store, limit: Date): Promise<Matter[]> {
  const ordered = { last_status: 'ordered' } as const;
  const find = (which: mongo.Filter<OrderDocument>) =>
    collectionOf(store.orders)
      .find({ ...ordered, ...which })
      .project<Pick<OrderDocument, '_id' | 'lab_slug' | 'created_at'> & { order: { activate_at: string | null } }>({
        lab_slug: 1,
        created_at: 1,
        'order.activate_at': 1,
      })
      .limit(COUNTED)
      .toArray();
  const found = await Promise.all([
    find({ 'order.activate_at': null, created_at: { $lt: limit } }),
    find({ 'order.activate_at': { $gt: '', $lt: limit.toISOString() } }),
  ]);
  const waiting = found.flat().map(({ _id, lab_slug, created_at, order }) => {
    const since = new Date(Math.max(created_at.getTime(), order.activate_at ? Date.parse(order.activate_at) : 0));
    return { _id, lab_slug, since };
  });
  return matterOf(
    'unacknowledged',
    waiting.filter(({ since }) => since < limit),
  );
}

/** What a collection holds of something, by when it came; oldest first, or newest first where it is said. */
async function waitingIn<T extends { _id: string }>(
  model: Model<T>,
  which: mongo.Filter<T>,
  { by, id = '_id', order = 1 }: { by: keyof T & string; id?: keyof T & string; order?: 1 | -1 },
): Promise<Waiting[]> {
  const rows = await collectionOf(model)
    .find(which)
    .project<Record<string, string | Date>>({ [id]: 1, [by]: 1 })
    .sort({ [by]: order })
    .limit(COUNTED)
    .toArray();
  return rows.map((row) => ({ _id: row[id] as string, lab_slug: null, since: row[by] as Date }));
}

const reportsWhere = (store: Store, which: mongo.Filter<LabMessageDocument>) =>
  waitingIn(store.labMessages, which, { by: 'received_at' });

async function inbox(store: Store, limit: Date): Promise<Matter[]> {
  const [messages, reports, readings] = await Promise.all([
    waitingIn(
      store.labMessageTexts,
      { to_read: { $exists: true }, received_at: { $lt: limit } },
      { by: 'received_at' },
    ),
    reportsWhere(store, { state: 'stored', received_at: { $lt: limit } }),
    waitingIn(
      store.labReadings,
      { state: 'owed', replaced_at: { $lt: limit } },
      { by: 'replaced_at', id: 'report_id' },
    ),
  ]);
  return matterOf('inbox', [...messages, ...reports, ...readings]);
}

const visits = async (store: Store, limit: Date) =>
  matterOf(
    'visits',
    await waitingIn(store.phlebotomyEvents, { state: 'stored', received_at: { $lt: limit } }, { by: 'received_at' }),
  );

async function reviews(store: Store, limit: Date): Promise<Matter[]> {
  const [unmatched, held] = await Promise.all([
    reportsWhere(store, { state: 'unmatched', received_at: { $lt: limit } }),
    reportsWhere(store, { to_review: { $exists: true }, received_at: { $lt: limit } }),
  ]);
  return matterOf('review', [...unmatched, ...held]);
}

async function outbox(store: Store, limit: Date): Promise<Matter[]> {
  const [orders, messages, endpoints] = await Promise.all([
    collectionOf(store.orders)
      .find({ outgoing_at: { $gt: new Date(0), $lt: limit } })
      .project<{ _id: string; outgoing_at: Date }>({ outgoing_at: 1 })
      .limit(COUNTED)
      .toArray(),
    collectionOf(store.webhookMessages)
      .find({ fanned_out: false, created_at: { $lt: limit } })
      .project<{ _id: string; created_at: Date }>({ created_at: 1 })
      .limit(COUNTED)
      .toArray(),
    endpointsWithDueDeliveries(store, limit),
  ]);
  return matterOf('outbox', [
    ...orders.map(({ _id, outgoing_at }) => ({ _id, lab_slug: null, since: outgoing_at })),
    ...messages.map(({ _id, created_at }) => ({ _id, lab_slug: null, since: created_at })),
    ...endpoints.map(({ _id }) => ({ _id, lab_slug: null, since: limit })),
  ]);
}

async function pickUps(store: Store, limit: Date): Promise<Matter[]> {
  const troubles = await pickUpTroubles(store, limit);
  return [...Map.groupBy(troubles, ({ lab_slug }) => lab_slug)].map(([lab_slug, theirs]) => ({
    kind: 'pick_up',
    lab_slug,
    count: theirs.reduce((sum, { files }) => sum + Math.max(1, files), 0),
    since: (theirs[0] as PickUpTroubleDocument).since,
    ids: theirs.map(({ _id }) => _id),
  }));
}

async function rejections(store: Store): Promise<Matter[]> {
  const kept = await keptRejections(store, COUNTED);
  return matterOf(
    'rejected',
    kept.map(({ order_id, lab_slug, created_at }) => ({ _id: order_id, lab_slug, since: created_at })),
  );
}

async function refusals(store: Store, limit: Date): Promise<Matter[]> {
  const found = await collectionOf(store.labMessageTexts)
    .find({ refused: { $gt: '' }, received_at: { $gt: limit } })
    .project<{ _id: string; lab_slug: string; received_at: Date }>({ lab_slug: 1, received_at: 1 })
    .sort({ received_at: -1 })
    .limit(COUNTED)
    .toArray();
  return matterOf(
    'refused',
    found.map(({ _id, lab_slug, received_at }) => ({ _id, lab_slug, since: received_at })),
  );
}

const unreadableEvents = async (store: Store, limit: Date) =>
  matterOf(
    'unreadable',
    await waitingIn(store.unreadableEvents, { received_at: { $gt: limit } }, { by: 'received_at', order: -1 }),
  );
