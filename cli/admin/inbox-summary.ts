/** `admin inbox`: what waits and for how long, and when each laboratory was heard last (G9). */
import { loadConfig } from '../../config/config.ts';
import { COUNTED, MATTERS } from '../../domain/alerts.ts';
import { laboratoriesInSurvey, lastHeardOf } from '../../store/alerts/laboratories.ts';
import { survey } from '../../store/alerts/survey.ts';
import type { Store } from '../../store/open.ts';
import type { Output } from './output.ts';

const MINUTE = 60_000;
const UNITS = [
  ['days', 24 * 60 * MINUTE],
  ['hours', 60 * MINUTE],
  ['minutes', MINUTE],
] as const;

/** How long ago that was, in the largest unit that there are two of. */
function ago(instant: Date): string {
  const ms = Math.max(0, Date.now() - instant.getTime());
  const [unit, length] = UNITS.find(([, each]) => ms >= 2 * each) ?? UNITS[2];
  return `${Math.floor(ms / length)} ${unit}`;
}

/** What waits is shown from its first minute on; silence as an operator is told of it. */
const AT_ONCE = { unacknowledged_minutes: 0, inbox_minutes: 0, outbox_minutes: 0, review_hours: 0 };

/** Shows all of it. */
export async function showInbox(store: Store, out: Output): Promise<void> {
  const matters = await survey(store, { ...loadConfig().alerts, ...AT_ONCE });
  const labs = await laboratoriesInSurvey(store);
  const heard = await Promise.all(labs.map(async (lab) => ({ lab, at: await lastHeardOf(store, lab) })));
  out.list(
    [
      ...matters.map(({ kind, lab_slug, count, since, ids }) => ({
        what: MATTERS[kind].what,
        lab: lab_slug,
        how_many: count >= COUNTED ? `${COUNTED} or more` : count,
        since,
        for: ago(since),
        first: ids[0] ?? null,
        to_do: MATTERS[kind].to_do,
      })),
      ...heard.map(({ lab, at }) => ({
        what: at ? 'Last results' : 'No results yet',
        lab,
        how_many: null,
        since: at,
        for: at && ago(at),
        first: null,
        to_do: null,
      })),
    ],
    'Nothing waits, and no laboratory has a production connection yet.',
  );
}
