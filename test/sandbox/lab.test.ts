import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Hl7Message } from '@medplum/core';
import { type Sandbox, startSandbox } from '../../sandbox/lab/server.ts';
import { ResultReceiver } from './result-receiver.ts';

const AUTHORIZATION = `Basic ${Buffer.from('lab:secret').toString('base64')}`;
const CMP = '10231';
const LIPID = '7600';
const A1C = '496';
const TSH = '899';
const GLUCOSE = '483';
const LEAD = '599';
const PANEL = [CMP, LIPID, '6399', A1C, TSH, '17306', '927', '457', '10124', '622'];

/** What the laboratory shows of an order. */
interface OrderView {
  placer_order_number: string;
  state: string;
  messages: { control_id: string; attempts: number; acknowledgement: { code: string } | null }[];
}

const controlId = (message: Hl7Message) => field(message, 'MSH', 10);
const field = (message: Hl7Message, segment: string, index: number, component = 1) =>
  message.getSegment(segment)?.getComponent(index, component) ?? '';
const observations = (messages: Hl7Message[]) => messages.flatMap((message) => message.getAllSegments('OBX'));
const tests = (message: Hl7Message) =>
  message.getAllSegments('OBR').map((obr) => [obr.getComponent(4, 1), obr.getComponent(25, 1)]);

let receiver: ResultReceiver;
let sandbox: Sandbox;
let dataDir: string;

async function open(): Promise<void> {
  sandbox = await startSandbox({
    port: 0,
    host: '127.0.0.1',
    dataDir,
    resultsUrl: receiver.url,
    user: 'lab',
    password: 'secret',
    backoff: { first: 5, longest: 20 },
  });
}

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'sandbox-lab-'));
  receiver = new ResultReceiver(AUTHORIZATION);
  await receiver.open();
  await open();
});

afterEach(async () => {
  await sandbox.close();
  await receiver.close();
  await rm(dataDir, { recursive: true });
});

function order(placer: string, codes: string[], change: (segments: string[]) => string[] = (same) => same): string {
  const segments = [
    `MSH|^~\\&|VENULE|1234567891|QUEST|QUEST SECAUCUS|20261121083000+0000||ORM^O01^ORM_O01|${placer}-NW|P|2.5.1`,
    'PID|1||u-1^^^VENULE^PI||O\\T\\Hara^Mary||19800102|F|||1 Main St^^Phoenix^AZ^85004^US',
    'PV1|1|O',
    ...codes.flatMap((code, index) => [`ORC|NW|${placer}`, `OBR|${index + 1}|${placer}||${code}^Test^L|R`]),
  ];
  return change(segments).join('\r');
}

const cancellation = (placer: string) =>
  [`MSH|^~\\&|VENULE|1|QUEST|Q|20261121||ORM^O01^ORM_O01|${placer}-CA|P|2.5.1`, `ORC|CA|${placer}`].join('\r');

async function call(method: string, target: string, body?: unknown, type = 'application/json'): Promise<Response> {
  return fetch(`${sandbox.url}${target}`, {
    method,
    headers: { authorization: AUTHORIZATION, ...(body !== undefined && { 'content-type': type }) },
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
  });
}

async function send(text: string, lab = 'quest'): Promise<Hl7Message> {
  const response = await call('POST', `/labs/${lab}/hl7`, text, 'application/hl7-v2');
  expect(response.status).toBe(200);
  return Hl7Message.parse(await response.text());
}

const simulate = (placer: string, body: object) => call('POST', `/sandbox/labs/quest/orders/${placer}/simulate`, body);
const fault = (body: object) => call('POST', '/sandbox/faults', { lab: 'quest', ...body });
async function look(placer: string): Promise<OrderView> {
  return (await (await call('GET', `/sandbox/labs/quest/orders/${placer}`)).json()) as OrderView;
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await what()); ) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function allAcknowledged(placer: string): Promise<void> {
  await until(async () => {
    const { messages } = await look(placer);
    return messages.every((message) => message.acknowledgement !== null);
  });
}

