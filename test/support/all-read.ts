/** Messages over MLLP are acknowledged before they are read. */
import { areAnyUnread } from '../../store/inbox/unread-messages.ts';
import type { Store } from '../../store/open.ts';
import { until } from './until.ts';

/** Waits until whatever was acknowledged is read; somebody has to read. */
export async function allRead(store: Store): Promise<void> {
  await until(async () => !(await areAnyUnread(store)));
}
