/** F4: acknowledgments that come while their message is being sent, that say error, that name an order, or whose sender may not decide. */
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Acknowledges, LabConnection } from '../../domain/catalogue/lab-connection.ts';
import type { Order } from '../../domain/orders/order.ts';
import { findLabConnection, setLabConnection } from '../../store/connections/lab-connections.ts';
import { listRefusedMessages } from '../../store/inbox/inbox-review.ts';
import { keptRejections } from '../../store/inbox/order-messages.ts';
import { ownLaboratory, type ReceivedOrder } from '../support/partners/own-laboratory.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { pendingActivities } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';

const lab = 'labcorp';
type Answer = (order: ReceivedOrder, response: ServerResponse) => unknown;

let venule: InProcessVenule;
let own: Awaited<ReturnType<typeof ownLaboratory>>;
let heard: ReceivedOrder[];
beforeAll(async () => {
  venule = await startVenule();
});
afterEach(() => own.close());
afterAll(() => venule.close());

/** A laboratory that answers its first message so, its second so, and every later one as its last. */
async function laboratory(acknowledges: Acknowledges, ...answers: Answer[]) {
  heard = [];
  const answer: Answer = (order, response) => {
    heard.push(order);
    return answers[Math.min(heard.length, answers.length) - 1]?.(order, response);
  };
  own = await ownLaboratory(venule.store, lab, answer, { acknowledges });
}

const inAnswer =
  (code: string, words?: string): Answer =>
  (order, response) =>
    response.end(order.acknowledged(code, words));
const nothing: Answer = (_order, response) => response.writeHead(202).end();
const later = (code: string, words?: string) => venule.deliver(lab, heard.at(-1)?.acknowledged(code, words) ?? '');
/** … which comes by itself before the answer does. */
const overtaken =
  (code: string, words: string, answer: Answer): Answer =>
  async (order, response) => {
    await later(code, words);
    answer(order, response);
  };

const rejected = (words: string) => ({ status_detail: 'fulfillment_error', reason: expect.stringContaining(words) });
const lastEvent = async (order: Order) => (await venule.reaches(order.id, 'cancelled')).events.at(-1);

test.each([
  ['by itself, before the answer', overtaken('AE', 'Try again', nothing)],
  ['in the answer', inAnswer('AE', 'Try again')],
])('an error %s has the message sent again, also where acknowledgments come later', async (_where, answer) => {
  await laboratory('later', answer, nothing);
  const order = await venule.place();
  await until(() => heard.length === 2);
  await later('AA');
  await venule.reaches(order.id, 'requisition_created');
  expect(heard[1]?.text).toBe(heard[0]?.text);
});

test('what the laboratory said in an error is in the reason, when no acknowledgment comes after it', async () => {
  await laboratory('later', overtaken('AE', 'Account on hold', nothing), nothing);
  const order = await venule.place({}, { lab_tried_for: 2500 });
  expect(await lastEvent(order)).toMatchObject(rejected('Account on hold'));
  await until(() => heard.at(-1)?.text.includes('ORC|CA'));
  await later('AA');
  await venule.ended(order);
});

test('a rejection that overtakes the acceptance (CA) decides', async () => {
  await laboratory('answer', overtaken('AR', 'Test not performed here', inAnswer('CA')));
  const order = await venule.place();
  expect(await lastEvent(order)).toMatchObject(rejected('Test not performed here'));
  await venule.ended(order);
  expect(heard).toHaveLength(1);
});

test('a rejection that stands behind the acceptance (CA) in one answer decides', async () => {
  const both: Answer = (order, response) =>
    response.end(`${order.acknowledged('CA')}${order.acknowledged('AR', 'Prüfung not performed here')}`);
  await laboratory('answer', both);
  const order = await venule.place();
  expect(await lastEvent(order)).toMatchObject(rejected('Prüfung not performed here'));
  await venule.ended(order);
  expect(heard).toHaveLength(1);
});

test('a laboratory that begins to acknowledge in its answers, while orders wait, can still reject them', async () => {
  await laboratory('later', nothing, inAnswer('CA'));
  const order = await venule.place();
  await until(() => heard.length === 1);
  const connection = (await findLabConnection(venule.store, lab, 'sandbox')) as LabConnection;
  await setLabConnection(venule.store, { ...connection, acknowledges: 'answer' });
  await venule.reaches(order.id, 'requisition_created');
  await later('AR', 'Test not performed here');
  expect(await lastEvent(order)).toMatchObject(rejected('Test not performed here'));
});

