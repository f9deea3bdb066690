/** F4: what a late rejection does to a redraw, and to an order with a booked visit (F7). */
import type { Order } from '../../domain/orders/order.ts';
import type { OrderTransactionDocument } from '../../store/collections/orders.ts';
import { atHome } from '../support/at-home.ts';
import { labMessage } from '../support/partners/lab-message.ts';
import { ownLaboratory, type ReceivedOrder } from '../support/partners/own-laboratory.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { until } from '../support/until.ts';

const lab = 'labcorp';

let venule: InProcessVenule;
let own: Awaited<ReturnType<typeof ownLaboratory>>;
let heard: ReceivedOrder[];
beforeAll(async () => {
  venule = await startVenule();
});
/** A laboratory that takes every order over, and may reject it later. */
beforeEach(async () => {
  heard = [];
  own = await ownLaboratory(venule.store, lab, (order, response) => {
    heard.push(order);
    response.end(order.acknowledged('CA'));
  });
});
afterEach(() => own.close());
afterAll(() => venule.close());

const { order: atHomeOrder, slots, book, heldFor, now, statuses } = atHome(() => venule);

/** The laboratory rejects an order after it has taken it over. */
const rejects = ({ placer_order_number }: Pick<Order, 'placer_order_number'>) =>
  venule.deliver(
    lab,
    heard.find(({ text }) => text.includes(placer_order_number))?.acknowledged('AR', 'Test not performed here') ?? '',
  );

test('a redraw is canceled, and its transaction is completed with what the initial order has (D3)', async () => {
  const order = await venule.place({ labTest: 'labcorp-thyroid-panel' });
  await venule.reaches(order.id, 'requisition_created');
  await venule.deliver(lab, labMessage(venule.catalogue, order, { lost: { '3016-3': 'QS' } }));
  const { order: redraw } = await venule.redrawOf(order);
  await venule.reaches(redraw.id, 'requisition_created');
  await rejects(redraw);
  expect((await venule.reaches(redraw.id, 'cancelled')).events.at(-1)).toMatchObject({
    status_detail: 'fulfillment_error',
    reason: expect.stringContaining('Test not performed here'),
  });
  expect(await (await venule.ended(order)).result()).toMatchObject({
    status: 'completed',
    orders: [{ last_status: 'redraw_available' }, { last_status: 'cancelled' }],
  });
  const transaction = await venule.store.transactions
    .findById(order.transaction_id)
    .orFail()
    .lean<OrderTransactionDocument>();
  expect(transaction.status).toBe('completed');
  expect(heard.filter(({ text }) => text.includes('ORC|CA'))).toEqual([]);
});

test('an order with a booked visit is canceled with its visit, at the provider too (F7)', async () => {
  const document = await atHomeOrder();
  const [slot] = await slots();
  const visit = await book(document, slot);
  await rejects(document);
  await venule.ended(document.order);
  expect(statuses(await now(document.order)).at(-1)).toBe('cancelled');
  expect((await heldFor(visit)).status).toBe('cancelled');
  const appointment = await until(() => venule.store.appointments.findById(visit.id).lean<{ status: string }>());
  expect(appointment.status).toBe('cancelled');
});
