/** F4, G1: the laboratory's own requisition (eReq) comes with its acknowledgment, is kept before that counts, and is served beside ours. */
import { createHash, randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Acknowledges } from '../../domain/catalogue/lab-connection.ts';
import type { Order } from '../../domain/orders/order.ts';
import { MESSAGE_LIMITS } from '../../partners/labs/formats/hl7v2/hl7-limits.ts';
import { createApiKey, createTeam } from '../../store/access/teams.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { listRefusedMessages } from '../../store/inbox/inbox-review.ts';
import { readFile } from '../../store/inbox/lab-files.ts';
import { timelineOf } from '../../store/orders/order-timeline.ts';
import { forget } from '../../store/retention.ts';
import { ownLaboratory, type ReceivedOrder } from '../support/partners/own-laboratory.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { pendingActivities } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';

const lab = 'labcorp';
const MB = 1024 * 1024;

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterEach(() => venule.sendsRequisitions({ lab, sent: 'never' }));
afterAll(() => venule.close());

async function get(order: Order, query = '?source=lab', key = venule.api.key) {
  const path = `/v3/order/${order.id}/requisition/pdf${query}`;
  const answer = await fetch(`${venule.api.url}${path}`, { headers: { 'x-vital-api-key': key } });
  return { status: answer.status, headers: answer.headers, content: Buffer.from(await answer.arrayBuffer()) };
}
const isPdf = ({ content }: { content: Buffer }) => content.subarray(0, 5).toString() === '%PDF-';
const recordsOf = (order: Order) =>
  collectionOf(venule.store.labRequisitions).find({ order_id: order.id }).sort({ received_at: 1 }).toArray();
const messageOf = (order: Order) => collectionOf(venule.store.orderMessages).findOne({ order_id: order.id });

async function accepted(): Promise<Order> {
  const order = await venule.place();
  await venule.reaches(order.id, 'requisition_created');
  return order;
}

describe.each(['answer', 'later'] as const)('from the sandbox laboratory (%s)', (sent) => {
  test('it is served as it was sent, and ours beside it', async () => {
    await venule.sendsRequisitions({ lab, sent, bytes: 3 * MB });
    const order = await accepted();
    const theirs = await until(async () => {
      const answer = await get(order);
      return answer.status === 200 && answer;
    });
    expect(isPdf(theirs)).toBe(true);
    expect(theirs.content.length).toBe(3 * MB);
    expect(theirs.headers.get('content-type')).toBe('application/pdf');
    expect(theirs.headers.get('x-content-type-options')).toBe('nosniff');
    expect(theirs.headers.get('content-disposition')).toBe('inline; filename="Electronic-requisition.pdf"');
    const own = await get(order, '');
    expect([own.status, isPdf(own), own.content.equals(theirs.content)]).toEqual([200, true, false]);
    expect(own.headers.get('content-disposition')).toBeNull();
    expect((await get(order, '?source=venule')).headers.get('content-type')).toBe('application/pdf');

    // Neither what the laboratory said nor Temporal has more than the decision.
    expect(JSON.stringify(await messageOf(order)).length).toBeLessThan(2_000);
    const { events = [] } = await venule.workflow(order).fetchHistory();
    expect(JSON.stringify(events).length).toBeLessThan(300_000);
    expect(await timelineOf(venule.store, order.transaction_id)).toContainEqual(
      expect.objectContaining({
        what: 'lab_requisition.received',
        detail: `application/pdf, ${3 * MB} bytes`,
        by: { kind: 'partner', id: lab },
      }),
    );
  });
});

