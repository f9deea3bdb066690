/** Has a message's new reading count: what was planned is done, report by report. */

import type { Store } from '../../open.ts';
import { recordAudit } from '../../orders/audit.ts';
import { keepFile } from '../lab-files.ts';
import { noteRefusal, storeReports } from '../lab-inbox.ts';
import type { KeptMessage } from './kept-messages.ts';
import { type BodyReading, isLongerThan, type ReadingPlan } from './plan-reading.ts';
import { type ReadAnewBy, replaceReading } from './replace-reading.ts';

/** How many reports were read otherwise, or for the first time. */
export interface ReadAnew {
  replaced: number;
  added: number;
}

/**
 * Makes the readings count that were planned for a message. Each report is a MongoDB transaction of its own: whoever is
 * stopped in between has the message read anew once more, which changes nothing about those that are done.
 * @param longest Bytes that a report can have.
 */
export async function carryOut(
  store: Store,
  kept: KeptMessage,
  { refusals }: BodyReading,
  { plans, messages }: ReadingPlan,
  by: ReadAnewBy,
  longest: number,
): Promise<ReadAnew> {
  let replaced = 0;
  let added = 0;
  for (const { contents } of messages) for (const [hash, content] of contents) await keepFile(store, hash, content);
  for (const plan of plans) {
    if (plan.what !== 'replaced' && plan.what !== 'withdrawn') continue;
    if (await replaceReading(store, plan, by)) replaced += 1;
  }
  if (plans.some(({ what }) => what === 'new')) {
    const { lab_slug, environment, content_hash } = kept;
    const before = new Map<string, number>();
    let reports_before = 0;
    for (const read of messages) {
      const { control_id, reports } = read;
      const same_before = before.get(control_id) ?? 0;
      const message = { ...read, lab_slug, environment, content_hash, reports_before, same_before };
      if (!isLongerThan(longest, read)) added += await storeReports(store, message, longest);
      reports_before += reports.length;
      before.set(control_id, same_before + reports.length);
    }
    const detail = { content_hash, reports_added: added, profile_version: by.profile_version };
    await recordAudit(store, { by: by.by, action: 'message.read_anew', detail });
  }
  if (kept.refused !== null && (replaced > 0 || added > 0)) {
    await noteRefusal(store, kept.content_hash, refusals.length > 0 ? [...new Set(refusals)].join('; ') : null);
  }
  return { replaced, added };
}
