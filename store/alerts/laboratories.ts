/** What is the matter with single laboratories of the production environment: they are silent, or leave tests unclear (G9). */
import { type AlertLimits, COUNTED, type Matter, NAMED } from '../../domain/alerts.ts';
import { COLLECTION_METHODS, type CollectionMethod, type OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { collectionOf } from '../collections/define.ts';
import type { LabMessageDocument } from '../collections/inbox.ts';
import { AWAITING_RESULTS, type OrderDocument } from '../collections/orders.ts';
import type { Store } from '../open.ts';

const HOUR = 3_600_000;
/** How many orders of a laboratory are looked at for tests that nothing is said about. */
const LOOKED_AT = 200;

/** Statuses in which, as far as anybody knows, the laboratory has the specimen, or may have it. */
const SPECIMEN_MAY_BE_THERE: Record<CollectionMethod, readonly OrderLowLevelStatus[]> = {
  walk_in_test: AWAITING_RESULTS,
  at_home_phlebotomy: ['draw_completed', 'partial_results'],
  on_site_collection: ['draw_completed', 'partial_results'],
  testkit: ['delivered_to_lab', 'lab_processing_blocked', 'partial_results'],
};

/** The laboratories that have a production connection. */
export async function laboratoriesInSurvey(store: Store): Promise<string[]> {
  const connections = await collectionOf(store.labConnections)
    .find({ environment: 'production' })
    .project<{ lab_slug: string }>({ lab_slug: 1 })
    .toArray();
  return connections.map(({ lab_slug }) => lab_slug);
}

/** Orders of a laboratory that wait for its results, and have not moved since. */
async function waitingOrders(
  store: Store,
  lab_slug: string,
  unmovedSince: Date,
  atMost: number,
  statusesOf: (method: CollectionMethod) => readonly OrderLowLevelStatus[] = (method) => SPECIMEN_MAY_BE_THERE[method],
): Promise<Pick<OrderDocument, '_id' | 'updated_at'>[]> {
  // One at a time: the index of what is awaited answers for single statuses, and for all of them, but not for some.
  const found = await Promise.all(
    COLLECTION_METHODS.flatMap((collection_method) =>
      statusesOf(collection_method).map((last_status) =>
        collectionOf(store.orders)
          .find({
            lab_slug,
            'order.options.sandbox': false,
            collection_method,
            last_status,
            updated_at: { $lt: unmovedSince },
          })
          .project<Pick<OrderDocument, '_id' | 'updated_at'>>({ updated_at: 1 })
          .limit(atMost)
          .toArray(),
      ),
    ),
  );
  return found.flat();
}

/** When a laboratory's last message with results came; null when none has. */
export async function lastHeardOf(store: Store, lab_slug: string): Promise<Date | null> {
  const last = await collectionOf(store.labMessageTexts).findOne(
    { lab_slug, environment: 'production', acknowledges: { $exists: false }, refused: null },
    { sort: { received_at: -1 }, projection: { received_at: 1 } },
  );
  return last?.received_at ?? null;
}

/** Laboratories that have sent nothing for too long although specimens should be there. */
export async function silentLabs(
  store: Store,
  labs: readonly string[],
  limits: AlertLimits['lab_silent_hours'],
): Promise<Matter[]> {
  const found = await Promise.all(
    labs.map(async (lab_slug): Promise<Matter[]> => {
      const hours = Object.hasOwn(limits.labs, lab_slug) ? limits.labs[lab_slug] : limits.default;
      if (hours === null || hours === undefined) return [];
      const limit = new Date(Date.now() - hours * HOUR);
      const heard = await lastHeardOf(store, lab_slug);
      if (heard && heard >= limit) return [];
      const waiting = await waitingOrders(store, lab_slug, limit, COUNTED);
      if (waiting.length === 0) return [];
      const oldest = Math.min(...waiting.map(({ updated_at }) => updated_at.getTime()));
      const since = new Date(Math.max(oldest, heard?.getTime() ?? 0));
      const ids = waiting.slice(0, NAMED).map(({ _id }) => _id);
      return [{ kind: 'lab_silent', lab_slug, count: waiting.length, since, ids }];
    }),
  );
  return found.flat();
}

/** Orders that wait on because nothing says whether a test of theirs is final. */
export async function unclearTests(store: Store, labs: readonly string[], limit: Date): Promise<Matter[]> {
  const found = await Promise.all(
    labs.map(async (lab_slug): Promise<Matter[]> => {
      const waiting = await waitingOrders(store, lab_slug, limit, LOOKED_AT, () => ['partial_results']);
      const unclear = await collectionOf(store.labMessages)
        .find({
          order_id: { $in: waiting.map(({ _id }) => _id) },
          state: 'applied',
          'report.tests.is_status_unclear': true,
        })
        .project<Pick<LabMessageDocument, 'order_id' | 'received_at'>>({ order_id: 1, received_at: 1 })
        .toArray();
      if (unclear.length === 0) return [];
      const orders = new Set(unclear.flatMap(({ order_id }) => order_id ?? []));
      const since = new Date(Math.min(...unclear.map(({ received_at }) => received_at.getTime())));
      return [{ kind: 'preliminary', lab_slug, count: orders.size, since, ids: [...orders].slice(0, NAMED) }];
    }),
  );
  return found.flat();
}
