/** History events: what a journey costs on the Temporal server, counted, not timed. `test/journeys` asserts the same. */
import type { Order } from '../../domain/orders/order.ts';
import { type InProcessVenule, startVenule } from '../../test/support/running/in-process-venule.ts';
import { until } from '../../test/support/until.ts';
import type { Measurement } from '../measurement.ts';
import { THYROID_PANEL } from '../order-request.ts';
import type { Parts } from '../parts.ts';
import { type Reported, reportMessage } from '../report-message.ts';

const AT_MOST = { walkIn: 42, redraw: 38 };

/** The lab's code of free T4, which is lost on the way to the redraw. */
const LOST = '001974';

/** Walks one order to completed and another through a redraw, and counts. */
export async function historyEvents(parts: Parts): Promise<Measurement[]> {
  const { TEMPORAL_ADDRESS, MONGODB_URI } = parts.env;
  Object.assign(process.env, { TEMPORAL_ADDRESS, MONGODB_URI });
  const venule = await startVenule();
  try {
    const plain = await walk(venule);
    const walkIn = await eventsOf(venule, plain);
    const initial = await walk(venule, LOST);
    const { order: redraw } = await venule.redrawOf(initial);
    await reported(venule, redraw, { only: LOST });
    const [parent, child] = [await eventsOf(venule, initial), await eventsOf(venule, redraw)];
    return [
      {
        row: 'history',
        what: 'History events, walk-in, order to completed',
        measured: walkIn,
        unit: '',
        budget: { atMost: AT_MOST.walkIn },
        detail: 'one partial and one final report, two mails',
      },
      {
        row: 'history',
        what: 'History events that a redraw adds',
        measured: parent + child - walkIn,
        unit: '',
        budget: { atMost: AT_MOST.redraw },
        detail: `initial order ${parent}, its redraw ${child}, less the ${walkIn} of an order without one`,
      },
    ];
  } finally {
    await venule.close();
  }
}

/** Places an order and has it reported in part and then whole, but for a lost test; returns after its second mail. */
async function walk(venule: InProcessVenule, lost?: string): Promise<Order> {
  const mails = venule.mails.length;
  const order = await venule.place({ labTest: THYROID_PANEL.slug, options: { results_ready_mail: true } });
  await until(() => venule.mails.length === mails + 1);
  await reported(venule, order, 'first', lost);
  await venule.reaches(order.id, 'partial_results');
  await reported(venule, order, 'rest', lost);
  await venule.reaches(order.id, lost ? 'redraw_available' : 'completed');
  await until(() => venule.mails.length === mails + 2);
  return order;
}

async function reported(venule: InProcessVenule, order: Order, part: Reported, lost?: string): Promise<void> {
  const { text } = await venule.deliver(THYROID_PANEL.lab, reportMessage(order.placer_order_number, part, lost));
  if (!text.includes('MSA|AA')) throw new Error(`The report was not taken: ${text}`);
}

async function eventsOf(venule: InProcessVenule, order: Order): Promise<number> {
  const handle = await venule.ended(order);
  return (await handle.fetchHistory()).events?.length ?? 0;
}
