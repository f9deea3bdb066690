import { type InProcessVenule, startVenule } from '../support/in-process-venule.ts';
import { until } from '../support/until.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

test('A3–A7: a walk-in order is acknowledged by the lab, reported in part and then whole, and completes', async () => {
  const order = await venule.place({ labTest: 'labcorp-thyroid-panel', options: { results_ready_mail: true } });
  await venule.reaches(order.id, 'requisition_created');
  await until(() => venule.mails.length === 1);
  await venule.simulate(order, { final_status: 'partial_results' });
  await venule.reaches(order.id, 'partial_results');
  await venule.simulate(order, { final_status: 'completed' });
  const completed = await venule.reaches(order.id, 'completed');
  expect(completed.events.map((event) => event.status)).toEqual([
    'ordered',
    'requisition_created',
    'partial_results',
    'completed',
  ]);
  const handle = await venule.ended(order);
  const { events } = await handle.fetchHistory();
  console.log(events?.map((event) => `${event.eventId} ${event.eventType}`).join('\n'), events?.length);
});