describe('orders at the sandbox laboratory', () => {
  test('A3: an order is acknowledged and makes one requisition', async () => {
    const ack = await send(order('R-1', [CMP, LIPID]));
    expect([field(ack, 'MSH', 9), field(ack, 'MSH', 9, 2)]).toEqual(['ACK', 'O01']);
    expect([field(ack, 'MSA', 1), field(ack, 'MSA', 2)]).toEqual(['AA', 'R-1-NW']);
    expect(await look('R-1')).toMatchObject({
      state: 'open',
      requisitions_made: 1,
      tests: [
        { code: CMP, status: 'ordered' },
        { code: LIPID, status: 'ordered' },
      ],
    });
  });

  test('F4: the same order again is answered as before and makes nothing new', async () => {
    const acks = [await send(order('R-1', [CMP])), await send(order('R-1', [CMP])), await send(order('R-1', [CMP]))];
    expect(acks.map((ack) => field(ack, 'MSA', 1))).toEqual(['AA', 'AA', 'AA']);
    expect(await look('R-1')).toMatchObject({ requisitions_made: 1, received: { new: 3 } });
  });

  test('Labcorp takes OML^O21 and nothing else', async () => {
    const asOml = (placer: string) => order(placer, ['322000']).replace('ORM^O01^ORM_O01', 'OML^O21^OML_O21');
    const ack = await send(asOml('R-1'), 'labcorp');
    expect([field(ack, 'MSH', 9, 2), field(ack, 'MSA', 1)]).toEqual(['O21', 'AA']);
    const refused = await send(order('R-2', ['322000']), 'labcorp');
    expect([field(refused, 'MSA', 1), field(refused, 'ERR', 3)]).toEqual(['AR', '200']);
  });

  const without = (name: string) => (segments: string[]) => segments.filter((segment) => !segment.startsWith(name));
  const replacing = (from: string, to: string) => (segments: string[]) => segments.map((s) => s.replace(from, to));
  test.each([
    ['no patient', without('PID'), 'PID', '', ''],
    ['no visit', without('PV1'), 'PV1', '', ''],
    ['no tests', without('OBR'), 'OBR', '', ''],
    ['no family name', replacing('O\\T\\Hara', ''), 'PID', '1', '5'],
    ['no date of birth', replacing('19800102', ''), 'PID', '1', '7'],
    ['a date of birth that never was', replacing('19800102', '19800231'), 'PID', '1', '7'],
    ['no sex', replacing('|F|', '||'), 'PID', '1', '8'],
    ['an unknown test', replacing(CMP, '99999999'), 'OBR', '1', '4'],
    ['another number in OBR-2', replacing('OBR|1|R-1', 'OBR|1|R-2'), 'OBR', '1', '2'],
    ['no placer order number', replacing('ORC|NW|R-1', 'ORC|NW|'), 'ORC', '1', '2'],
    ['an unknown order control', replacing('ORC|NW', 'ORC|ZZ'), 'ORC', '1', '1'],
    ['an old version', replacing('2.5.1', '2.3'), 'MSH', '1', '12'],
  ])('an order with %s is rejected, and the place is named', async (_what, change, segment, sequence, at) => {
    const ack = await send(order('R-1', [CMP], change));
    const locations = ack.getAllSegments('ERR').map((err) => [1, 2, 3].map((part) => err.getComponent(2, part)));
    expect(field(ack, 'MSA', 1)).toBe('AR');
    expect(locations).toContainEqual([segment, sequence, at]);
    expect(ack.getAllSegments('ERR').every((err) => err.getComponent(4, 1) === 'E' && err.getComponent(8, 1))).toBe(
      true,
    );
  });

  test('a required question must be answered, with one of its answers', async () => {
    const answered = (answer: string) => (segments: string[]) => [
      ...segments,
      `OBX|1|CE|LEADPURP^Why?^L||${answer}||||||F`,
    ];
    expect(field(await send(order('R-1', [LEAD])), 'MSA', 1)).toBe('AR');
    expect(field(await send(order('R-2', [LEAD], answered('Q'))), 'MSA', 1)).toBe('AR');
    expect(field(await send(order('R-3', [LEAD], answered('I^Initial'))), 'MSA', 1)).toBe('AA');
  });

  test('a rejected order can be sent again once it is right', async () => {
    await send(order('R-1', ['99999999']));
    expect(await look('R-1')).toMatchObject({ state: 'refused', requisitions_made: 0 });
    expect(field(await send(order('R-1', [CMP])), 'MSA', 1)).toBe('AA');
    expect(await look('R-1')).toMatchObject({ state: 'open', requisitions_made: 1 });
  });

  test('a cancellation closes the order, whether it is known or not', async () => {
    await send(order('R-1', [CMP]));
    expect(field(await send(cancellation('R-1')), 'MSA', 1)).toBe('AA');
    expect(field(await send(cancellation('R-1')), 'MSA', 1)).toBe('AA');
    expect(field(await send(cancellation('R-none')), 'MSA', 1)).toBe('AA');
    expect(await look('R-1')).toMatchObject({ state: 'cancelled', received: { cancel: 2 } });
    expect((await simulate('R-1', { final_status: 'completed' })).status).toBe(409);
  });

  test('a cancellation of a reported order comes too late', async () => {
    await send(order('R-1', [CMP]));
    await simulate('R-1', { final_status: 'completed' });
    expect(field(await send(cancellation('R-1')), 'MSA', 1)).toBe('AR');
    expect(await look('R-1')).toMatchObject({ state: 'reported' });
  });

  test('a cancellation withdraws the results that are not due yet', async () => {
    await send(order('R-1', [CMP, LIPID]));
    await simulate('R-1', { final_status: 'completed', delay_seconds: 3600 });
    await allAcknowledgedBut('R-1', 1);
    expect(field(await send(cancellation('R-1')), 'MSA', 1)).toBe('AA');
    expect((await look('R-1')).messages).toHaveLength(1);
  });

  async function allAcknowledgedBut(placer: string, open: number): Promise<void> {
    await until(async () => {
      const { messages } = await look(placer);
      return messages.filter((message) => !message.acknowledgement).length === open;
    });
  }

  test('F12: credentials, content type and text are checked', async () => {
    const target = `${sandbox.url}/labs/quest/hl7`;
    const type = { 'content-type': 'application/hl7-v2' };
    const wrong = `Basic ${Buffer.from('lab:guess').toString('base64')}`;
    const status = async (init: RequestInit) => (await fetch(target, { method: 'POST', ...init })).status;
    expect(await status({ headers: type, body: order('R-1', [CMP]) })).toBe(401);
    expect(await status({ headers: { ...type, authorization: wrong }, body: order('R-1', [CMP]) })).toBe(401);
    expect(await status({ headers: { 'content-type': 'text/plain', authorization: AUTHORIZATION }, body: 'x' })).toBe(
      415,
    );
    expect(await status({ headers: { ...type, authorization: AUTHORIZATION }, body: 'hello' })).toBe(400);
    const huge = 'MSH|^~\\&|'.padEnd(2 ** 21, 'x');
    expect(await status({ headers: { ...type, authorization: AUTHORIZATION }, body: huge })).toBe(413);
    expect((await call('GET', '/sandbox/labs/nowhere/orders')).status).toBe(404);
  });
});

