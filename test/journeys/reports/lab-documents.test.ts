/** A7, G1: the laboratory's own PDF and whatever else it sends with a report: kept once before it is acknowledged, and served. */
import { createHash } from 'node:crypto';
import type { Order } from '../../../domain/orders/order.ts';
import { messageTextOf } from '../../../store/inbox/inbox-review.ts';
import { readFile } from '../../../store/inbox/lab-files.ts';
import { forget, wouldForget } from '../../../store/retention.ts';
import { labMessage } from '../../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { until } from '../../support/until.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

/** A PDF of about so many bytes, unlike any of another name. */
function pdfCalled(name: string, bytes = 200): Buffer {
  const filler = createHash('shake256', { outputLength: bytes }).update(name).digest();
  return Buffer.concat([Buffer.from(`%PDF-1.7 ${name}\n`), filler, Buffer.from('\n%%EOF\n')]);
}

const withDocument = (order: Order, value: string, { code = 'RPT', status = 'F' } = {}) =>
  [
    `OBR|9|${order.placer_order_number}|ACC-1|PDFREPORT^Clinical PDF Report^L|||||||||||||||||||||F`,
    `OBX|1|ED|${code}^Clinical PDF Report^L||${value}||||||${status}`,
  ].join('\r');
const asPdf = (content: Buffer) => `^application^pdf^Base64^${content.toString('base64')}`;

async function placed(): Promise<Order> {
  const order = await venule.place();
  await venule.reaches(order.id, 'requisition_created');
  return order;
}

async function deliver(text: string): Promise<void> {
  const answer = await venule.deliver('labcorp', text);
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('MSA|AA|')]);
}

async function get(order: Order, path: string) {
  const headers = { 'x-vital-api-key': venule.api.key };
  const answer = await fetch(`${venule.api.url}/v3/order/${order.id}/result/${path}`, { headers });
  return { answer, content: Buffer.from(await answer.arrayBuffer()) };
}
const listOf = async (order: Order) => JSON.parse((await get(order, 'documents')).content.toString()).documents;
const reportsOn = (order: Order) =>
  venule.store.labMessages.find({ order_id: order.id }).sort({ received_at: 1 }).lean();

test('a PDF of 20 MB comes with the results, and goes out as it was sent; the order is completed by its results', async () => {
  const order = await placed();
  const pdf = pdfCalled('large', 20 * 1024 * 1024);
  const sent = `${labMessage(venule.catalogue, order)}\r${withDocument(order, asPdf(pdf))}`;
  await deliver(sent);
  await venule.ended(order);
  const { events } = await venule.reaches(order.id, 'completed');
  expect(events.map(({ status }) => status)).toEqual(['ordered', 'requisition_created', 'completed']);

  const { answer, content } = await get(order, 'pdf?source=lab');
  expect(answer.headers.get('content-type')).toBe('application/pdf');
  expect(content.equals(pdf)).toBe(true);
  const own = await get(order, 'pdf');
  expect([own.answer.status, own.content.equals(pdf)]).toEqual([200, false]);

  const [report] = await reportsOn(order);
  expect(JSON.stringify(report).length).toBeLessThan(100_000);
  const { result } = await venule.store.results.findOne({ order_id: order.id }).orFail().lean();
  expect(result.missing_results).toEqual([]);
  expect(JSON.stringify(result)).not.toContain('Clinical PDF');
  const kept = report && (await messageTextOf(venule.store, report));
  expect(kept && Buffer.from(kept).equals(Buffer.from(sent))).toBe(true);
}, 120_000);

test('the same content is kept once, however many reports bring it', async () => {
  const [one, two] = [await placed(), await placed()];
  const pdf = pdfCalled('shared');
  for (const order of [one, two]) {
    await deliver(`${labMessage(venule.catalogue, order)}\r${withDocument(order, asPdf(pdf))}`);
    await venule.ended(order);
    expect((await get(order, 'pdf?source=lab')).content.equals(pdf)).toBe(true);
  }
  const hash = createHash('sha256').update(pdf).digest('hex');
  expect(await venule.store.labFiles.countDocuments({ _id: hash })).toBe(1);
});

test('a PDF that comes by itself after the results is a document of the order, and no correction', async () => {
  const order = await placed();
  await deliver(labMessage(venule.catalogue, order));
  await venule.ended(order);
  expect((await get(order, 'pdf?source=lab')).answer.status).toBe(404);
  const [first, second] = [pdfCalled('first'), pdfCalled('second')];
  const [header, patient] = labMessage(venule.catalogue, order).split('\r');
  const alone = (content: Buffer, id: string) =>
    [header?.replace(/\|[^|]*\|P\|/, `|${id}|P|`), patient, withDocument(order, asPdf(content))].join('\r');
  await deliver(alone(first, 'pdf-1'));
  await until(async () => (await listOf(order)).length === 1);
  await deliver(alone(second, 'pdf-2'));
  await until(async () => (await listOf(order)).length === 2);
  expect((await get(order, 'pdf?source=lab')).content.equals(second)).toBe(true);
  const [newest, older] = await listOf(order);
  expect((await get(order, `documents/${older.id}`)).content.equals(first)).toBe(true);
  expect(newest).toEqual({
    id: createHash('sha256').update(second).digest('hex'),
    name: 'Clinical PDF Report',
    content_type: 'application/pdf',
    bytes: second.length,
    status: 'final',
    received_at: expect.any(String),
  });
  expect((await venule.reaches(order.id, 'completed')).events.at(-1)?.status).toBe('completed');
});

