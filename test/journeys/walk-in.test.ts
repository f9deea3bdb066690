import { labMessage } from '../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { until } from '../support/until.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

/** Number of events in the histories of a journey's workflows. */
async function historyEvents(...handles: Awaited<ReturnType<InProcessVenule['ended']>>[]): Promise<number> {
  const histories = await Promise.all(handles.map((handle) => handle.fetchHistory()));
  return histories.reduce((count, { events }) => count + (events?.length ?? 0), 0);
}

/** One partial report, one final, a mail at the requisition and one at the end. */
async function walkInJourney() {
  const order = await venule.place({ labTest: 'labcorp-thyroid-panel', options: { results_ready_mail: true } });
  await venule.reaches(order.id, 'requisition_created');
  await until(() => mailsOf(order.placer_order_number).length === 1);
  await venule.simulate(order, { final_status: 'partial_results' });
  await venule.reaches(order.id, 'partial_results');
  await venule.simulate(order, { final_status: 'completed' });
  const completed = await venule.reaches(order.id, 'completed');
  return { order, completed, handle: await venule.ended(order) };
}

const mailsOf = (placerOrderNumber: string) =>
  venule.mails.filter((mail) => mail.attachments.some(({ filename }) => filename?.includes(placerOrderNumber)));

test('A1–A7: a walk-in order is acknowledged by the lab, told to the patient, reported in part, then whole, and completes', async () => {
  const { order, completed } = await walkInJourney();
  expect(completed.events.map((event) => event.status)).toEqual([
    'ordered',
    'requisition_created',
    'partial_results',
    'completed',
  ]);
  const [partial, final] = await venule.store.results.find({ order_id: order.id }).sort({ version: 1 }).lean();
  expect(partial?.result.metadata.status).toBe('partial');
  expect(partial?.result.results.length).toBeLessThan(5);
  expect(final?.result.metadata.status).toBe('final');
  expect(final?.result.results).toHaveLength(5);
  expect(final?.result.missing_results).toEqual([]);
  expect((await venule.atLab(order)).received).toEqual({ new: 1, cancel: 0 });
});

test('6.5: the requisition can be fetched and the sample is named from the event on that makes them known', async () => {
  const order = await venule.place({ labTest: 'labcorp-thyroid-panel', options: { partial_webhooks_enabled: true } });
  await venule.reaches(order.id, 'requisition_created');
  await venule.simulate(order, { final_status: 'partial_results' });
  const partial = await venule.reaches(order.id, 'partial_results');
  expect(partial.sample_id).toMatch(/^S/);
  const told = (await venule.webhooks(order.id)).map(({ body: { data } }) => [
    data.requisition_form_url,
    data.sample_id,
  ]);
  const path = `/v3/order/${order.id}/requisition/pdf`;
  const url = expect.stringMatching(new RegExp(`^https?://[^/]+${path}$`));
  expect(told).toEqual([
    [null, null],
    [url, null],
    [url, partial.sample_id],
  ]);
  const headers = { 'x-vital-api-key': venule.api.key };
  const shown = await (await fetch(`${venule.api.url}/v3/order/${order.id}`, { headers })).json();
  expect(shown).toMatchObject({ requisition_form_url: url, sample_id: partial.sample_id });
  const requisition = await fetch(`${venule.api.url}${path}`, { headers });
  expect(requisition.headers.get('content-type')).toBe('application/pdf');
});

test('a walk-in journey costs 42 history events at most', async () => {
  const { handle } = await walkInJourney();
  expect(await historyEvents(handle)).toBeLessThanOrEqual(42);
});

test('a redraw adds 38 history events at most, parent and child together', async () => {
  const plain = await walkInJourney();
  const order = await venule.place({ labTest: 'labcorp-thyroid-panel', options: { results_ready_mail: true } });
  await venule.reaches(order.id, 'requisition_created');
  await until(() => mailsOf(order.placer_order_number).length === 1);
  await venule.simulate(order, { final_status: 'partial_results' });
  await venule.reaches(order.id, 'partial_results');
  await venule.simulate(order, { final_status: 'completed', has_missing_results: true });
  const redraw = (await venule.redrawOf(order)).order;
  await venule.reaches(redraw.id, 'requisition_created');
  await until(() => mailsOf(redraw.placer_order_number).length === 1);
  await venule.deliver('labcorp', labMessage(venule.catalogue, redraw));
  await venule.reaches(redraw.id, 'completed');
  const withRedraw = await historyEvents(await venule.ended(order), venule.workflow(redraw));
  const without = await historyEvents(plain.handle);
  expect(withRedraw - without).toBeLessThanOrEqual(38);
});
