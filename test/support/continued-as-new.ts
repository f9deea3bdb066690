/** Journeys that continue as new, which they do with an event at which nothing else is under way. */
import { randomUUID } from 'node:crypto';
import type { Order } from '../../domain/orders/order.ts';
import { type LabMessageChanges, labMessage } from './partners/lab-message.ts';
import type { InProcessVenule } from './running/in-process-venule.ts';
import { until } from './until.ts';

async function isContinued(venule: InProcessVenule, order: Order): Promise<boolean> {
  const { events } = await venule.workflow(order).fetchHistory();
  return Boolean(events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId);
}

/** Has the laboratory report on an order, another value each time and never all of it, until its journey has continued. */
export async function reportUntilContinued(
  venule: InProcessVenule,
  order: Order,
  said: Pick<LabMessageChanges, 'status' | 'tests'>,
): Promise<void> {
  const results = order.markers.flatMap(
    ({ marker_id }) => venule.catalogue.markers.get(marker_id)?.expected_results ?? [],
  );
  const eventsThere = async () => (await venule.store.orders.findById(order.id).orFail().lean()).events.length;
  for (let value = 1; !(await isContinued(venule, order)); value += 1) {
    const before = await eventsThere();
    const values = Object.fromEntries(results.map(({ loinc }) => [loinc.code, String(value)]));
    const message = labMessage(venule.catalogue, order, { ...said, values, control_id: randomUUID() });
    await venule.deliver(order.lab_slug, message);
    await until(async () => (await eventsThere()) > before);
  }
}
