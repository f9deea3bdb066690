/**
 * A wave of Venule's journeys, stage by stage, each stage beginning when the one before is through: walk-in orders from
 * `POST /v3/order` to `completed`, acknowledged by the laboratory, a mail, a partial and a final report, a mail.
 */
import type { Caller } from './caller.ts';
import { eachOf, until } from './caller.ts';
import type { Parts } from './parts.ts';

/**
 * Has everything told about orders: the patient's results mail, webhooks of partial results. Called before the API is
 * asked for the first time, since it remembers teams for a while.
 */
export async function withEveryMessage(parts: Parts): Promise<void> {
  const options = { 'options.results_ready_mail': true, 'options.partial_webhooks_enabled': true };
  await parts.store.teams.updateMany({}, { $set: options });
}

/** Places so many orders and waits for their first mails. @returns their ids */
export async function placeWave(parts: Parts, caller: Caller, wave: number): Promise<string[]> {
  const before = parts.partners.mails();
  const ids = await caller.place(wave);
  await until('The first mails of a wave', () => parts.partners.mails() - before >= wave);
  return ids;
}

/** Has the orders of a wave reported on, in part and whole, and waits for their last mails. */
export async function reportWave(parts: Parts, caller: Caller, ids: readonly string[]): Promise<void> {
  const before = parts.partners.mails();
  const numbers = [...(await caller.placerNumbers(ids)).values()];
  await eachOf(numbers, (number) => caller.report(number, 'first'));
  const partial = { _id: { $in: [...ids] }, 'events.2': { $exists: true } };
  await until('The partial results of a wave', async () => {
    return (await parts.store.orders.countDocuments(partial)) === ids.length;
  });
  await eachOf(numbers, (number) => caller.report(number, 'rest'));
  await until('The last mails of a wave', () => parts.partners.mails() - before >= ids.length);
}
