/** HL7 implementations that are not ours, in both directions: what they send is taken, what we write they take strictly. */
import { Client, Message } from 'node-hl7-client';
import { pino } from 'pino';
import { type MllpServer, startMllpServer } from '../../api/inbound/mllp-server.ts';
import { startMessageReader } from '../../dispatch/unread-messages.ts';
import { orderMessage } from '../../partners/labs/formats/hl7v2/hl7-order-message.ts';
import { adapterFor } from '../../partners/labs/registry.ts';
import { connectSandboxLabs, findLabConnection, setLabConnection } from '../../store/connections/lab-connections.ts';
import { rememberedProfiles } from '../../store/connections/lab-profiles.ts';
import { insurance, labOrder } from '../partners/lab-order.ts';
import { allRead } from '../support/all-read.ts';
import { startTestApi, TEST_CONFIG, type TestApi } from '../support/api.ts';
import { describeWith } from '../support/needs.ts';
import { PYTHON, pythonWith } from '../support/python/python.ts';
import { type PythonProgram, startPythonProgram } from '../support/python/python-program.ts';

const HL7APY = 'hl7apy==1.3.5';
const python = pythonWith(HL7APY);

let api: TestApi;
let server: MllpServer;
let reader: ReturnType<typeof startMessageReader> | undefined;
beforeAll(async () => {
  api = await startTestApi();
  await connectSandboxLabs(api.store, api.catalogue, {
    url: TEST_CONFIG.sandboxUrl,
    ...TEST_CONFIG.sandboxCredentials,
  });
  const known = await findLabConnection(api.store, 'labcorp', 'sandbox');
  if (!known) throw new Error('There is no connection to labcorp');
  await setLabConnection(api.store, { ...known, mllp: { addresses: ['127.0.0.1'], certificate: null } });
  const inbox = {
    store: api.store,
    profiles: rememberedProfiles(api.store, api.catalogue.laboratoriesBySlug),
    logger: pino({ level: 'silent' }),
    laboratories: api.catalogue.laboratoriesBySlug,
  };
  server = await startMllpServer(inbox, { host: '127.0.0.1', port: 0, tls: null });
  reader = startMessageReader(inbox);
});
afterAll(async () => {
  await server?.stop();
  await reader?.stop();
  await api.close();
});

/** The only report of a message, as it is stored; what only repeats it aside. */
async function stored(control_id: string) {
  await allRead(api.store);
  const found = await api.store.labMessages.find({ control_id, state: { $ne: 'repeated' } }).lean();
  expect(found).toHaveLength(1);
  return found[0];
}

/** Over HTTP, as the laboratory of the sandbox. */
async function post(body: string): Promise<string> {
  const { user, password } = TEST_CONFIG.sandboxCredentials;
  const answer = await fetch(`${api.url}/partners/labs/labcorp/hl7`, {
    method: 'POST',
    headers: { 'content-type': 'application/hl7-v2', authorization: `Basic ${btoa(`${user}:${password}`)}` },
    body,
  });
  expect(answer.status).toBe(200);
  return await answer.text();
}

/** Every field that an order can carry, once as ORM^O01 and once as OML^O21. */
const orders = {
  'ORM^O01': labOrder('quest', ['lipid-panel', 'lead-venous'], {
    billing_type: 'commercial_insurance',
    insurance,
    icd_codes: ['E78.5', 'Z00.00'],
    priority: true,
    aoe_answers: [
      { marker_id: 2076, question_id: 7, answer: 'R' },
      { marker_id: 2076, question_id: 8, answer: 'Welder & "painter" | night shift ^ ~ \\' },
    ],
    clinical_notes: 'First line\nSecond line: iron < 5 & ~3 | see chart',
  }),
  'OML^O21': labOrder('labcorp', ['glucose', 'insulin', 'lipid-panel'], {
    billing_type: 'commercial_insurance',
    insurance,
    icd_codes: ['E11.9', 'E78.5'],
    aoe_answers: [
      { marker_id: 1016, question_id: 1, answer: 'Y' },
      { marker_id: 1062, question_id: 2, answer: '12.5' },
    ],
    clinical_notes: 'Only line',
  }),
};