describe('results from the sandbox laboratory', () => {
  test('A6: a partial report has half of the tests, the final report the others', async () => {
    await send(order('R-1', PANEL));
    expect((await simulate('R-1', { final_status: 'completed' })).status).toBe(200);
    await allAcknowledged('R-1');
    const [first, last, ...more] = receiver.messages;
    if (!first || !last) throw new Error('two messages were expected');
    expect(more).toEqual([]);
    expect(tests(first)).toHaveLength(5);
    expect([...tests(first), ...tests(last)].map(([code]) => code).sort()).toEqual([...PANEL].sort());
    expect([...tests(first), ...tests(last)].every(([, status]) => status === 'F')).toBe(true);
    expect(first.getSegment('PID')?.toString()).toContain('O\\T\\Hara^Mary||19800102|F');
    expect([field(first, 'MSH', 3), field(first, 'MSH', 5), field(first, 'MSH', 6)]).toEqual([
      'QUEST',
      'VENULE',
      '1234567891',
    ]);
    expect(await look('R-1')).toMatchObject({ state: 'reported' });
  });

  test('A7: a result carries LOINC and lab code, value, unit, range, flag, time and performing laboratory', async () => {
    await send(order('R-1', [CMP]));
    await simulate('R-1', { final_status: 'completed' });
    await allAcknowledged('R-1');
    const glucose = observations(receiver.messages.slice(-1)).find((obx) => obx.getComponent(3, 1) === '2345-7');
    const parts = (index: number, ...components: number[]) => components.map((c) => glucose?.getComponent(index, c));
    expect(parts(3, 3, 4, 5, 6)).toEqual(['LN', '25000000', 'Glucose', 'L']);
    expect([2, 6, 7, 8, 11].map((index) => glucose?.getComponent(index, 1))).toEqual([
      'NM',
      'mg/dL',
      '70-99',
      'N',
      'F',
    ]);
    expect(Number(glucose?.getComponent(5, 1))).toBeGreaterThanOrEqual(70);
    expect(Number(glucose?.getComponent(5, 1))).toBeLessThanOrEqual(99);
    expect(glucose?.getComponent(14, 1)).toMatch(/^\d{14}\+0000$/);
    expect([...parts(23, 1, 10), ...parts(24, 3, 4)]).toEqual(['Quest Diagnostics', '31D0696246', 'Secaucus', 'NJ']);
  });

  test('asked again, it goes on from where the order is and repeats nothing', async () => {
    await send(order('R-1', PANEL));
    for (const final_status of ['partial_results', 'partial_results', 'completed', 'completed', 'sample_error']) {
      expect((await simulate('R-1', { final_status })).status).toBe(200);
      await allAcknowledged('R-1');
    }
    expect(receiver.messages).toHaveLength(2);
    expect(new Set(receiver.messages.map(controlId)).size).toBe(2);
  });

  test('F6: has_missing_results leaves out a third of the tests for a lab error, the same ones every time', async () => {
    const missingOf = async (placer: string) => {
      await send(order(placer, PANEL));
      const before = receiver.messages.length;
      await simulate(placer, { final_status: 'completed', has_missing_results: true });
      await allAcknowledged(placer);
      const own = receiver.messages.slice(before);
      const reasons = observations(own).filter((obx) => obx.getComponent(11, 1) === 'X');
      expect(reasons.every((obx) => obx.getComponent(2, 1) === 'CWE')).toBe(true);
      expect(reasons.every((obx) => ['QS', 'IV', 'LE'].includes(obx.getComponent(5, 1)))).toBe(true);
      return own.flatMap(tests).flatMap(([code, status]) => (status === 'X' ? [code] : []));
    };
    const chosen = await missingOf('R-1');
    expect(chosen).toHaveLength(3);
    await sandbox.close();
    await rm(dataDir, { recursive: true });
    await open();
    expect(await missingOf('R-1')).toEqual(chosen);
  });

  test.each([
    ['a panel alone', [CMP], 14],
    ['two tests', [A1C, TSH], 2],
  ])('F6: of %s something is missing, and never all', async (_what, codes, results) => {
    await send(order('R-1', codes));
    await simulate('R-1', { final_status: 'completed', has_missing_results: true });
    await allAcknowledged('R-1');
    const final = observations(receiver.messages).filter((obx) => obx.getComponent(11, 1) !== 'P');
    const missing = final.filter((obx) => obx.getComponent(11, 1) === 'X');
    expect(final).toHaveLength(results);
    expect(missing.length).toBeGreaterThan(0);
    expect(missing.length).toBeLessThan(results);
    const preliminary = observations(receiver.messages).filter((obx) => obx.getComponent(11, 1) === 'P');
    const names = new Set(missing.map((obx) => obx.getComponent(3, 1)));
    expect(preliminary.filter((obx) => names.has(obx.getComponent(3, 1)))).toEqual([]);
  });

  test('exactly the results named are missing, for the reasons named', async () => {
    await send(order('R-1', PANEL));
    const missing = [{ loinc: '2345-7', reason: 'IV' }, { loinc: '3016-3' }];
    await simulate('R-1', { final_status: 'completed', missing });
    await allAcknowledged('R-1');
    const cancelled = observations(receiver.messages).filter((obx) => obx.getComponent(11, 1) === 'X');
    expect(cancelled.map((obx) => [obx.getComponent(3, 1), obx.getComponent(5, 1), obx.getComponent(5, 3)])).toEqual([
      ['2345-7', 'IV', 'L'],
      ['3016-3', 'QS', 'HL70490'],
    ]);
    const late = await simulate('R-1', { final_status: 'completed', missing: [{ loinc: '2345-7' }] });
    expect(await late.json()).toMatchObject({ planned: [] });
    await send(order('R-2', [TSH]));
    const unknown = await simulate('R-2', { final_status: 'completed', missing: [{ loinc: '2345-7' }] });
    expect(unknown.status).toBe(400);
  });

  test('sample_error reports every result as cancelled, and why the specimen was rejected', async () => {
    await send(order('R-1', [CMP, TSH]));
    await simulate('R-1', { final_status: 'sample_error' });
    await allAcknowledged('R-1');
    const [only, ...more] = receiver.messages;
    expect(more).toEqual([]);
    expect(only && tests(only)).toEqual([
      [CMP, 'X'],
      [TSH, 'X'],
    ]);
    expect(only && field(only, 'SPM', 21)).toBe('RI');
    const obx = observations(receiver.messages);
    expect(obx).toHaveLength(15);
    expect(obx.every((one) => one.getComponent(11, 1) === 'X' && one.getComponent(5, 1) === 'RI')).toBe(true);
  });

  test.each([
    ['abnormal', ['H', 'L']],
    ['critical', ['HH', 'LL']],
  ])('one result is %s when asked for', async (interpretation, flags) => {
    await send(order('R-1', PANEL));
    await simulate('R-1', { final_status: 'completed', interpretation });
    await allAcknowledged('R-1');
    const striking = observations(receiver.messages).filter((obx) => obx.getComponent(8, 1) !== 'N');
    const asked = striking.filter((obx) => flags.includes(obx.getComponent(8, 1) ?? ''));
    expect(asked.length).toBeGreaterThan(0);
    // What follows from it may be out of range with it.
    for (const obx of striking) {
      const range = obx.getComponent(7, 1) ?? '';
      const bounds = range.startsWith('>') ? [range.slice(1)] : range.split('-');
      const [low, high] = range.startsWith('<') ? [0, Number(range.slice(1))] : bounds.map(Number);
      const value = Number(obx.getComponent(5, 1));
      expect(value < (low ?? 0) || value > (high ?? Number.POSITIVE_INFINITY)).toBe(true);
    }
  });

  test('F6: a specimen is collected before it is received, and received before it is reported', async () => {
    await send(order('R-1', PANEL));
    await simulate('R-1', { final_status: 'completed', delay_seconds: 1 });
    await allAcknowledged('R-1');
    const times = new Set<string>();
    for (const message of receiver.messages) {
      for (const obr of message.getAllSegments('OBR')) {
        const [collected = '', received = '', reported = ''] = [7, 14, 22].map((at) => obr.getComponent(at, 1));
        expect(collected <= received && received <= reported).toBe(true);
        times.add(`${collected} ${received}`);
      }
    }
    expect(times.size).toBe(1);
  });

  test('result types take turns', async () => {
    await send(order('R-1', [CMP]));
    await simulate('R-1', { final_status: 'completed', result_types: ['numeric', 'range', 'comment'] });
    await allAcknowledged('R-1');
    const types = observations(receiver.messages.slice(-1)).map((obx) => obx.getComponent(2, 1));
    expect(types.slice(0, 6)).toEqual(['NM', 'SN', 'ST', 'NM', 'SN', 'ST']);
  });

  test('a single result is reported too', async () => {
    await send(order('R-1', [GLUCOSE]));
    await simulate('R-1', { final_status: 'partial_results' });
    await simulate('R-1', { final_status: 'completed' });
    await allAcknowledged('R-1');
    expect(receiver.messages.map(tests)).toEqual([[[GLUCOSE, 'P']], [[GLUCOSE, 'F']]]);
  });

  test('an order that has not arrived cannot be simulated, and a wrong request is refused by field', async () => {
    expect((await simulate('R-1', { final_status: 'completed' })).status).toBe(404);
    await send(order('R-1', [CMP]));
    const wrong = await simulate('R-1', { final_status: 'done', delay_seconds: -1 });
    expect(wrong.status).toBe(422);
    expect(JSON.stringify(await wrong.json())).toMatch(/final_status.*delay_seconds/);
  });

  test('a result is sent until it is acknowledged, always as the same message, before the next one', async () => {
    receiver.answers = ['AE', 503, 'AE', 'AA', 'AR'];
    await send(order('R-1', [CMP, LIPID]));
    await simulate('R-1', { final_status: 'completed' });
    await allAcknowledged('R-1');
    const ids = receiver.messages.map(controlId);
    expect(ids).toHaveLength(5);
    expect(new Set(ids.slice(0, 4)).size).toBe(1);
    const { messages } = await look('R-1');
    expect(messages).toMatchObject([
      { attempts: 4, acknowledgement: { code: 'AA' } },
      { attempts: 1, acknowledgement: { code: 'AR' } },
    ]);
  });

  test('any message can be sent by hand', async () => {
    const text = 'MSH|^~\\&|QUEST|Q|VENULE|1|20261121||ORU^R01^ORU_R01|STRANGE|P|2.5.1\rZZZ|1\r';
    receiver.answers = ['AR'];
    const response = await call('POST', '/sandbox/labs/quest/messages', text, 'application/hl7-v2');
    expect(await response.json()).toMatchObject({ status: 200, body: expect.stringContaining('MSA|AR|STRANGE') });
    expect(receiver.messages.map(controlId)).toEqual(['STRANGE']);
  });
});

