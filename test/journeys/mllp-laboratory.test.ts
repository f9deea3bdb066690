/** A laboratory that speaks MLLP only: orders, cancellations, and results travel in frames, with the sandbox at the other end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { type MllpServer, startMllpServer } from '../../api/inbound/mllp-server.ts';
import type { LabConnection } from '../../domain/catalogue/lab-connection.ts';
import { framed } from '../../partners/labs/transports/mllp-frames.ts';
import { type Sandbox, startSandbox } from '../../sandbox/lab/server.ts';
import { findLabConnection, setLabConnection } from '../../store/connections/lab-connections.ts';
import { rememberedProfiles } from '../../store/connections/lab-profiles.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { until } from '../support/until.ts';

const lab = 'bioreference';
const CREDENTIALS = { user: 'lab', password: 'secret' };

let venule: InProcessVenule;
let server: MllpServer;
let sandbox: Sandbox;
let dataDir: string;
let known: LabConnection;

beforeAll(async () => {
  venule = await startVenule();
  const { store, catalogue } = venule;
  const laboratories = catalogue.laboratoriesBySlug;
  const profiles = rememberedProfiles(store, laboratories);
  const inbox = { store, profiles, logger: pino({ level: 'silent' }), laboratories };
  server = await startMllpServer(inbox, { host: '127.0.0.1', port: 0, tls: null });
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'mllp-lab-'));
  sandbox = await startSandbox({
    ...CREDENTIALS,
    port: 0,
    host: '127.0.0.1',
    dataDir,
    // Nothing listens there: what goes over HTTP never arrives.
    resultsUrl: 'http://127.0.0.1:9/{lab}/hl7',
    mllp: { port: 0, resultsUrl: `mllp://127.0.0.1:${server.port}` },
  });
  known = (await findLabConnection(store, lab, 'sandbox')) as LabConnection;
  await setLabConnection(store, {
    ...known,
    orders: { kind: 'mllp', host: '127.0.0.1', port: sandbox.mllpPort as number, tls: null },
    http: null,
    mllp: { addresses: ['127.0.0.1'], certificate: null },
  });
});

afterAll(async () => {
  await setLabConnection(venule.store, known);
  await sandbox.close();
  await server.stop();
  await rm(dataDir, { recursive: true });
  await venule.close();
});

const authorization = `Basic ${Buffer.from(`${CREDENTIALS.user}:${CREDENTIALS.password}`).toString('base64')}`;
const atLab = (placer: string, body?: object) =>
  fetch(`${sandbox.url}/sandbox/labs/${lab}/orders/${placer}${body ? '/simulate' : ''}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  }).then((response) => response.json() as Promise<{ state: string; received: { new: number; cancel: number } }>);

test('an order goes out, and its results come in', async () => {
  const order = await venule.place({ labTest: `${lab}-cbc-and-cmp` });
  await venule.reaches(order.id, 'requisition_created');
  expect(await atLab(order.placer_order_number)).toMatchObject({ state: 'open', received: { new: 1, cancel: 0 } });
  await atLab(order.placer_order_number, { final_status: 'completed' });
  await venule.reaches(order.id, 'completed');
});

test('a cancellation reaches the laboratory', async () => {
  const order = await venule.place({ labTest: `${lab}-cbc-and-cmp` });
  await venule.journeys.cancel(await venule.reaches(order.id, 'requisition_created'));
  await venule.ended(order);
  expect(await atLab(order.placer_order_number)).toMatchObject({ state: 'cancelled', received: { new: 1, cancel: 1 } });
});

describe('the laboratory’s own requisition', () => {
  const send = (choice: object) =>
    fetch(`${sandbox.url}/sandbox/requisitions`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ lab, ...choice }),
    });
  afterAll(() => send({ sent: 'never' }));

  const requisitionOf = (id: string) =>
    until(async () => {
      const path = `/v3/order/${id}/requisition/pdf?source=lab`;
      const answer = await fetch(`${venule.api.url}${path}`, { headers: { 'x-vital-api-key': venule.api.key } });
      return answer.status === 200 && Buffer.from(await answer.arrayBuffer());
    });

  test.each(['answer', 'later'])('of 20 MB (%s) is kept and served; the order was sent once', async (sent) => {
    await send({ sent, bytes: 20 * 1024 * 1024 });
    const order = await venule.place({ labTest: `${lab}-cbc-and-cmp` });
    await venule.reaches(order.id, 'requisition_created');
    const pdf = await requisitionOf(order.id);
    expect([pdf.length, pdf.toString('latin1', 0, 5)]).toEqual([20 * 1024 * 1024, '%PDF-']);
    expect(await atLab(order.placer_order_number)).toMatchObject({ received: { new: 1 } });
  });

  test('over the limit is not kept, and the order goes on', async () => {
    await send({ sent: 'answer', bytes: 25 * 1024 * 1024 });
    const order = await venule.place({ labTest: `${lab}-cbc-and-cmp` });
    await venule.reaches(order.id, 'requisition_created');
    const kept = await venule.store.labRequisitions.findOne({ order_id: order.id }).orFail().lean();
    expect(kept).toMatchObject({ hash: null, unusable_because: expect.stringContaining('32 MB') });
  });
});

describe('a laboratory that takes an order over (CA) and rejects it on the same connection', () => {
  test.each([
    ['in the same packet', 0],
    ['a little later', 300],
  ])('%s: the order is canceled, and was sent once', async (_when, pause) => {
    let heard = 0;
    const rejecting = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (piece) => {
        heard += 1;
        const control_id = piece.toString().split('|')[9];
        const says = (code: string, words = '') =>
          framed(`MSH|^~\\&|LAB|LAB|VENULE|1|20261121||ACK|${code}-1|P|2.5.1\rMSA|${code}|${control_id}|${words}`);
        const [taken, rejected] = [says('CA'), says('AR', 'Test not performed here')];
        if (pause === 0) return void socket.write(Buffer.concat([taken, rejected]));
        socket.write(taken);
        setTimeout(() => socket.write(rejected), pause);
      });
    });
    await new Promise<void>((resolve) => rejecting.listen(0, '127.0.0.1', resolve));
    const { port } = rejecting.address() as AddressInfo;
    const connection = (await findLabConnection(venule.store, lab, 'sandbox')) as LabConnection;
    await setLabConnection(venule.store, {
      ...connection,
      orders: { kind: 'mllp', host: '127.0.0.1', port, tls: null },
    });
    const order = await venule.place({ labTest: `${lab}-cbc-and-cmp` });
    expect((await venule.reaches(order.id, 'cancelled')).events.at(-1)).toMatchObject({
      status_detail: 'fulfillment_error',
      reason: expect.stringContaining('Test not performed here'),
    });
    await venule.ended(order);
    expect(heard).toBe(1);
    await setLabConnection(venule.store, connection);
    await new Promise((resolve) => rejecting.close(resolve));
  });
});

test('an acknowledgment with a requisition that comes slowly behind CA on the same connection is awaited to its end', async () => {
  const pdf = Buffer.from(`%PDF-1.7 ${'slow '.repeat(100)}`);
  const slow = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', async (piece) => {
      const control_id = piece.toString().split('|')[9];
      const says = (code: string) =>
        `MSH|^~\\&|LAB|LAB|VENULE|1|20261121||ORR^O02|${code}-2|P|2.5.1\rMSA|${code}|${control_id}\r`;
      socket.write(framed(says('CA')));
      const second = framed(`${says('AA')}OBX|1|ED|REQ^Form^L||^application^pdf^Base64^${pdf.toString('base64')}`);
      // Longer altogether than an answer that may be followed by another is listened for.
      for (let at = 0; at < second.length && !socket.destroyed; at += 100) {
        socket.write(second.subarray(at, at + 100));
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
    });
  });
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  const { port } = slow.address() as AddressInfo;
  const connection = (await findLabConnection(venule.store, lab, 'sandbox')) as LabConnection;
  await setLabConnection(venule.store, { ...connection, orders: { kind: 'mllp', host: '127.0.0.1', port, tls: null } });
  const order = await venule.place({ labTest: `${lab}-cbc-and-cmp` });
  await venule.reaches(order.id, 'requisition_created');
  const kept = await until(() => venule.store.labRequisitions.findOne({ order_id: order.id }).lean());
  expect(kept).toMatchObject({ bytes: pdf.length, unusable_because: null });
  await setLabConnection(venule.store, connection);
  await new Promise((resolve) => slow.close(resolve));
});