test('only a PDF is shown by a browser; anything else is a download that nothing runs in', async () => {
  const order = await placed();
  const html = Buffer.from('<html><script>alert(1)</script></html>');
  const pdf = pdfCalled('shown');
  await deliver(
    [
      labMessage(venule.catalogue, order),
      withDocument(order, asPdf(html), { code: 'A' }),
      withDocument(order, `^text^html^Base64^${html.toString('base64')}`, { code: 'B' }),
      withDocument(order, asPdf(pdf), { code: 'C' }),
    ].join('\r'),
  );
  await venule.ended(order);
  const documents: { id: string; content_type: string }[] = await listOf(order);
  expect(documents.map(({ content_type }) => content_type).sort()).toEqual([
    'application/octet-stream',
    'application/octet-stream',
    'application/pdf',
  ]);
  for (const { id, content_type } of documents) {
    const { answer } = await get(order, `documents/${id}`);
    const isPdf = content_type === 'application/pdf';
    expect(answer.headers.get('content-type')).toBe(content_type);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('content-disposition')).toMatch(isPdf ? /^inline; / : /^attachment; /);
    expect(answer.headers.get('content-disposition')).toMatch(/filename="Clinical-PDF-Report\.(pdf|bin)"$/);
    expect(answer.headers.get('content-security-policy')).toBe(isPdf ? null : "default-src 'none'; sandbox");
  }
});

test('one that the laboratory takes back is not its PDF any more, and is still listed', async () => {
  const order = await placed();
  await deliver(`${labMessage(venule.catalogue, order)}\r${withDocument(order, asPdf(pdfCalled('wrong patient')))}`);
  await venule.ended(order);
  const [header, patient] = labMessage(venule.catalogue, order).split('\r');
  await deliver([header, patient, withDocument(order, '', { status: 'W' })].join('\r'));
  await until(async () => (await listOf(order))[0]?.status === 'withdrawn');
  expect((await get(order, 'pdf?source=lab')).answer.status).toBe(404);
});

test("another order's documents are nobody's here, nor those of a report that is held", async () => {
  const [one, other] = [await placed(), await placed()];
  const pdf = pdfCalled('private');
  const hash = createHash('sha256').update(pdf).digest('hex');
  await deliver(`${labMessage(venule.catalogue, one)}\r${withDocument(one, asPdf(pdf))}`);
  await deliver(
    `${labMessage(venule.catalogue, other, { family_name: 'Clark' })}\r${withDocument(other, asPdf(pdfCalled('held')))}`,
  );
  await venule.ended(one);
  expect((await get(other, `documents/${hash}`)).answer.status).toBe(404);
  expect(await listOf(other)).toEqual([]);
});

test('G1: documents go by the same rule as the text of the message, and no sooner', async () => {
  const [over, open] = [await placed(), await placed()];
  const [old, needed] = [pdfCalled('old'), pdfCalled('needed')];
  await deliver(`${labMessage(venule.catalogue, over)}\r${withDocument(over, asPdf(old))}`);
  await venule.ended(over);
  await deliver(
    `${labMessage(venule.catalogue, open, { omitted: ['2093-3'], status: 'P' })}\r${withDocument(open, asPdf(needed))}`,
  );
  await venule.reaches(open.id, 'partial_results');
  const longAgo = new Date(Date.now() - 400 * 86_400_000);
  await venule.store.labMessageTexts.updateMany({}, { $set: { received_at: longAgo } });
  await venule.store.labFiles.updateMany({}, { $set: { received_at: longAgo } });
  const retention = { webhooks: null, lab_texts: 365, sms: null };
  expect((await wouldForget(venule.store, retention)).lab_texts).toBeGreaterThan(0);
  expect((await get(over, 'pdf?source=lab')).content.equals(old)).toBe(true);
  await forget(venule.store, retention);
  expect((await get(over, 'pdf?source=lab')).answer.status).toBe(404);
  expect((await get(open, 'pdf?source=lab')).content.equals(needed)).toBe(true);
  const hash = createHash('sha256').update(old).digest('hex');
  expect(await readFile(venule.store, hash)).toBeNull();
  expect(await venule.store.labFilePieces.countDocuments({ _id: new RegExp(`^${hash}`) })).toBe(0);
});
