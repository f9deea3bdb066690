/** What patients and callers do, and how each of it must end whatever dies meanwhile. */
import { setTimeout as pause } from 'node:timers/promises';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import type { Caller } from './caller.ts';
import type { Chance } from './random.ts';

/** An order, and the last statuses that it and its redraw must have. */
export interface Ending {
  scenario: string;
  orderId: string;
  initial: OrderLowLevelStatus;
  /** Null when there must be no redraw. */
  redraw: OrderLowLevelStatus | null;
}

type Scenario = (caller: Caller, chance: Chance) => Promise<Omit<Ending, 'scenario'>>;

const walkIn = (low: string) => `completed.walk_in_test.${low}`;

/** An order whose lab lost part of the sample; answers with both ids when the redraw has its requisition. */
async function withRedraw(caller: Caller): Promise<{ orderId: string; redrawId: string }> {
  const orderId = await caller.order('walkIn');
  await caller.reaches(orderId, 'requisition_created');
  await caller.simulate(orderId, walkIn('completed'), { has_missing_results: true });
  const { order_transaction } = await caller.reaches(orderId, 'redraw_available');
  const redrawId = order_transaction.orders.at(-1)?.id as string;
  await caller.reaches(redrawId, 'requisition_created');
  return { orderId, redrawId };
}

/** An at-home order with a visit. */
async function withVisit(caller: Caller, chance: Chance): Promise<string> {
  const orderId = await caller.order('atHome');
  await caller.reaches(orderId, 'requisition_created');
  await bookAny(caller, chance, orderId);
  await caller.reaches(orderId, 'appointment_scheduled');
  return orderId;
}

/** An on-site order that is drawn. */
async function onSite(caller: Caller): Promise<string> {
  const orderId = await caller.order('onSite');
  await caller.reaches(orderId, 'requisition_created');
  await caller.drawn(orderId);
  await caller.reaches(orderId, 'draw_completed');
  return orderId;
}

/** Books some slot: the first may be taken by another order of this campaign. */
async function bookAny(caller: Caller, chance: Chance, orderId: string): Promise<void> {
  const slots = await caller.slots();
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const { status } = await caller.book(orderId, slots[chance.between(0, slots.length - 1)] as string);
    if (status === 200) return;
  }
  throw new Error('No slot could be booked');
}

/** By name; `npm run kills` prints the names. */
export const SCENARIOS: Record<string, Scenario> = {
  async 'walk-in: completed'(caller) {
    const orderId = await caller.order('walkIn');
    await caller.reaches(orderId, 'requisition_created');
    await caller.simulate(orderId, walkIn('completed'));
    await caller.reaches(orderId, 'completed');
    return { orderId, initial: 'completed', redraw: null };
  },

  async 'walk-in: redrawn'(caller) {
    const { orderId, redrawId } = await withRedraw(caller);
    await caller.simulate(redrawId, walkIn('completed'));
    await caller.reaches(redrawId, 'completed');
    return { orderId, initial: 'redraw_available', redraw: 'completed' };
  },

  async 'walk-in: the redraw is canceled'(caller) {
    const { orderId, redrawId } = await withRedraw(caller);
    await caller.cancel(redrawId);
    await caller.reaches(redrawId, 'cancelled');
    return { orderId, initial: 'redraw_available', redraw: 'cancelled' };
  },

  async 'walk-in: canceled at once'(caller, chance) {
    const orderId = await caller.order('walkIn');
    await pause(chance.between(0, 300));
    await caller.cancel(orderId);
    await caller.reaches(orderId, 'cancelled');
    return { orderId, initial: 'cancelled', redraw: null };
  },

  async 'walk-in: canceled with its requisition'(caller) {
    const orderId = await caller.order('walkIn');
    await caller.reaches(orderId, 'requisition_created');
    await caller.cancel(orderId);
    await caller.reaches(orderId, 'cancelled');
    return { orderId, initial: 'cancelled', redraw: null };
  },

  async 'at home: visited'(caller, chance) {
    const orderId = await withVisit(caller, chance);
    await caller.simulate(orderId, 'completed.at_home_phlebotomy.completed');
    await caller.reaches(orderId, 'completed');
    return { orderId, initial: 'completed', redraw: null };
  },

  async 'at home: moved, then visited'(caller, chance) {
    const orderId = await withVisit(caller, chance);
    const slots = await caller.slots();
    await caller.reschedule(orderId, slots[chance.between(0, slots.length - 1)] as string);
    await caller.simulate(orderId, 'completed.at_home_phlebotomy.completed');
    await caller.reaches(orderId, 'completed');
    return { orderId, initial: 'completed', redraw: null };
  },

  async 'at home: canceled with its visit'(caller, chance) {
    const orderId = await withVisit(caller, chance);
    await caller.cancel(orderId);
    await caller.reaches(orderId, 'cancelled');
    return { orderId, initial: 'cancelled', redraw: null };
  },

  async 'at home: booked while it is being canceled'(caller, chance) {
    const orderId = await caller.order('atHome');
    await caller.reaches(orderId, 'requisition_created');
    const [slot] = await caller.slots();
    const canceling = caller.cancel(orderId);
    await pause(chance.between(0, 25));
    await Promise.all([canceling, caller.book(orderId, slot as string)]);
    await caller.reaches(orderId, 'cancelled');
    return { orderId, initial: 'cancelled', redraw: null };
  },

  async 'on site: drawn'(caller) {
    const orderId = await onSite(caller);
    await caller.simulate(orderId, 'completed.on_site_collection.completed');
    await caller.reaches(orderId, 'completed');
    return { orderId, initial: 'completed', redraw: null };
  },

  async 'on site: canceled after the draw'(caller) {
    const orderId = await onSite(caller);
    await caller.cancel(orderId);
    await caller.reaches(orderId, 'cancelled');
    return { orderId, initial: 'cancelled', redraw: null };
  },
};
