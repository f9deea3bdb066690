/**
 * Brings journeys and their store together again: a journey that lost what it had written, because a crash came between
 * the write and the end of its task, is given it back, and carries out what follows (docs/decisions/0001).
 */
import type { Logger } from 'pino';
import { positionOf, standingOf } from '../domain/orders/journey-position.ts';
import { isEnded } from '../domain/orders/transitions.ts';
import { THE_JOURNEY } from '../domain/principal.ts';
import { collectionOf } from '../store/collections/define.ts';
import type { OrderDocument } from '../store/collections/orders.ts';
import type { Store } from '../store/open.ts';
import { recordAudit } from '../store/orders/audit.ts';
import {
  type ClaimedCheck,
  claimJourneyCheck,
  confirmJourney,
  heldBeyond,
  postponeJourneyCheck,
  storedPosition,
} from '../store/orders/journey-check.ts';
import type { ComparedJourneys } from '../temporal/journeys.ts';
import { type InboxDispatcher, startInboxDispatcher } from './inbox.ts';

/** So often a journey is looked for that is not there, some minutes in all: that of a redraw begins after its order. */
const LOOKED_FOR = 10;

/** What an operator is told, in the log and in the audit. */
type Trouble = 'journey.ahead_of_store' | 'journey.closed_before_its_order' | 'journey.missing';

/**
 * Starts asking journeys, each once after an event that stays its order's last for a while.
 * @param checkedAfter For how long, in milliseconds.
 */
export function startJourneySweep(parts: {
  store: Store;
  journeys: ComparedJourneys;
  checkedAfter: number;
  logger: Logger;
}): InboxDispatcher {
  const { store, journeys, checkedAfter, logger } = parts;

  /** Nothing is repaired: what is recorded stands, and a person decides what the journey is worth. */
  async function tellOperator(trouble: Trouble, { _id: order_id, team_id, events }: OrderDocument): Promise<void> {
    const entry = { action: trouble, order_id };
    if (await collectionOf(store.audit).findOne(entry)) return;
    logger.error({ order_id, events: events.length }, trouble);
    await recordAudit(store, { by: THE_JOURNEY, team_id, ...entry, detail: { events: events.length } });
  }

  async function check(claimed: ClaimedCheck, retryInMs: number): Promise<'settled' | 'waits'> {
    const again = async () => {
      await postponeJourneyCheck(store, claimed, retryInMs);
      return 'waits' as const;
    };
    const known = await journeys.position(claimed.order);
    if (known === 'busy') return again();
    if (known === 'stuck') {
      logger.warn({ order_id: claimed.order._id }, 'journey.stepped_back');
      await journeys.stepBack(claimed.order);
      return again();
    }
    // Nothing to look at again: where anything was written meanwhile, this confirms nothing.
    if (isLevel(known, claimed)) {
      await confirmJourney(store, claimed);
      return 'settled';
    }
    // Read after the journey has answered: what it knows was written before.
    const order = await store.orders.findById(claimed.order._id).orFail().lean<OrderDocument>();
    const hasEnded = isEnded(order.last_status, order.collection_method);
    if (known === 'missing' && !hasEnded && claimed.attempts < LOOKED_FOR) return again();
    if (known === 'missing' || known === 'closed') {
      if (!hasEnded)
        await tellOperator(known === 'closed' ? 'journey.closed_before_its_order' : 'journey.missing', order);
      await confirmJourney(store, claimed);
      return 'settled';
    }
    if (known.events === 0) return again();
    const standing = standingOf(known, await storedPosition(store, order));
    if (standing === 'behind') {
      const held = await heldBeyond(store, order, known);
      logger.warn(
        { order_id: order._id, known: known.events, events: positionOf(order.events, null).events },
        'journey.behind',
      );
      await journeys.storeIsAhead(order, held);
      return again();
    }
    if (standing === 'ahead') await tellOperator('journey.ahead_of_store', order);
    await confirmJourney(store, claimed);
    return 'settled';
  }

  /** Whether the journey knew what the order held when it was claimed, where that tells without a look at appointments. */
  function isLevel(known: Awaited<ReturnType<ComparedJourneys['position']>>, { order }: ClaimedCheck): boolean {
    if (typeof known === 'string' || known.events === 0 || order.appointment_id !== null) return false;
    return standingOf(known, positionOf(order.events, null)) === 'level';
  }

  return startInboxDispatcher(
    {
      name: 'journey_check',
      watch: () => ({ close: async () => {} }),
      claim: (leaseMs) => claimJourneyCheck(store, checkedAfter, leaseMs),
      deliver: check,
      postpone: (claimed, _error, retryInMs) => postponeJourneyCheck(store, claimed, retryInMs),
      describe: ({ order: { _id } }) => ({ order_id: _id }),
    },
    logger,
  );
}
