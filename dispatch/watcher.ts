/** Tells operators of what waits for too long or is silent: in the log, and by mail, once each (G9). */
import type { Logger } from 'pino';
import type { AlertLimits } from '../domain/alerts.ts';
import { markTold, noteMatters, untoldMatters } from '../store/alerts/matters.ts';
import { survey } from '../store/alerts/survey.ts';
import type { MatterDocument } from '../store/collections/alerts.ts';
import { takeLease } from '../store/leases.ts';
import type { Store } from '../store/open.ts';
import { type Loop, startLoop } from './loop.ts';

const MINUTE = 60_000;

/**
 * How often is looked, how long something is away before it is over, and how far apart mails are, in milliseconds; the
 * last is longer than a mail takes to be sent, or two workers send it.
 */
export interface WatchPaces {
  everyMs: number;
  overAfterMs: number;
  mailEveryMs: number;
}

const PACES: WatchPaces = { everyMs: MINUTE, overAfterMs: 10 * MINUTE, mailEveryMs: 10 * MINUTE };

/** Starts the rounds; of several workers one makes each. */
export function startWatcher(parts: {
  store: Store;
  limits: AlertLimits;
  /** Writes to operators, or throws; null where nobody is written to. */
  tell: ((news: { begun: readonly MatterDocument[]; over: readonly MatterDocument[] }) => Promise<void>) | null;
  logger: Logger;
  paces?: WatchPaces;
}): Loop {
  const { store, limits, tell, logger, paces = PACES } = parts;

  async function round(): Promise<void> {
    if (!(await takeLease(store, 'operator-watch', paces.everyMs))) return;
    const { begun, over } = await noteMatters(store, await survey(store, limits), paces.overAfterMs);
    for (const { kind, lab_slug, count, since, ids } of begun) {
      logger.warn({ lab: lab_slug, count, since, ids }, `operator.${kind}`);
    }
    if (tell) await mailAbout(over, tell);
    else await noteTold(await untoldMatters(store), over);
  }

  async function noteTold(told: readonly MatterDocument[], over: readonly MatterDocument[]): Promise<void> {
    await markTold(store, told, over);
    for (const { kind, lab_slug } of over) logger.info({ lab: lab_slug }, `operator.${kind}.over`);
  }

  /** What has begun is told at once, and what follows soon after together with the rest. */
  async function mailAbout(over: readonly MatterDocument[], send: NonNullable<typeof tell>): Promise<void> {
    const told = over.filter(({ told_at }) => told_at !== null);
    const neverTold = over.filter(({ told_at }) => told_at === null);
    await noteTold([], neverTold);
    if (told.length === 0 && (await untoldMatters(store)).length === 0) return;
    if (!(await takeLease(store, 'operator-mail', paces.mailEveryMs))) return;
    // Another worker may have told of some since they were asked for.
    const untold = await untoldMatters(store);
    if (untold.length + told.length === 0) return;
    await send({ begun: untold, over: told });
    await noteTold(untold, told);
  }

  return startLoop({ round, pollMs: paces.everyMs, unreachable: 'operator.watch.unreachable' }, logger);
}
