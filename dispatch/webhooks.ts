/** Takes webhooks from the outbox to their receivers, beside any number of other processes that do the same (E4). */
import type { Logger } from 'pino';
import type { WebhookEndpointDocument } from '../store/collections/outbox.ts';
import type { Store } from '../store/open.ts';
import { moveOutgoing, OUTGOING } from '../store/outbox/outgoing.ts';
import { validSecrets } from '../store/outbox/webhook-endpoints.ts';
import { noteFailure, noteSuccess } from '../store/outbox/webhook-health.ts';
import * as outbox from '../store/outbox/webhooks.ts';
import { watchCommits } from '../store/watch.ts';
import { createDeliverer } from '../webhooks/deliver.ts';
import { createLanes, type Lane, type LaneLimits } from './lanes.ts';
import { type Loop, startLoop } from './loop.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How long to wait after the first, second … failed attempt, in milliseconds; after the last the message is exhausted. */
export const RETRY_PAUSES_MS: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  10 * HOUR,
];

const LIMITS: LaneLimits = {
  overall: 512,
  troubled: 128,
  perEndpoint: 16,
  perNewEndpoint: 2,
  perSlowEndpoint: 8,
  perFailingEndpoint: 1,
  slowAfterMs: SECOND,
};
/** The changes that bring messages that have no deliveries yet, as change events of MongoDB have them. */
const NOT_FANNED_OUT = { 'ns.coll': 'webhook_messages', 'fullDocument.fanned_out': false };
/** Messages fanned out in one go. */
const MESSAGES_AT_ONCE = 200;
/** Endpoints whose deliveries are claimed side by side; each asks for all it may have, which is seldom all it gets. */
const ENDPOINTS_AT_ONCE = 16;
/** How far apart rounds of delivering begin at least: lanes that become free in between are filled together. */
const REFILL_MS = 10;
/** How far apart rounds of fanning out begin at least, so that under load each has much to do. */
const PACE_MS = 20;
/** How many times the longest attempt a lease lasts, so that recording it is not late. */
const LEASE_TIMEOUTS = 2;
/** What attempts under way are given to end when the process stops. */
const STOP_GRACE_MS = 3 * SECOND;

export interface DispatcherOptions {
  store: Store;
  /** Whether private addresses may be reached, such as this machine. */
  allowPrivate: boolean;
  logger: Logger;
  /** Pauses after failed attempts, in milliseconds. */
  schedule?: readonly number[];
  /** For one attempt, in milliseconds. */
  timeoutMs?: number;
  /** How often the outbox is looked at when nothing said that it changed, in milliseconds. */
  pollMs?: number;
}

export interface WebhookDispatcher {
  /** Lets attempts under way end, for three seconds; those that do not are given back for another process to make. */
  stop(): Promise<void>;
}

