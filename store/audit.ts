/** Who did what, for those who have to answer for it. */
import { randomUUID } from 'node:crypto';
import type { AuditDocument } from './documents.ts';
import { rows, type Store } from './store.ts';

/** Writes an entry that belongs to no transition; transitions write theirs in their own transaction. Ids and codes only. */
export async function recordAudit(
  store: Store,
  entry: Pick<AuditDocument, 'actor' | 'action'> & Partial<Pick<AuditDocument, 'team_id' | 'order_id' | 'detail'>>,
): Promise<void> {
  await rows(store.audit).insertOne({
    _id: randomUUID(),
    team_id: null,
    order_id: null,
    detail: {},
    ...entry,
    at: new Date(),
  });
}