describe('an answer that names the order (ORR without MSA)', () => {
  const about = (order: Order, control: string) =>
    `MSH|^~\\&|LAB|LAB|VENULE|1|20261121090000||ORR^O02|A-${control}|P|2.3\rORC|${control}|${order.placer_order_number}`;

  async function canceled() {
    await laboratory('later', inAnswer('AA'), nothing);
    const order = await venule.place();
    await venule.journeys.cancel(await venule.reaches(order.id, 'requisition_created'));
    await until(() => heard.length === 2);
    return order;
  }

  test.each(['CR', 'OK'])('acknowledges its cancellation (%s)', async (control) => {
    const order = await canceled();
    await venule.deliver(lab, about(order, control));
    await venule.ended(order);
    expect(await lastEvent(order)).toMatchObject({ status_detail: null });
  });

  test('acknowledges its cancellation (OC)', async () => {
    const order = await canceled();
    await venule.deliver(lab, about(order, 'OC'));
    await venule.ended(order);
    expect(await lastEvent(order)).toMatchObject({ status_detail: null });
  });

  test.each([
    ['in the answer', 'AA'],
    ['after it was accepted', null],
  ])('cancels it on the laboratory’s side (OC) %s: no requisition stays', async (_when, code) => {
    const canceledBy = (order: ReceivedOrder) =>
      `${order.acknowledged('AA')}ORC|OC|${/ORC\|NW\|([^|]+)/.exec(order.text)?.[1]}||||||||||||||X^Out of reagent\r`;
    await laboratory('answer', code ? (order, response) => response.end(canceledBy(order)) : inAnswer('AA'));
    const order = await venule.place();
    if (!code) {
      await venule.reaches(order.id, 'requisition_created');
      await venule.deliver(lab, canceledBy(heard[0] as ReceivedOrder));
    }
    expect(await lastEvent(order)).toMatchObject(rejected('Out of reagent'));
    await venule.ended(order);
    expect(heard).toHaveLength(1);
  });

  test('refuses its cancellation (UC)', async () => {
    const order = await canceled();
    await venule.deliver(lab, about(order, 'UC'));
    await expect(venule.ended(order)).rejects.toThrow();
    expect(await lastEvent(order)).toMatchObject({ status_detail: 'fulfillment_error' });
  });
});

describe('an order in production', () => {
  const password_hash = createHash('sha256').update('production-password').digest('hex');
  const authorization = `Basic ${Buffer.from('production:production-password').toString('base64')}`;

  async function ordered(acknowledges: Acknowledges = 'later', ...answers: Answer[]) {
    await laboratory(acknowledges, ...answers, nothing);
    const sandbox = (await findLabConnection(venule.store, lab, 'sandbox')) as LabConnection;
    const http = { user: 'production', password_hash };
    await setLabConnection(venule.store, { ...sandbox, environment: 'production', http });
    const order = await venule.place({ options: { sandbox: false } });
    await until(() => heard.length === 1);
    return order;
  }

  test.each(['T', 'D'])('is not accepted by an answer that is a test (MSH-11 %s): it is sent again', async (id) => {
    const test: Answer = (order, response) => response.end(order.acknowledged('AA').replace('|P|', `|${id}|`));
    const order = await ordered('answer', test, test, inAnswer('AA'));
    const failure = await until(async () => (await pendingActivities(venule.workflow(order)))[0]?.lastFailure);
    expect(failure).toContain('acknowledged the order as a test of the line (MSH-11 T or D)');
    await venule.reaches(order.id, 'requisition_created');
    expect(heard).toHaveLength(3);
    expect(new Set(heard.map(({ text }) => text)).size).toBe(1);
  });

  test.each([
    ['from the laboratory’s sandbox', (message: string) => message, {}],
    ['that is a test (MSH-11 T)', (message: string) => message.replace('|P|', '|T|'), { authorization }],
  ])('is not decided by an acknowledgment %s: that is kept and shown', async (_what, changed, headers) => {
    const order = await ordered();
    const message = (code: string) => heard[0]?.acknowledged(code) ?? '';
    expect(await venule.deliver(lab, changed(message('AR')), headers)).toEqual({ status: 200, text: '' });
    const [kept] = await listRefusedMessages(venule.store, { lab_slug: lab }, 1);
    expect(kept?.refused).toContain('MSA^1');
    await venule.deliver(lab, message('AA'), { authorization });
    await venule.reaches(order.id, 'requisition_created');
    expect(await keptRejections(venule.store, 1)).toEqual([]);
  });
});
