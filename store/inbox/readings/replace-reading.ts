/** Makes a new reading of a report the one that counts. The earlier one is kept, and whoever has taken it in is told. */
import type { ClientSession } from 'mongoose';
import type { Principal } from '../../../domain/principal.ts';
import { collectionOf } from '../../collections/define.ts';
import type { LabMessageDocument } from '../../collections/inbox.ts';
import { insert } from '../../collections/write.ts';
import type { Store } from '../../open.ts';
import { recordAudit } from '../../orders/audit.ts';
import { bytesInResult } from '../../results/result-limit.ts';
import { HELD, REJECTED, tellOfReview } from '../match-review.ts';
import { whatIsSaid } from '../repeated-reports.ts';
import { readingOf } from './numbered.ts';
import { type HeldReport, type PlannedReading, WITHDRAWN } from './plan-reading.ts';

/** Who has messages read anew, and with which version of the laboratory's profile. */
export interface ReadAnewBy {
  by: Principal;
  profile_version: number;
}

/** The states in which a journey or an order has a report, or is being given it, so that it has to hear of another reading. */
const OWED: readonly LabMessageDocument['state'][] = ['stored', 'delivered', 'applied', 'late'];

/**
 * Replaces a report's reading, in one MongoDB transaction with what becomes of the report, its review, and the audit entry
 * (G4). The report keeps its id.
 * @returns false when somebody else read it anew, or it was moved on, since that was planned: nothing is changed then
 */
export async function replaceReading(
  store: Store,
  planned: Extract<PlannedReading, { what: 'replaced' | 'withdrawn' }>,
  { by, profile_version }: ReadAnewBy,
): Promise<boolean> {
  const { held, report } = planned;
  const number = readingOf(held);
  let isReplaced = false;
  await store.connection.transaction(async (session) => {
    const changes = changesBy(planned);
    const isOpenAgain = changes.state === 'stored' || changes.state === 'unmatched';
    const forgotten = {
      unknown_codes: '' as const,
      to_review: '' as const,
      repeats: '' as const,
      ...(isOpenAgain && { closed_because: '' as const }),
    };
    const before = await collectionOf(store.labMessages).findOneAndUpdate(
      { _id: held._id, state: held.state, reading: held.reading ?? { $exists: false } },
      {
        $set: {
          report,
          reading: number + 1,
          says: whatIsSaid(report),
          bytes_in_result: bytesInResult(report),
          ...changes,
        },
        $unset: forgotten,
      },
      { session, projection: { raw: 0 } },
    );
    isReplaced = before !== null;
    if (!before) return;
    await insert(
      store.labReadings,
      {
        _id: `${held._id}:${number}`,
        report_id: held._id,
        number,
        report: before.report,
        replaced_by: by,
        replaced_at: new Date(),
        profile_version,
        state: OWED.includes(held.state) ? 'owed' : 'told',
        lease_until: new Date(0),
        attempts: 0,
        last_error: null,
      },
      { session },
    );
    await tellOfChangedReview(store, session, planned, { ...before, ...changes });
    const { team_id, order_id } = { ...before, ...changes };
    const detail = { report_id: held._id, reading: number + 1, profile_version, was: held.state };
    await recordAudit(store, { by, action: 'report.read_anew', team_id, order_id, detail }, session);
  });
  return isReplaced;
}

type Changes = Partial<LabMessageDocument>;

/** What becomes of the report beside what it says. */
function changesBy(planned: Extract<PlannedReading, { what: 'replaced' | 'withdrawn' }>): Changes {
  const { held } = planned;
  const inLine = { lease_until: new Date(0), attempts: 0, last_error: null };
  if (planned.what === 'withdrawn') {
    return held.state === 'unmatched' ? { state: 'closed', closed_because: WITHDRAWN } : waitingAnew(held, inLine);
  }
  const { match } = planned;
  if (!match) return waitingAnew(held, inLine);
  const whose = { order_id: match.order?._id ?? null, team_id: match.order?.team_id ?? null };
  if (!match.held) return { state: 'stored', unmatched_reason: null, doubts: [], ...whose, ...inLine };
  return { state: 'unmatched', unmatched_reason: match.held.decision, doubts: match.held.doubts, ...whose };
}

/**
 * One that waits for its journey is given to it as it is read now, whoever is at it with the earlier reading; so is one that
 * repeated another, since it may say something else now.
 */
function waitingAnew({ state }: HeldReport, inLine: Changes): Changes {
  if (state === 'repeated') return { ...inLine, state: 'stored' };
  return state === 'stored' ? inLine : {};
}

/** Tells the team of a report that a person need not look at any more, or has to now. */
async function tellOfChangedReview(
  store: Store,
  session: ClientSession,
  planned: Extract<PlannedReading, { what: 'replaced' | 'withdrawn' }>,
  after: HeldReport,
): Promise<void> {
  const { held } = planned;
  if (planned.what === 'withdrawn') {
    if (after.state === 'closed' && held.state === 'unmatched') await tellOfReview(store, session, held, REJECTED);
    return;
  }
  if (!planned.match) return;
  const isTheirs = held.team_id === after.team_id;
  if (after.state === 'stored') {
    const order = planned.match.order;
    await tellOfReview(store, session, held, isTheirs ? { status: 'matched', action: null, order } : REJECTED);
  } else if (!isTheirs || held.unmatched_reason !== after.unmatched_reason) {
    if (!isTheirs) await tellOfReview(store, session, held, REJECTED);
    await tellOfReview(store, session, after, HELD);
  }
}
