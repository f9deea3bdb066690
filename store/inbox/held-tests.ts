/** Tests that a person has to look at although their values are shown, and what that person decides (docs/hl7.md, "Held for a person"). */
import type { ClientSession } from 'mongoose';
import type { Principal } from '../../domain/principal.ts';
import {
  heldTests,
  type SettledTest,
  type Settlement,
  settledReport,
  whatIsSettled,
} from '../../domain/results/held-tests.ts';
import type { LabReport } from '../../domain/results/lab-report.ts';
import { collectionOf } from '../collections/define.ts';
import type { LabMessageDocument, LabReadingDocument } from '../collections/inbox.ts';
import { insert } from '../collections/write.ts';
import type { Store } from '../open.ts';
import { recordAudit } from '../orders/audit.ts';
import { bytesInResult } from '../results/result-limit.ts';
import { uuidByName } from '../uuid-by-name.ts';
import { afterNewReading } from './readings/settlements.ts';

/** Why nothing can be settled. */
export class CannotSettle extends Error {
  override name = 'CannotSettle';
}

const TAKEN: LabMessageDocument['state'][] = ['delivered', 'applied', 'late'];

async function reportsBefore(
  store: Store,
  { _id, order_id, received_at }: LabMessageDocument,
  session?: ClientSession,
): Promise<LabReport[]> {
  const before = await collectionOf(store.labMessages)
    .find(
      { order_id, _id: { $ne: _id }, state: { $in: TAKEN }, received_at: { $lte: received_at } },
      session ? { session } : {},
    )
    .sort({ received_at: 1 })
    .toArray();
  return before.map(({ report }) => report);
}

/**
 * Notes which tests of a report a person has to look at.
 * @param earlier The reading before, where the message was read anew: what a person has settled is not asked again then.
 */
export async function noteHeldTests(
  store: Store,
  message: LabMessageDocument,
  earlier?: LabReadingDocument,
): Promise<void> {
  const { report, settles } = message;
  if (settles !== undefined) return;
  const isAnyCanceled = report.tests.some(({ status }) => status === 'cancelled');
  const before = isAnyCanceled ? await reportsBefore(store, message) : [];
  const held = heldTests(report, before);
  const open = earlier ? await afterNewReading(store, message, earlier, held, before) : held;
  if (open.length === 0) return;
  await collectionOf(store.labMessages).updateOne({ _id: message._id }, { $set: { to_review: open } });
}

/**
 * Settles the tests of a report that are held. What a person has found is a report of its own, which goes to the order's
 * journey as any other does, and so makes a corrected result where the order has ended.
 * @param test the lab's code of the only one to be settled; all of them where absent
 * @throws CannotSettle when nothing of it is held, or it has not been taken in
 */
export async function settleHeldTests(
  store: Store,
  by: Principal,
  id: string,
  settlement: Settlement,
  test?: string,
): Promise<void> {
  const messages = collectionOf(store.labMessages);
  await store.connection.transaction(async (session) => {
    const message = await messages.findOne({ _id: id }, { session });
    if (!message) throw new CannotSettle(`There is no report ${id}`);
    const isAsked = (one: { test: string }) => test === undefined || one.test === test;
    const held = (message.to_review ?? []).filter(isAsked);
    if (held.length === 0) {
      throw new CannotSettle(`Report ${id} has nothing that is held${test === undefined ? '' : ` under test ${test}`}`);
    }
    if (!TAKEN.includes(message.state)) throw new CannotSettle(`Report ${id} is ${message.state}; deliver it first`);
    if (settlement === 'values_stand' && held.some(({ because }) => because === 'not_performed')) {
      throw new CannotSettle(`Report ${id} has no value that could stand: say why there is none, with --because`);
    }
    const rest = (message.to_review ?? []).filter((one) => !isAsked(one));
    const found = settledReport(message.report, held, settlement, await reportsBefore(store, message, session));
    const made = found && settlementOf(message, found, held);
    const earlier = (message.settled ?? []).filter(({ test: known }) => !held.some((one) => one.test === known));
    const settled = held.map(({ test: code, because }): SettledTest => {
      const says = whatIsSettled(message.report, code);
      return { test: code, because, settlement, says, report_id: made?._id ?? null };
    });
    await messages.updateOne(
      { _id: id },
      {
        $set: { settled: [...earlier, ...settled], ...(rest.length > 0 && { to_review: rest }) },
        ...(rest.length === 0 && { $unset: { to_review: '' } }),
      },
      { session },
    );
    const { team_id, order_id } = message;
    if (made) await insert(store.labMessages, made, { session });
    const detail = { report_id: id, settlement, held };
    await recordAudit(store, { by, action: 'report.settled', team_id, order_id, detail }, session);
  });
}

function settlementOf(
  message: LabMessageDocument,
  report: LabReport,
  held: readonly { test: string }[],
): LabMessageDocument {
  const { _id, lab_slug, report_index, order_id, team_id } = message;
  const reading = message.reading === undefined ? '' : `:${message.reading}`;
  const control_id = `settles ${_id}${reading} ${held.map(({ test }) => test).join(' ')}`;
  return {
    _id: uuidByName(control_id),
    lab_slug,
    control_id,
    // There is no message, so that none is read anew for it.
    content_hash: control_id,
    report_index,
    report: { ...report, control_id },
    settles: _id,
    bytes_in_result: bytesInResult(report),
    state: 'stored',
    order_id,
    team_id,
    event_number: null,
    unmatched_reason: null,
    lease_until: new Date(0),
    attempts: 0,
    last_error: null,
    received_at: new Date(),
  };
}