describe('a restart of the sandbox laboratory', () => {
  test('forgets nothing and sends what was not acknowledged, under the same control id', async () => {
    await send(order('R-1', [CMP, LIPID]));
    await send(order('R-2', [CMP]));
    await send(cancellation('R-2'));
    await receiver.close();
    await simulate('R-1', { final_status: 'completed' });
    const planned = (await look('R-1')).messages.map((message) => message.control_id);
    await sandbox.close();
    await appendFile(path.join(dataDir, 'journal.jsonl'), '{"type":"order_mess');
    await receiver.open();
    await open();
    await allAcknowledged('R-1');
    expect(receiver.messages.map(controlId)).toEqual(planned);
    expect(await look('R-1')).toMatchObject({ state: 'reported', requisitions_made: 1 });
    expect(await look('R-2')).toMatchObject({ state: 'cancelled' });
    expect(field(await send(order('R-1', [CMP, LIPID])), 'MSA', 1)).toBe('AA');
    expect(await look('R-1')).toMatchObject({ requisitions_made: 1, received: { new: 2 } });
    const list = (await (await call('GET', '/sandbox/labs/quest/orders')).json()) as { orders: OrderView[] };
    expect(list.orders.map((one) => one.placer_order_number)).toEqual(['R-1', 'R-2']);
  });
});

