/**
 * The same request twice is one order (F9). A claim on the key is written before anything starts and holds the ids of
 * the order to be, so a retry after a crash finishes that order. What was answered is kept and given again.
 */
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IdempotencyDocument } from '../../store/collections/access.ts';
import { insertTogether, updateTogether } from '../../store/collections/together.ts';
import type { Store } from '../../store/open.ts';
import { newPlacerOrderNumber } from '../../store/orders/placer-order-number.ts';
import { uuidByName } from '../../store/uuid-by-name.ts';
import type { OrderIds } from '../orders/accept-order.ts';
import { ApiError, asApiError, ERRORS, errorEnvelope, ReplayedRefusal } from './errors.ts';

/** While a claim's lease lasts its request is at work, and renews it; of one that died a retry takes over soon. */
const LEASE_MS = 4_000;
const RENEWED_EVERY_MS = 1_000;
/** How long writing the answer down may hold the answer up, in milliseconds. */
const NOTE_MS = 2_000;

/** The transaction of a team's initial order, by which its journey is found while it has yet to be written. */
export const transactionIdFor = (teamId: string, orderId: string) => uuidByName(`transaction ${teamId} ${orderId}`);

/** Ids for an order of this team that begins now. */
export function newOrderIds(teamId: string): OrderIds {
  const order_id = randomUUID();
  return {
    order_id,
    transaction_id: transactionIdFor(teamId, order_id),
    placer_order_number: newPlacerOrderNumber(),
    created_at: new Date().toISOString(),
  };
}

/** How long the answer to an order can be had again, in milliseconds (contract §1.2). */
export const ORDERS_KEPT_FOR_MS = 48 * 3_600_000;

/** One request under an idempotency key; `Ids` is what the thing that it makes will be called. */
export interface IdempotentRequest<Ids> {
  /** Team, what is done, and the caller's key. */
  id: string;
  newIds(): Ids;
  /** How long an answer can be had again, in milliseconds. */
  keptForMs: number;
  /** `no-cache`: a refusal is not kept, so the key can be tried again. */
  keepRefusals: boolean;
  body: unknown;
  correlationId: string;
}

/**
 * Does `work` once for a key, and answers what it answered ever after. It is told whether nobody has begun with these ids
 * before. Refusals are kept too, except 429 and 5xx.
 * @throws ApiError `idempotency_key_in_use` while the first request with this key is at work, `idempotency_key_reused`
 * when it had another body
 * @throws ReplayedRefusal when the first request was refused
 */
export async function onceForKey<T, Ids extends Record<string, string>>(
  store: Store,
  request: IdempotentRequest<Ids>,
  work: (ids: Ids, isFirst: boolean) => Promise<T>,
): Promise<T> {
  const { claim, isFirst } = await claimKey(store, request);
  if (claim.response) {
    if (claim.response.status < 400) return claim.response.body as T;
    throw new ReplayedRefusal(claim.response.status, claim.response.body);
  }
  const mine = { _id: request.id, ids: claim.ids, response: null };
  const renewing = setInterval(() => renew(store, mine), RENEWED_EVERY_MS);
  try {
    const answer = await work(claim.ids as Ids, isFirst);
    await keep(store, mine, { status: 200, body: answer });
    return answer;
  } catch (error) {
    const refusal = asApiError(error);
    const { status } = ERRORS[refusal.code];
    if (status >= 500 || status === 429) await release(store, mine);
    else if (request.keepRefusals)
      await keep(store, mine, { status, body: errorEnvelope(refusal, request.correlationId) });
    else await store.idempotency.deleteOne(mine).catch(() => {});
    throw error;
  } finally {
    clearInterval(renewing);
  }
}

/** Says that the request is still at work. */
function renew(store: Store, mine: object): void {
  const lease_until = new Date(Date.now() + LEASE_MS);
  store.idempotency
    .updateOne({ ...mine, lease_until: { $gt: new Date(0) } }, { $set: { lease_until } })
    .exec()
    .catch(() => {});
}

async function claimKey<Ids extends Record<string, string>>(
  store: Store,
  { id, body, newIds, keptForMs }: IdempotentRequest<Ids>,
): Promise<{ claim: IdempotencyDocument; isFirst: boolean }> {
  const hash = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  const now = Date.now();
  const lease_until = new Date(now + LEASE_MS);
  const fresh: IdempotencyDocument = {
    _id: id,
    request_hash: hash,
    ids: newIds(),
    response: null,
    lease_until,
    expires_at: new Date(now + keptForMs),
  };
  if (await insertTogether(store.idempotency, fresh)) return { claim: fresh, isFirst: true };
  const held = await store.idempotency.findById(id).lean<IdempotencyDocument>();
  // Claims from before bodies were told apart have no hash.
  if (held?.request_hash && held.request_hash !== hash) {
    throw new ApiError(
      'idempotency_key_reused',
      'This idempotency key was already used with a different body; use a new key for a different request.',
    );
  }
  if (held?.response) return { claim: held, isFirst: false };
  const taken = await store.idempotency
    .findOneAndUpdate(
      { _id: id, response: null, lease_until: { $lte: new Date(now) } },
      { $set: { lease_until } },
      { returnDocument: 'after' },
    )
    .lean<IdempotencyDocument>();
  if (taken) return { claim: taken, isFirst: false };
  throw new ApiError(
    'idempotency_key_in_use',
    'A request with this idempotency key is still in progress; please retry.',
  );
}

/** The answer is given whether or not it could be kept: a retry then finishes the same order and answers alike. */
function keep(store: Store, mine: object, response: { status: number; body: unknown }): Promise<void> {
  return noLongerThan(updateTogether(store.idempotency, mine, { $set: { response } }));
}

/** Nothing was decided, as with 429 and 5xx: the next request with this key goes on with the same ids at once. */
function release(store: Store, mine: object): Promise<void> {
  return noLongerThan(store.idempotency.updateOne(mine, { $set: { lease_until: new Date(0) } }).exec());
}

/** A caller who waits for an answer does not wait for our notes on it while the database is away. */
async function noLongerThan(note: Promise<unknown>): Promise<void> {
  const written = note.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([written, sleep(NOTE_MS, undefined, { ref: false })]);
}
