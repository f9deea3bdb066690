/** Venule's side of the wire against the sandbox laboratory's: two HL7 libraries that know nothing of each other. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readReports } from '../../partners/labs/formats/hl7v2/reports/hl7-report.ts';
import type { LabEndpoint, LabOrderMessage } from '../../partners/labs/laboratory-adapter.ts';
import { adapterFor, reportingLab } from '../../partners/labs/registry.ts';
import { type Sandbox, startSandbox } from '../../sandbox/lab/server.ts';
import { insurance, labOrder } from '../partners/lab-order.ts';
import { seededProfile } from '../support/partners/seeded-profile.ts';
import { ResultReceiver } from './result-receiver.ts';

const AUTHORIZATION = `Basic ${Buffer.from('lab:secret').toString('base64')}`;
const LABS = ['labcorp', 'quest'] as const;
const never = new AbortController().signal;

let dataDir: string;
let receiver: ResultReceiver;
let sandbox: Sandbox;

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'sandbox-lab-'));
  receiver = new ResultReceiver(AUTHORIZATION);
  await receiver.open();
  const credentials = { user: 'lab', password: 'secret' };
  sandbox = await startSandbox({ port: 0, host: '127.0.0.1', dataDir, resultsUrl: receiver.url, ...credentials });
});

afterEach(async () => {
  await sandbox.close();
  await receiver.close();
  await rm(dataDir, { recursive: true });
});

const endpoint = (lab: string): LabEndpoint => ({
  orders: { kind: 'http', url: `${sandbox.url}/labs/${lab}/hl7`, user: 'lab', password: 'secret' },
  acknowledges: 'answer',
  timeoutMs: 5_000,
});

const adapterOf = ({ laboratory: { slug } }: LabOrderMessage) => adapterFor(slug, endpoint(slug).orders);

function submit(message: LabOrderMessage) {
  return adapterOf(message).submit(message, endpoint(message.laboratory.slug), never);
}

async function simulate({ order }: LabOrderMessage, body: object): Promise<void> {
  const url = `${sandbox.url}/sandbox/labs/${order.lab_slug}/orders/${order.placer_order_number}/simulate`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: AUTHORIZATION, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
}

async function reports(lab: string, count: number) {
  for (const deadline = Date.now() + 10_000; receiver.texts.length < count; ) {
    if (Date.now() > deadline) throw new Error(`${receiver.texts.length} of ${count} messages came`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return receiver.texts.flatMap((text) => readReports(text, reportingLab(lab, seededProfile(lab))).reports);
}

describe.each(LABS)('Venule and the sandbox laboratory %s', (lab) => {
  test('A3: an order with all that an order can carry is accepted, again and again', async () => {
    const order = labOrder(lab, ['comprehensive-metabolic-panel', 'lead-venous'], {
      billing_type: 'commercial_insurance',
      insurance,
      icd_codes: ['E11.9', 'Z00.00'],
      clinical_notes: 'First line\nsecond | line & more ~ ^ \\',
      priority: true,
    });
    const question = order.markers[1]?.aoe.questions[0];
    const answer = question?.answers[0]?.code;
    if (!question || !answer) throw new Error('the lead test has a question');
    const marker_id = order.markers[1]?.id as number;
    order.order.aoe_answers = [{ marker_id, question_id: question.id, answer }];
    expect(await submit(order)).toMatchObject({ code: 'AA' });
    expect(await submit(order)).toMatchObject({ code: 'AA' });
    expect(await adapterOf(order).cancel(order, endpoint(lab), never)).toMatchObject({ code: 'AA' });
  });

  test('D4: results and missing results are read as they were meant', async () => {
    const order = labOrder(lab, ['comprehensive-metabolic-panel', 'lipid-panel', 'hemoglobin-a1c']);
    await submit(order);
    const missing = [
      { loinc: '2345-7', reason: 'QS' },
      { loinc: '4548-4', reason: 'LE' },
    ];
    await simulate(order, { final_status: 'completed', interpretation: 'critical', missing });
    const read = await reports(lab, 2);
    expect(read.every((report) => report.placer_order_number === order.order.placer_order_number)).toBe(true);
    expect(read[0]?.patient).toEqual({ first_name: 'Ana', last_name: 'Núñez', dob: '1985-03-12', gender: 'female' });

    const tests = read.flatMap((report) => report.tests);
    expect(tests.map(({ provider_id }) => provider_id).sort()).toEqual(
      order.markers.map(({ provider_id }) => provider_id).sort(),
    );
    const expected = order.markers.flatMap((marker) => marker.expected_results);
    const observations = tests.flatMap((test) => test.observations);
    expect(observations.map(({ loinc }) => loinc).sort()).toEqual(expected.map(({ loinc }) => loinc.code).sort());
    const cancelled = observations.filter(({ status }) => status === 'cancelled');
    expect(cancelled.map(({ loinc, failure_type, value }) => [loinc, failure_type, value])).toEqual([
      ['2345-7', 'quantity_not_sufficient_failure', null],
      ['4548-4', 'internal_lab_failure', null],
    ]);
    expect(observations.filter(({ interpretation }) => interpretation === 'critical')).toHaveLength(1);
    expect(observations.filter(({ status }) => status === 'final')).toHaveLength(expected.length - 2);
    const { name, clia_number: clia } = order.laboratory;
    expect(Object.values(read[0]?.performing_laboratories ?? {})).toMatchObject([{ name, clia_number: clia }]);
  });

  test('D5: a rejected specimen is no laboratory error', async () => {
    const order = labOrder(lab, ['tsh', 'lipid-panel']);
    await submit(order);
    await simulate(order, { final_status: 'sample_error' });
    const [report] = await reports(lab, 1);
    expect(report?.tests.every(({ status }) => status === 'cancelled')).toBe(true);
    const reasons = report?.tests.flatMap((test) => test.observations.map(({ failure_type }) => failure_type));
    expect(new Set(reasons)).toEqual(new Set(['order_entry_failure']));
  });

  test('results of every type are read', async () => {
    const order = labOrder(lab, ['comprehensive-metabolic-panel', 'urinalysis']);
    await submit(order);
    await simulate(order, { final_status: 'completed', result_types: ['numeric', 'range', 'comment'] });
    const observations = (await reports(lab, 2)).flatMap((report) => report.tests.flatMap((test) => test.observations));
    expect(new Set(observations.map(({ type }) => type))).toEqual(new Set(['numeric', 'range', 'comment']));
    expect(observations.every(({ value }) => value)).toBe(true);
  });

  test('a cancellation that comes too late is refused', async () => {
    const order = labOrder(lab, ['tsh']);
    await submit(order);
    await simulate(order, { final_status: 'completed' });
    expect(await adapterOf(order).cancel(order, endpoint(lab), never)).toMatchObject({ code: 'AR' });
  });
});