/** Starts delivering, woken by every commit to the outbox. */
export function startWebhookDispatcher(options: DispatcherOptions): WebhookDispatcher {
  const { store, allowPrivate, logger, schedule = RETRY_PAUSES_MS, timeoutMs = 15 * SECOND, pollMs = SECOND } = options;
  const deliverer = createDeliverer({ allowPrivate, timeoutMs });
  const lanes = createLanes(LIMITS);
  const underWay = new Set<Promise<void>>();
  const giveUp = new AbortController();
  /** Somebody had to be left waiting for an attempt to end. */
  let waiting = false;

  async function attempt(
    endpoint: WebhookEndpointDocument,
    claimed: outbox.ClaimedDelivery,
    lane: Lane,
    loop: Loop,
  ): Promise<void> {
    const { message, delivery } = claimed;
    lane.begin();
    const outcome = await deliverer.deliver(
      {
        url: endpoint.url,
        messageId: message._id,
        body: message.payload,
        secrets: validSecrets(endpoint),
        headers: endpoint.headers,
      },
      giveUp.signal,
    );
    lane.answered();
    if (!outcome.delivered && giveUp.signal.aborted) return outbox.releaseDelivery(store, claimed);
    const { at, delivered, statusCode: status_code, error, durationMs: duration_ms } = outcome;
    const about = { endpoint_id: endpoint._id, team_id: endpoint.team_id, message_id: message._id, status_code, error };
    // A failure before the delivery can be attempted again, so that the endpoint's state is that of its latest attempt.
    const isDisabled = !delivered && (await noteFailure(store, endpoint._id, outcome));
    if (isDisabled) logger.warn(about, 'webhook.endpoint.disabled');
    const record = { at, status_code, error, duration_ms };
    const [state] = await Promise.all([
      outbox.recordAttempt(store, claimed, record, delivered, schedule),
      // What failed meanwhile is its own attempt's to make good.
      delivered && endpoint.failing_since !== null && noteSuccess(store, endpoint._id),
    ]);
    if (state === 'exhausted') logger.warn({ ...about, delivery_id: delivery._id }, 'message.attempt.exhausted');
    if (state === 'pending') loop.wakeIn(Math.min(schedule[delivery.attempts.length] ?? 0, pollMs));
  }

  /** Starts as many attempts to an endpoint as it may have. */
  async function fill(endpoint: WebhookEndpointDocument, loop: Loop): Promise<void> {
    const free = lanes.take(endpoint._id, endpoint.failing_since !== null);
    if (free.length === 0) {
      waiting = true;
      return;
    }
    const due = await outbox.claimDue(store, endpoint, free.length, LEASE_TIMEOUTS * timeoutMs).catch((error) => {
      for (const lane of free) lane.giveBack();
      throw error;
    });
    waiting ||= due.more;
    for (const [index, lane] of free.entries()) {
      const claimed = due.claimed[index];
      if (!claimed) {
        lane.giveBack();
        continue;
      }
      const running = attempt(endpoint, claimed, lane, loop)
        .catch((error) =>
          logger.error({ err: error, delivery_id: claimed.delivery._id }, 'webhook.attempt.not_recorded'),
        )
        .finally(() => {
          underWay.delete(running);
          lane.giveBack();
          if (waiting) loop.wake();
        });
      underWay.add(running);
    }
  }

  async function deliverDue(loop: Loop): Promise<void> {
    waiting = false;
    const endpoints = await outbox.endpointsWithDueDeliveries(store);
    lanes.divide(endpoints.map(({ _id, failing_since }) => ({ id: _id, failing: failing_since !== null })));
    const leastServedFirst = endpoints.sort((a, b) => lanes.held(a._id) - lanes.held(b._id));
    for (let from = 0; from < endpoints.length && !loop.stopping; from += ENDPOINTS_AT_ONCE) {
      await Promise.all(leastServedFirst.slice(from, from + ENDPOINTS_AT_ONCE).map((endpoint) => fill(endpoint, loop)));
    }
  }

  /** Makes deliveries of everything that has come to be told. */
  async function fanOut(loop: Loop): Promise<void> {
    const all = async (some: () => Promise<number>) => {
      for (let count = MESSAGES_AT_ONCE; count === MESSAGES_AT_ONCE && !loop.stopping; ) {
        count = await some();
        if (count > 0) delivering.wake();
      }
    };
    await all(() => outbox.fanOut(store, MESSAGES_AT_ONCE));
    await all(() => moveOutgoing(store, {}, MESSAGES_AT_ONCE));
  }

  const unreachable = 'webhook.outbox.unreachable';
  const delivering = startLoop({ round: deliverDue, pollMs, paceMs: REFILL_MS, unreachable }, logger);
  const fanningOut = startLoop(
    {
      watch: (wake) => watchCommits(store, [OUTGOING, NOT_FANNED_OUT], wake),
      round: fanOut,
      pollMs,
      paceMs: PACE_MS,
      unreachable,
    },
    logger,
  );

  return {
    async stop() {
      await Promise.all([fanningOut.stop(), delivering.stop()]);
      const grace = setTimeout(() => giveUp.abort(), STOP_GRACE_MS);
      await Promise.all(underWay);
      clearTimeout(grace);
      await deliverer.close();
    },
  };
}
