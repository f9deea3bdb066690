/** F4: acknowledgments as laboratories write them. Each order has an end, nothing is sent twice, and somebody hears of it. */
import type { ServerResponse } from 'node:http';
import type { Acknowledges } from '../../domain/catalogue/lab-connection.ts';
import type { Order } from '../../domain/orders/order.ts';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { AN_ENGINEER } from '../../domain/principal.ts';
import { listRefusedMessages } from '../../store/inbox/inbox-review.ts';
import { digestOf } from '../../store/inbox/lab-inbox.ts';
import { closeRejection, keptRejections } from '../../store/inbox/order-messages.ts';
import { labMessage } from '../support/partners/lab-message.ts';
import { ownLaboratory, type ReceivedOrder } from '../support/partners/own-laboratory.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { currentDetails, pendingActivities } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';

const lab = 'labcorp';

let venule: InProcessVenule;
let own: Awaited<ReturnType<typeof ownLaboratory>>;
let heard: ReceivedOrder[];
beforeAll(async () => {
  venule = await startVenule();
});
afterEach(() => own.close());
afterAll(() => venule.close());

/** A laboratory that answers so. */
async function laboratory(
  acknowledges: Acknowledges,
  answer: (order: ReceivedOrder, response: ServerResponse) => void,
) {
  heard = [];
  own = await ownLaboratory(
    venule.store,
    lab,
    (order, response) => {
      heard.push(order);
      answer(order, response);
    },
    { acknowledges },
  );
}

const inAnswer = (code: string) => (order: ReceivedOrder, response: ServerResponse) =>
  response.end(order.acknowledged(code));
const nothing = (_order: ReceivedOrder, response: ServerResponse) => response.writeHead(202).end();

const later = (code: string, words?: string) => venule.deliver(lab, heard[0]?.acknowledged(code, words) ?? '');
const statuses = async (order: Order) => (await venule.reaches(order.id, 'ordered')).events.map(({ status }) => status);

/** Waits until the order message was tried so often. */
const tried = (order: Order, attempt: number) =>
  until(async () =>
    (await pendingActivities(venule.workflow(order))).some(
      (one) => one.type === 'submitOrder' && one.attempt >= attempt,
    ),
  );

test.each([
  [
    'an answer without MSA',
    (order: ReceivedOrder) => `ORC|NA|${/ORC\|NW\|([^|]+)/.exec(order.text)?.[1]}|F1492`,
    'F1492',
  ],
  ['a framed answer', (order: ReceivedOrder) => `MSA|AA|${order.control_id}\x1c\r`, null],
])('%s makes the requisition', async (_what, line, filler) => {
  await laboratory('answer', (order, response) =>
    response.end(`\x0bMSH|^~\\&|LAB|LAB|VENULE|1|20261121090000||ORR^O02|A-1|P|2.3\r${line(order)}`),
  );
  const order = await venule.place();
  expect((await venule.reaches(order.id, 'requisition_created')).filler_order_number).toBe(filler);
  expect(heard).toHaveLength(1);
});

test('a laboratory that never acknowledges: what it has taken has its requisition, and what it rejects has not', async () => {
  await laboratory('none', (_order, response) => response.end('<html>Thank you</html>'));
  const taken = await venule.place();
  await venule.reaches(taken.id, 'requisition_created');
  expect(heard).toHaveLength(1);
  expect(await venule.store.labRequisitions.countDocuments({ order_id: taken.id })).toBe(0);
  await own.close();
  await laboratory('none', inAnswer('AR'));
  const rejected = await venule.place();
  expect((await venule.reaches(rejected.id, 'cancelled')).events.at(-1)).toMatchObject({
    status_detail: 'fulfillment_error',
  });
});

test('a web page and silence are no acknowledgment where one is due: the same message is sent again', async () => {
  let times = 0;
  await laboratory('answer', (order, response) => {
    times += 1;
    if (times === 1) response.end('<html>Thank you</html>');
    else if (times === 2) nothing(order, response);
    else inAnswer('AA')(order, response);
  });
  const order = await venule.place();
  await venule.reaches(order.id, 'requisition_created');
  expect(new Set(heard.map(({ text }) => text)).size).toBe(1);
  expect(heard).toHaveLength(3);
});

describe('an acknowledgment that comes later', () => {
  test('makes the requisition; until then the order waits, and its message is not sent again', async () => {
    await laboratory('later', nothing);
    const order = await venule.place();
    await tried(order, 3);
    expect(await statuses(order)).toEqual(['ordered']);
    const [waiting] = await pendingActivities(venule.workflow(order));
    expect(waiting?.lastFailure).toContain('has not acknowledged it yet; it is not sent again');
    const answer = await later('AA');
    // An acknowledgment is not acknowledged: two sides would never end.
    expect(answer).toEqual({ status: 200, text: '' });
    await venule.reaches(order.id, 'requisition_created');
    expect(heard).toHaveLength(1);
    await later('AA');
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created']);
  });

  test('that rejects the order cancels it, with the laboratory’s words', async () => {
    await laboratory('later', nothing);
    const order = await venule.place();
    await until(() => heard.length === 1);
    await later('AR', 'No such account');
    expect((await venule.reaches(order.id, 'cancelled')).events.at(-1)).toMatchObject({
      status_detail: 'fulfillment_error',
      reason: expect.stringContaining('No such account'),
    });
    await venule.ended(order);
    expect(heard).toHaveLength(1);
  });

  test('that says error has the message sent again', async () => {
    await laboratory('later', nothing);
    const order = await venule.place();
    await until(() => heard.length === 1);
    await later('AE', 'Try again');
    await until(() => heard.length === 2);
    await later('AA');
    await venule.reaches(order.id, 'requisition_created');
    expect(heard[1]?.text).toBe(heard[0]?.text);
  });

  test('of no message that waits is kept with the reason, and not answered', async () => {
    await laboratory('answer', inAnswer('AA'));
    const stray = 'MSH|^~\\&|LAB|LAB|VENULE|1|20261121090000||ACK|A-1|P|2.5.1\rMSA|AA|0000';
    expect(await venule.deliver(lab, stray)).toEqual({ status: 200, text: '' });
    const [kept] = await listRefusedMessages(venule.store, { lab_slug: lab }, 1);
    expect(kept?.refused).toContain('MSA^1');
  });
});

