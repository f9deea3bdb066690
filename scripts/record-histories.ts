/**
 * `npm run record-histories`: walks the journeys that have no history under today's rules yet, and keeps their workflows'
 * histories for the replay test. One is recorded anew when its file has been deleted.
 */
import { JOURNEYS } from '../test/journeys/replay/journeys.ts';
import { recordedHistories, underRules, writeHistory } from '../test/support/recorded-history.ts';
import startRealParts from '../test/support/running/global-setup.ts';
import stopRealParts from '../test/support/running/global-teardown.ts';
import { type InProcessVenule, startVenule } from '../test/support/running/in-process-venule.ts';

/** Keeps the histories of a walked journey: the transaction's, its redraw's, and what those continued. */
async function record(venule: InProcessVenule, name: string, transactionId: string): Promise<void> {
  const orders = await venule.store.orders.find({ transaction_id: transactionId }).lean();
  for (const { order } of orders) {
    const ofOrder = order.origin === 'redraw' ? `${name}.redraw` : name;
    let workflow = venule.workflow(order);
    for (let run = 0; ; run += 1) {
      const history = await workflow.fetchHistory();
      const ofRun = underRules(run === 0 ? ofOrder : `${ofOrder}.${run}-before`);
      writeHistory(ofRun, history);
      console.log(`test/histories/${ofRun}.json: ${history.events?.length} events`);
      const previous = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
      if (!previous) break;
      workflow = workflow.client.getHandle(workflow.workflowId, previous);
    }
  }
}

async function main(): Promise<void> {
  await startRealParts();
  try {
    const venule = await startVenule();
    try {
      const known = recordedHistories();
      const missing = JOURNEYS.filter(({ name }) => !known.includes(underRules(name)));
      for (const { name, walk } of missing) await record(venule, name, (await walk(venule)).transaction_id);
    } finally {
      await venule.close();
    }
  } finally {
    await stopRealParts();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