describe('that is none', () => {
  test.each([
    ['not base64', { content: 'broken' }, 'OBX^1^5: OBX-5 holds a document that is not base64'],
    ['empty', { content: 'empty' }, 'OBX^1^5: OBX-5 holds an empty document'],
    ['longer than an acknowledgment can be', { bytes: 25 * MB }, 'An acknowledgment can have at most 32 MB'],
  ])('(%s): the order goes on, and why is in front of a person', async (_what, choice, why) => {
    for (const sent of ['answer', 'later']) {
      await venule.sendsRequisitions({ lab, sent, ...choice });
      const order = await accepted();
      const [record] = await until(async () => {
        const records = await recordsOf(order);
        return records.length > 0 && records;
      });
      expect(record).toMatchObject({ hash: null, unusable_because: expect.stringContaining(why) });
      expect((await get(order)).status).toBe(404);
      await until(async () => (await messageOf(order))?.said?.is_final);
      const refused = await until(async () =>
        (await listRefusedMessages(venule.store, { lab_slug: lab }, 50)).find(
          ({ _id }) => _id === record?.content_hash,
        ),
      );
      expect(refused.refused).toContain(why);
      const timeline = await timelineOf(venule.store, order.transaction_id);
      expect(timeline.find(({ what }) => what === 'lab_requisition.unusable')?.detail).toContain(why);
      await venule.journeys.cancel(await venule.reaches(order.id, 'requisition_created'));
      await venule.ended(order);
    }
  });

  test('(not a PDF): it is a download that nothing runs in', async () => {
    await venule.sendsRequisitions({ lab, sent: 'answer', content: 'web_page' });
    const { status, headers, content } = await get(await accepted());
    expect([status, content.toString()]).toEqual([200, expect.stringContaining('<html>')]);
    expect(headers.get('content-type')).toBe('application/octet-stream');
    expect(headers.get('content-disposition')).toBe('attachment; filename="Electronic-requisition.bin"');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});

test('where there is none, and for another team, it is not found; another source is refused', async () => {
  const order = await accepted();
  const none = await get(order);
  expect([none.status, none.content.toString()]).toEqual([404, expect.stringContaining('has sent no requisition')]);
  expect((await get(order, '?source=patient')).status).toBe(422);
  await venule.sendsRequisitions({ lab, sent: 'answer' });
  const another = await accepted();
  const team = await createTeam(venule.store, {
    name: `Other ${randomUUID()}`,
    environment: 'sandbox',
    contact: { email: 'care@other.example', phone: '+12125550199' },
  });
  const { key } = await createApiKey(venule.store, team, 'tests');
  expect([(await get(another)).status, (await get(another, '?source=lab', key)).status]).toEqual([200, 404]);
});

describe('a laboratory of its own', () => {
  let own: Awaited<ReturnType<typeof ownLaboratory>>;
  let heard: ReceivedOrder[];
  afterEach(() => own.close());

  async function laboratory(acknowledges: Acknowledges, answer: (order: ReceivedOrder, to: ServerResponse) => void) {
    heard = [];
    const hear = (order: ReceivedOrder, response: ServerResponse) => {
      heard.push(order);
      answer(order, response);
    };
    own = await ownLaboratory(venule.store, lab, hear, { acknowledges });
  }

  /** A PDF of about so many bytes, unlike any of another name. */
  const pdfCalled = (name: string, bytes = 200) =>
    Buffer.concat([
      Buffer.from(`%PDF-1.7 ${name}\n`),
      createHash('shake256', { outputLength: bytes }).update(name).digest(),
    ]);
  const document = (content: Buffer) => `OBX|1|ED|REQ^Form^L||^application^pdf^Base64^${content.toString('base64')}\r`;
  const carrying = (order: ReceivedOrder | undefined, code: string, content: Buffer) =>
    `${order?.acknowledged(code)}${document(content)}`;

  test('20 MB in the answer', async () => {
    const pdf = pdfCalled(randomUUID(), 20 * MB);
    await laboratory('answer', (order, response) => response.end(carrying(order, 'AA', pdf)));
    expect((await get(await accepted())).content.equals(pdf)).toBe(true);
    expect(heard).toHaveLength(1);
  }, 120_000);

  test('of several the newest counts, and one that comes again changes nothing', async () => {
    const [first, second] = [pdfCalled(randomUUID()), pdfCalled(randomUUID())];
    await laboratory('later', (order, response) => response.end(carrying(order, 'CA', first)));
    const order = await accepted();
    expect((await get(order)).content.equals(first)).toBe(true);
    const [message] = heard;
    expect(await venule.deliver(lab, carrying(message, 'AA', second))).toEqual({ status: 200, text: '' });
    expect((await get(order)).content.equals(second)).toBe(true);
    const before = await recordsOf(order);
    expect(before).toHaveLength(2);
    for (const again of [first, second, first]) await venule.deliver(lab, carrying(message, 'AA', again));
    expect(await recordsOf(order)).toEqual(before);
    expect((await get(order)).content.equals(second)).toBe(true);
  });

  test('with a rejection, or the answer to a cancellation, it is no requisition', async () => {
    const pdf = pdfCalled(randomUUID());
    await laboratory('answer', (order, response) => {
      const isCancellation = order.text.includes('ORC|CA');
      response.end(isCancellation ? carrying(order, 'AA', pdf) : order.acknowledged('AA'));
    });
    const order = await accepted();
    await venule.journeys.cancel(await venule.reaches(order.id, 'requisition_created'));
    await venule.ended(order);
    expect(await recordsOf(order)).toMatchObject([{ unusable_because: expect.stringContaining('cancellation') }]);
    expect((await get(order)).status).toBe(404);
    await own.close();
    await laboratory('answer', (message, response) => response.end(carrying(message, 'AR', pdf)));
    const rejected = await venule.place();
    await venule.reaches(rejected.id, 'cancelled');
    expect(await recordsOf(rejected)).toMatchObject([{ unusable_because: expect.stringContaining('AR') }]);
    expect((await get(rejected)).status).toBe(404);
  });

  test('that came with an error before is a requisition once the order is accepted', async () => {
    const pdf = pdfCalled(randomUUID());
    await laboratory('answer', (order, response) => {
      response.end(carrying(order, heard.length === 1 ? 'AE' : 'AA', pdf));
    });
    const order = await accepted();
    expect(heard).toHaveLength(2);
    expect(await recordsOf(order)).toMatchObject([{ unusable_because: null }]);
    expect((await get(order)).content.equals(pdf)).toBe(true);
  });

  test.each([
    ['the content', 'lab_file_pieces', { content: { $exists: false } }],
    ['its record', 'lab_requisitions', { order_id: { $exists: false } }],
    ['the decision', 'order_messages', { said: null }],
  ])('a database that does not take %s: nothing counts until all is kept, once', async (_what, collection, allowed) => {
    const pdf = pdfCalled(randomUUID());
    await laboratory('answer', (order, response) => response.end(carrying(order, 'AA', pdf)));
    const db = venule.store.connection.db;
    await db?.command({ collMod: collection, validator: allowed });
    const order = await venule.place();
    await until(async () => (await pendingActivities(venule.workflow(order))).some(({ attempt }) => attempt > 2));
    expect((await messageOf(order))?.said).toBeNull();
    expect((await venule.reaches(order.id, 'ordered')).events.at(-1)?.status).toBe('ordered');
    await db?.command({ collMod: collection, validator: {} });
    await venule.reaches(order.id, 'requisition_created');
    expect(await recordsOf(order)).toHaveLength(1);
    expect((await get(order)).content.equals(pdf)).toBe(true);
  });

  test('one that comes by itself is acknowledged by nobody as long as its content is not kept', async () => {
    const pdf = pdfCalled(randomUUID());
    await laboratory('later', (_order, response) => response.writeHead(202).end());
    const order = await venule.place();
    await until(() => heard.length === 1);
    const kept = jest
      .spyOn(collectionOf(venule.store.labFiles), 'updateOne')
      .mockRejectedValueOnce(new Error('no space left'));
    expect((await venule.deliver(lab, carrying(heard[0], 'AA', pdf))).status).toBe(500);
    kept.mockRestore();
    expect((await messageOf(order))?.said).toBeNull();
    expect(await venule.deliver(lab, carrying(heard[0], 'AA', pdf))).toEqual({ status: 200, text: '' });
    await venule.reaches(order.id, 'requisition_created');
    expect((await get(order)).content.equals(pdf)).toBe(true);
  });

  test('one over the limit that comes by itself is refused, and its decision counts', async () => {
    await laboratory('later', (_order, response) => response.writeHead(202).end());
    const order = await venule.place();
    await until(() => heard.length === 1);
    const answer = await venule.deliver(lab, carrying(heard[0], 'AA', Buffer.alloc(MESSAGE_LIMITS.bytes, 'x')));
    expect(answer.status).toBe(413);
    await venule.reaches(order.id, 'requisition_created');
    expect(await recordsOf(order)).toMatchObject([{ hash: null, unusable_because: expect.stringContaining('32 MB') }]);
  });

  test('it is kept as long as its order is open, and goes by the same rule as messages then', async () => {
    const [needed, old] = [pdfCalled(randomUUID()), pdfCalled(randomUUID())];
    await laboratory('answer', (message, response) =>
      response.end(message.text.includes('ORC|CA') ? message.acknowledged('AA') : carrying(message, 'AA', needed)),
    );
    const open = await accepted();
    await own.close();
    await laboratory('answer', (message, response) =>
      response.end(message.text.includes('ORC|CA') ? message.acknowledged('AA') : carrying(message, 'AA', old)),
    );
    const over = await accepted();
    await venule.journeys.cancel(await venule.reaches(over.id, 'requisition_created'));
    await venule.ended(over);
    const longAgo = new Date(Date.now() - 400 * 86_400_000);
    await venule.store.labMessageTexts.updateMany({}, { $set: { received_at: longAgo } });
    await venule.store.labFiles.updateMany({}, { $set: { received_at: longAgo } });
    await forget(venule.store, { webhooks: null, lab_texts: 365, sms: null });
    expect((await get(open)).content.equals(needed)).toBe(true);
    const gone = await get(over);
    expect([gone.status, gone.content.toString()]).toEqual([404, expect.stringContaining('no longer kept')]);
    const [record] = await recordsOf(over);
    expect(await readFile(venule.store, record?.hash ?? '')).toBeNull();
    const texts = await venule.store.labMessageTexts.find({ requisition_of: { $in: [open.id, over.id] } }).lean();
    expect(texts.map(({ requisition_of }) => requisition_of)).toEqual([[open.id]]);
  });
});