describeWith(`${PYTHON} that has ${HL7APY}`, python !== undefined)('hl7apy, which validates strictly', () => {
  let hl7apy: PythonProgram;
  beforeAll(() => {
    hl7apy = startPythonProgram(python as string, 'hl7apy_bridge.py');
  });
  afterAll(() => hl7apy?.close());

  const objections = (text: string) => hl7apy.call('validate', { text });

  test('sends a result over MLLP, and takes our acknowledgment; the same over HTTP is the same message', async () => {
    const result = { control_id: 'HL7APY-1', placer: 'V0HL7APY0001', value: '92' };
    const { sent, ...answer } = await hl7apy.call('send', { port: server.port, result });
    expect(answer).toEqual({ objections: [], type: 'ACK^R01^ACK', code: 'AA', control_id: 'HL7APY-1' });
    const { report } = (await stored('HL7APY-1')) ?? {};
    expect(report).toMatchObject({
      placer_order_number: 'V0HL7APY0001',
      tests: [{ observations: [{ loinc: '2345-7', value: '92', unit: 'mg/dL' }] }],
    });
    const again = await post(sent);
    expect(again).toContain('MSA|AA|HL7APY-1');
    expect(await objections(again)).toEqual([]);
    await stored('HL7APY-1');
  });

  test('takes our refusal of what is no message with results', async () => {
    const refusal = await post(
      'MSH|^~\\&|LABCORP|LABCORP BURLINGTON|VENULE|1|20261101||ADT^A01^ADT_A01|A-1|P|2.5.1\rPID|1',
    );
    expect(refusal).toContain('MSA|AR|A-1');
    expect(await objections(refusal)).toEqual([]);
  });

  describe.each(['ORM^O01', 'OML^O21'] as const)('%s', (structure) => {
    const order = orders[structure];

    test.each(['NW', 'CA'] as const)('%s is valid', async (purpose) => {
      expect(await objections(orderMessage({ ...order, purpose }))).toEqual([]);
    });

    test('is valid only whole', async () => {
      const text = orderMessage({ ...order, purpose: 'NW' });
      for (const [whole, broken] of [
        ['PV1|1|O|', 'PV1|1||'],
        ['^^I10|||W', '^^I10'],
        ['|19850312|', '|1985-03-12|'],
      ] as const) {
        expect(text).toContain(whole);
        const found = await objections(text.replaceAll(whole, broken));
        expect([broken, found.length]).not.toEqual([broken, 0]);
      }
    });
  });

  test('takes our orders with its MLLP server, and its acknowledgments make them accepted', async () => {
    const { port } = await hl7apy.call('listen');
    const wire = { kind: 'mllp', host: '127.0.0.1', port, tls: null } as const;
    for (const order of Object.values(orders)) {
      const answer = await adapterFor(order.laboratory.slug, wire).submit(
        order,
        { orders: wire, acknowledges: 'answer', timeoutMs: 20_000 },
        new AbortController().signal,
      );
      expect(answer).toMatchObject({ code: 'AA' });
    }
    expect(await hl7apy.call('received')).toEqual(
      Object.values(orders).map(({ laboratory, order, markers }) => ({
        type: laboratory.hl7.order_message === 'ORM^O01' ? 'ORM^O01^ORM_O01' : 'OML^O21^OML_O21',
        placer: order.placer_order_number,
        tests: markers.map(({ provider_id }) => provider_id),
        objections: [],
      })),
    );
  });
});

describe('node-hl7-client', () => {
  /** A report that the library builds. */
  function report(control_id: string, value: string): Message {
    const message = new Message({
      messageHeader: { msh_9_1: 'ORU', msh_9_2: 'R01', msh_9_3: 'ORU_R01', msh_10: control_id, msh_11_1: 'P' },
    });
    for (const [field, text] of [
      ['3', 'LABCORP'],
      ['4', 'LABCORP BURLINGTON'],
    ] as const)
      message.set(`MSH.${field}`, text);
    const pid = message.addSegment('PID');
    pid.set('5.1', 'Bell').set('5.2', 'Ana').set('7', '19850312');
    const obr = message.addSegment('OBR');
    obr.set('1', '1').set('2', 'V0CLIENT0001').set('4.1', '001032').set('4.2', 'Glucose').set('25', 'F');
    const obx = message.addSegment('OBX');
    obx.set('1', '1').set('2', 'NM').set('3.1', '2345-7').set('3.2', 'Glucose').set('3.3', 'LN');
    obx.set('5', value).set('6', 'mg/dL').set('11', 'F');
    return message;
  }

  test('sends two results on one connection, and reads our acknowledgments; the same over HTTP is the same message', async () => {
    const client = new Client({ host: '127.0.0.1' });
    const answers: [code: string, of: string][] = [];
    let heard = () => {};
    const connection = client.createConnection({ port: server.port }, (answer) => {
      const message = answer.getMessage();
      answers.push([message.get('MSA.1').toString(), message.get('MSA.2').toString()]);
      heard();
    });
    const messages = [report('CLIENT-1', '92'), report('CLIENT-2', '93')];
    for (const message of messages) {
      const answered = new Promise<void>((resolve) => {
        heard = resolve;
      });
      await connection.sendMessage(message);
      await answered;
    }
    await connection.close();
    expect(answers).toEqual([
      ['AA', 'CLIENT-1'],
      ['AA', 'CLIENT-2'],
    ]);
    for (const [index, message] of messages.entries()) {
      const answer = new Message({ text: await post(message.toString()) });
      expect(answer.get('MSA.1').toString()).toBe('AA');
      const { report } = (await stored(`CLIENT-${index + 1}`)) ?? {};
      expect(report?.tests[0]?.observations[0]).toMatchObject({
        loinc: '2345-7',
        value: `9${index + 2}`,
        unit: 'mg/dL',
      });
    }
  });
});