describe('a rejection after the order was taken over (CA)', () => {
  test('cancels it, and the laboratory is not asked to cancel what it does not have', async () => {
    await laboratory('answer', inAnswer('CA'));
    const order = await venule.place();
    await venule.reaches(order.id, 'requisition_created');
    await later('AR', 'Test not performed here');
    expect((await venule.reaches(order.id, 'cancelled')).events.at(-1)).toMatchObject({
      status_detail: 'fulfillment_error',
      reason: expect.stringContaining('Test not performed here'),
    });
    await venule.ended(order);
    expect(heard).toHaveLength(1);
    expect(await keptRejections(venule.store, 10)).toEqual([]);
  });

  test('goes to a person once anything was reported, and is closed by one', async () => {
    await laboratory('answer', inAnswer('CA'));
    const order = await venule.place();
    await venule.reaches(order.id, 'requisition_created');
    const [first] = order.markers.map(({ provider_id }) => provider_id);
    await venule.deliver(lab, labMessage(venule.catalogue, order, { tests: [first ?? ''], status: 'P' }));
    await venule.reaches(order.id, 'partial_results');
    await later('AR', 'Test not performed here');
    const [kept] = await until(async () => {
      const all = await keptRejections(venule.store, 10);
      return all.length > 0 && all;
    });
    expect(kept).toMatchObject({ order_id: order.id, rejected_because: 'Test not performed here' });
    expect(await statuses(order)).not.toContain('cancelled');
    expect(await closeRejection(venule.store, AN_ENGINEER, kept?._id ?? '', 'The lab performs it after all')).toBe(
      true,
    );
    expect(await closeRejection(venule.store, AN_ENGINEER, kept?._id ?? '', 'again')).toBe(false);
    expect(await keptRejections(venule.store, 10)).toEqual([]);
  });

  describe('that meets a report in the journey is in front of a person', () => {
    const cases: [string, object, OrderLowLevelStatus, object][] = [
      ['and the order goes on', { status: 'P' }, 'partial_results', {}],
      ['also when the report ends the order', {}, 'completed', {}],
      ['also when the journey continues as new meanwhile', { status: 'P' }, 'partial_results', { longest_history: 60 }],
    ];
    test.each(cases)('%s', async (_what, report, status, policy) => {
      await laboratory('answer', inAnswer('CA'));
      const order = await venule.place({}, policy);
      const document = await venule.reaches(order.id, 'requisition_created');
      await venule.stopWorker();
      await venule.deliver(lab, labMessage(venule.catalogue, order, report));
      const stored = await venule.store.labMessages.findOne({ order_id: order.id }).orFail().lean();
      const digest = await digestOf(venule.store, venule.catalogue, stored);
      await venule.journeys.report(document, digest);
      await later('AR', 'Test not performed here');
      await venule.journeys.rejected(document, 'Test not performed here');
      await venule.store.orderMessages.updateOne({ order_id: order.id }, { state: 'delivered' });
      // A report that is known already does nothing but lengthen the history.
      for (let time = 0; time < 60; time += 1) await venule.journeys.report(document, digest);
      await venule.startWorker();
      await venule.reaches(order.id, status);
      await until(async () => (await currentDetails(venule.workflow(order))).includes('Call the laboratory'));
      const [kept] = await until(async () => {
        const all = await keptRejections(venule.store, 10);
        return all.length > 0 && all;
      });
      expect(kept?.order_id).toBe(order.id);
      expect(await statuses(order)).not.toContain('cancelled');
      await closeRejection(venule.store, AN_ENGINEER, kept?._id ?? '', 'Called');
    });
  });

  test('of an order that we have canceled is as it should be, and nobody is alarmed', async () => {
    await laboratory('answer', async (order, response) => {
      // The laboratory rejects the order first, and then has nothing to cancel.
      if (order.text.includes('ORC|CA')) await later('AR', 'Test not performed here');
      inAnswer(order.text.includes('ORC|CA') ? 'AR' : 'CA')(order, response);
    });
    const order = await venule.place();
    await venule.journeys.cancel(await venule.reaches(order.id, 'requisition_created'));
    await venule.ended(order);
    await until(async () => (await venule.store.orderMessages.countDocuments({ state: 'stored' })) === 0);
    expect(await keptRejections(venule.store, 10)).toEqual([]);
    const { events } = await venule.reaches(order.id, 'cancelled');
    expect(events.at(-1)).toMatchObject({ status: 'cancelled', status_detail: null });
  });
});
