/** What journeys are measured against: the same steps and the same messages, with nothing in them. */
import { condition, defineSignal, proxyActivities, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { BareActivities } from '../programs/bare-worker.ts';

const report = defineSignal('report');
const { write } = proxyLocalActivities<BareActivities>({ scheduleToCloseTimeout: 5000 });
const { submit, mail } = proxyActivities<BareActivities>({ startToCloseTimeout: 30_000 });

/** For the bare start. */
export async function empty(): Promise<void> {}

/** Opened, checked, ordered at the lab, told to the patient, reported in part, reported whole, told to the patient. */
export async function bareJourney(): Promise<void> {
  let reports = 0;
  setHandler(report, () => {
    reports += 1;
  });
  await write('opened');
  await write('checked');
  await submit();
  await write('requisition_created');
  const first = mail();
  await condition(() => reports >= 1);
  await write('partial_results');
  await condition(() => reports >= 2);
  await write('completed');
  await Promise.all([first, mail()]);
}