describe('troubles of the sandbox laboratory', () => {
  test('down: the connection is dropped and nothing is taken', async () => {
    await fault({ mode: 'down', times: 1 });
    await expect(send(order('R-1', [CMP]))).rejects.toThrow();
    expect((await call('GET', '/sandbox/labs/quest/orders/R-1')).status).toBe(404);
    expect(field(await send(order('R-1', [CMP])), 'MSA', 1)).toBe('AA');
  });

  test('F10: down after accepting: the order is taken though nobody is told', async () => {
    await fault({ mode: 'down', times: 1, after_accept: true });
    await expect(send(order('R-1', [CMP]))).rejects.toThrow();
    expect(await look('R-1')).toMatchObject({ state: 'open', requisitions_made: 1 });
    expect(field(await send(order('R-1', [CMP])), 'MSA', 1)).toBe('AA');
    expect(await look('R-1')).toMatchObject({ requisitions_made: 1, received: { new: 2 } });
  });

  test.each([
    ['error', 'AE'],
    ['reject', 'AR'],
  ])('%s: answers %s until told otherwise', async (mode, code) => {
    await fault({ mode });
    const acks = [await send(order('R-1', [CMP])), await send(order('R-1', [CMP]))];
    expect(acks.map((ack) => [field(ack, 'MSA', 1), field(ack, 'ERR', 3)])).toEqual([
      [code, '207'],
      [code, '207'],
    ]);
    expect(await look('R-1')).toMatchObject({ state: 'refused', requisitions_made: 0, received: { new: 2 } });
    await fault({ mode: 'ok' });
    expect(field(await send(order('R-1', [CMP])), 'MSA', 1)).toBe('AA');
  });

  test('slow: the order is taken first, the answer comes later', async () => {
    await fault({ mode: 'slow', times: 1, delay_ms: 300, after_accept: true });
    const answer = send(order('R-1', [CMP]));
    await until(async () => (await call('GET', '/sandbox/labs/quest/orders/R-1')).status === 200);
    expect(field(await answer, 'MSA', 1)).toBe('AA');
  });

  test('trouble of one laboratory leaves the others alone', async () => {
    await call('POST', '/sandbox/faults', { lab: 'labcorp', mode: 'down' });
    expect(field(await send(order('R-1', [CMP])), 'MSA', 1)).toBe('AA');
    expect((await call('POST', '/sandbox/faults', { lab: 'nowhere', mode: 'down' })).status).toBe(404);
  });
});
