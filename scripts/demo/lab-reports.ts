/** How the demo has the sandbox laboratory report. */
import type { Junction, JunctionClient } from '@junction-api/sdk';
import { expect, NotAsExpected } from './heard-orders.ts';
import type { Panel } from './journey.ts';
import type { Venule } from './venule.ts';

/** The laboratories that the demo can order at. */
export const LABS = ['labcorp', 'quest', 'bioreference'] as const;

export type Lab = (typeof LABS)[number];

/**
 * Has the lab report everything but the named results. `POST /v3/order/{id}/test` with `has_missing_results` leaves out
 * about a third of the panel (three markers of ten) of the lab’s own choice; for exactly these two, the sandbox
 * laboratory is told itself. Where it cannot be reached, its own choice has to do.
 */
export async function loseResults(
  { sandboxLab }: Venule,
  client: JunctionClient,
  order: { id: string; lab: Lab },
  lost: Panel['results'],
): Promise<void> {
  if (!sandboxLab) return simulate(client, order.id, { hasMissingResults: true });
  const lab = `${sandboxLab.url}/sandbox/labs/${order.lab}/orders`;
  const headers = {
    authorization: `Basic ${Buffer.from(`${sandboxLab.user}:${sandboxLab.password}`).toString('base64')}`,
    'content-type': 'application/json',
  };
  const placer = await placerOrderNumber(client, order.id);
  const response = await fetch(`${lab}/${placer}/simulate`, {
    method: 'POST',
    headers,
    body: JSON.stringify({
      final_status: 'completed',
      interpretation: 'abnormal',
      missing: lost.map(({ loinc }) => ({ loinc, reason: 'QS' })),
    }),
  });
  expect(response.ok, `The sandbox laboratory answered ${response.status}: ${await response.clone().text()}`);
}

/** The number that the lab knows the order by: the requisition’s title says it. */
async function placerOrderNumber(client: JunctionClient, orderId: string): Promise<string> {
  const requisition = await client.labTests.getOrderRequistionPdf({ orderId });
  const [, number] =
    /\(Requisition (\w+)\)/.exec(Buffer.from(await requisition.arrayBuffer()).toString('latin1')) ?? [];
  if (number === undefined) throw new NotAsExpected('The requisition PDF does not name its number in its title');
  return number;
}

export async function simulate(client: JunctionClient, orderId: string, body: Junction.SimulationFlags): Promise<void> {
  await client.labTests.simulateOrderProcess({ orderId, finalStatus: 'completed.walk_in_test.completed', body });
}
