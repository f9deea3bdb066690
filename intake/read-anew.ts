/** Messages that are kept, read anew: what that would change, and having it count. */
import type { LabProfile, VersionedProfile } from '../domain/catalogue/lab-profile.ts';
import type { Principal } from '../domain/principal.ts';
import { readingChanges } from '../domain/results/reading-changes.ts';
import { FhirRefused } from '../partners/labs/formats/fhir/fhir-refused.ts';
import { MESSAGE_LIMITS } from '../partners/labs/formats/hl7v2/hl7-limits.ts';
import { reportingLab } from '../partners/labs/registry.ts';
import type { KeptMessage } from '../store/inbox/readings/kept-messages.ts';
import {
  type BodyReading,
  KEPT_BECAUSE,
  type PlannedReading,
  planReading,
  type ReadingPlan,
} from '../store/inbox/readings/plan-reading.ts';
import { carryOut } from '../store/inbox/readings/read-anew.ts';
import type { ReadAnewBy } from '../store/inbox/readings/replace-reading.ts';
import type { Store } from '../store/open.ts';
import { isFhir, readFhirBody, inWords as refusalInWords } from './fhir-body.ts';
import { messagesOfBody } from './hl7-body.ts';

/** What became, or would become, of messages that were read anew. */
export interface ReadAnewSummary {
  messages: number;
  /** Reports by what becomes of them. */
  unchanged: number;
  changed: number;
  newly_read: number;
  no_longer_there: number;
  left_as_they_are: number;
}

/** A line for the person who decides. */
type ChangeRow = {
  report: string | null;
  order: string | null;
  what: string;
  test: string | null;
  result: string | null;
  was: string | null;
  becomes: string | null;
};

export interface ReadAnewOptions {
  profile: VersionedProfile;
  /** Who has the new readings count; null where nothing is to be stored. */
  by: Principal | null;
  /** How many messages are read at most. */
  limit: number;
  /** How many changes are named; all are counted. */
  named: number;
  /** Is told from time to time how many messages were read. */
  onProgress?: (messages: number) => void;
}

const SAYS_PROGRESS_EVERY = 500;
/** Of a long text so many characters are shown. */
const SHOWN = 300;

/**
 * Reads messages under a profile.
 * @returns what that changes, and where reading stopped because there were too many; null where all were read
 */
export async function readAnew(
  store: Store,
  messages: AsyncIterable<KeptMessage>,
  { profile: { version, profile }, by, limit, named, onProgress }: ReadAnewOptions,
): Promise<{ summary: ReadAnewSummary; rows: ChangeRow[]; stopped_at: Date | null }> {
  const summary = { messages: 0, unchanged: 0, changed: 0, newly_read: 0, no_longer_there: 0, left_as_they_are: 0 };
  const rows: ChangeRow[] = [];
  for await (const kept of messages) {
    if (summary.messages === limit) return { summary, rows, stopped_at: kept.received_at };
    const reading = await readingOf(kept, profile);
    const plan = await planReading(store, kept, reading, MESSAGE_LIMITS.report_bytes);
    if (by) await carryOutWhole(store, kept, reading, plan, { by, profile_version: version });
    summary.messages += 1;
    summary.unchanged += plan.unchanged;
    for (const each of plan.plans) {
      summary[COUNTED[each.what]] += 1;
      if (rows.length < named) rows.push(...rowsOf(each).slice(0, named - rows.length));
    }
    if (summary.messages % SAYS_PROGRESS_EVERY === 0) onProgress?.(summary.messages);
  }
  return { summary, rows, stopped_at: null };
}

/** How often a plan is made again because a report went on meanwhile: it was just given to its journey, say. */
const PLANNED_AT_MOST = 10;

/** @throws Error when reports of the message never stand still; the same again goes on from there */
async function carryOutWhole(
  store: Store,
  kept: KeptMessage,
  reading: BodyReading,
  planned: ReadingPlan,
  by: ReadAnewBy,
): Promise<void> {
  let plan = planned;
  for (let times = 1; times <= PLANNED_AT_MOST; times += 1) {
    const { replaced } = await carryOut(store, kept, reading, plan, by, MESSAGE_LIMITS.report_bytes);
    const meant = plan.plans.filter(({ what }) => what === 'replaced' || what === 'withdrawn').length;
    if (replaced === meant) return;
    plan = await planReading(store, kept, reading, MESSAGE_LIMITS.report_bytes);
  }
  throw new Error(
    `Message ${kept.content_hash} could not be read anew, since its reports change all the time; try again`,
  );
}

async function readingOf(kept: KeptMessage, profile: LabProfile): Promise<BodyReading> {
  const lab = reportingLab(kept.lab_slug, profile, kept.environment, kept.received_at.toISOString());
  const reading: BodyReading = { messages: [], refusals: [] };
  if (isFhir(kept.raw)) {
    const read = await readFhirBody(kept.raw, lab);
    return read instanceof FhirRefused
      ? { ...reading, refusals: [refusalInWords(read)] }
      : { ...reading, messages: [read] };
  }
  for await (const message of messagesOfBody(kept.raw, lab, kept.charset)) {
    if ('acknowledgement' in message) continue;
    if ('refusal' in message) reading.refusals.push(message.refusal.message);
    else reading.messages.push(message);
  }
  return reading;
}

const COUNTED = {
  replaced: 'changed',
  new: 'newly_read',
  withdrawn: 'no_longer_there',
  kept: 'left_as_they_are',
} as const satisfies Record<PlannedReading['what'], keyof ReadAnewSummary>;

function rowsOf(planned: PlannedReading): ChangeRow[] {
  const report = planned.what === 'new' ? null : planned.held._id;
  const before = planned.what === 'new' ? null : planned.held.report;
  const after = planned.what === 'withdrawn' ? null : planned.report;
  const order = (after ?? before)?.placer_order_number ?? null;
  const what = inWords(planned);
  if (planned.what === 'kept') return [{ report, order, what, test: null, result: null, was: null, becomes: null }];
  const changes = readingChanges(before, after);
  if (changes.length === 0) return [{ report, order, what, test: null, result: null, was: null, becomes: 'remarks' }];
  const short = (text: string | null) => (text === null || text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`);
  return changes.map(({ test, result, was, becomes }) => ({
    report,
    order,
    what,
    test,
    result,
    was: short(was),
    becomes: short(becomes),
  }));
}

function inWords(planned: PlannedReading): string {
  switch (planned.what) {
    case 'kept':
      return `stays as it is: ${KEPT_BECAUSE[planned.because]}`;
    case 'withdrawn':
      return 'no longer in the message';
    case 'new':
      return planned.match.held
        ? `read for the first time, held: ${planned.match.held.decision}`
        : 'read for the first time';
    case 'replaced':
      if (!planned.match) return 'read otherwise';
      return planned.match.held ? `read otherwise, held: ${planned.match.held.decision}` : 'now matches its order';
  }
}
