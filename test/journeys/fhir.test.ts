/** Results in FHIR on their whole way: from a laboratory that speaks it, through the inbox, to a redraw and its readers. */
import { createHash } from 'node:crypto';
import type {
  Bundle,
  DiagnosticReport,
  Observation,
  OperationOutcome,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';
import type { Order } from '../../domain/orders/order.ts';
import type { LabReport } from '../../domain/results/lab-report.ts';
import { listRefusedMessages, refusedMessageText } from '../../store/inbox/inbox-review.ts';
import { faultsOf } from '../support/fhir/validation.ts';
import { observation, reportOf, testOf } from '../support/partners/lab-report.ts';
import { applied, previewed } from '../support/reading-anew.ts';
import { fhirBundle } from '../support/reports/fhir-bundle.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { until } from '../support/until.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const credentials = `Basic ${Buffer.from('sandbox:sandbox-password').toString('base64')}`;

async function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const response = await fetch(`${venule.api.url}/partners/labs/labcorp/fhir`, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json', authorization: credentials, ...headers },
    body,
  });
  const outcome = (await response.json()) as OperationOutcome;
  expect(response.headers.get('content-type')).toBe('application/fhir+json; charset=utf-8');
  expect(faultsOf(outcome)).toEqual([]);
  return {
    status: response.status,
    issues: outcome.issue.map(({ severity, code, details }) => [severity, code, details?.text]),
  };
}

async function get<R extends Resource>(path: string): Promise<R> {
  const headers = { 'x-vital-api-key': venule.api.key };
  const response = await fetch(`${venule.api.url}/fhir/r4${path}`, { headers });
  expect([path, response.status]).toEqual([path, 200]);
  const resource = (await response.json()) as R;
  expect(faultsOf(resource)).toEqual([]);
  return resource;
}

async function placed(): Promise<Order> {
  const order = await venule.place({ labTest: 'labcorp-lipid-panel' });
  await venule.reaches(order.id, 'requisition_created');
  return order;
}

const LIPID_PANEL = '303756';
const CHOLESTEROL = '2093-3';

/** A report on an order with only a cholesterol. */
function reportOn(order: Order, changes: Partial<LabReport> = {}): LabReport {
  const { first_name, last_name, dob, gender } = order.patient;
  const cholesterol = observation(CHOLESTEROL, '190.50', { unit: 'mg/dL', observed_at: '2026-11-20T09:00:00.000Z' });
  return reportOf([testOf(LIPID_PANEL, [cholesterol])], {
    placer_order_number: order.placer_order_number,
    filler_order_number: 'F-1',
    patient: { first_name, last_name, dob, gender },
    reported_at: new Date().toISOString(),
    ...changes,
  });
}
const bundleOn = (order: Order, changes: Partial<LabReport> = {}) =>
  JSON.stringify(fhirBundle(reportOn(order, changes)));
const storedOf = (body: string) =>
  venule.store.labMessages.find({ content_hash: createHash('sha256').update(body).digest('hex') }).lean();

test('D4–D10: a laboratory that speaks FHIR: in part, then without what was lost, then the redraw', async () => {
  const order = await placed();
  await venule.simulate(order, { final_status: 'partial_results', format: 'fhir' });
  await venule.reaches(order.id, 'partial_results');
  await venule.simulate(order, { final_status: 'completed', format: 'fhir', has_missing_results: true });
  await venule.reaches(order.id, 'redraw_available');
  const redraw = await venule.redrawOf(order);
  await venule.reaches(redraw._id, 'requisition_created');
  await venule.simulate(redraw.order, { final_status: 'completed', format: 'fhir' });
  await venule.reaches(redraw._id, 'completed');

  const lost = (await venule.store.orders.findById(order.id).lean())?.has_missing_results;
  expect(lost).toBe(true);
  const report = await get<DiagnosticReport>(`/DiagnosticReport/${redraw._id}`);
  expect(report.status).toBe('final');
  const { entry = [] } = await get<Bundle<Observation>>(`/Observation?based-on=${redraw._id}`);
  expect(entry.map(({ resource }) => `Observation/${resource?.id}`)).toEqual(
    report.result?.map(({ reference }) => reference),
  );
  for (const { resource } of entry) {
    expect(resource).toMatchObject({ status: 'final', performer: [{ display: 'Labcorp' }] });
    expect(faultsOf(resource as Observation)).toEqual([]);
  }
  const messages = await venule.store.labMessages.find({ order_id: { $in: [order.id, redraw._id] } }).lean();
  expect(messages.map((message) => [message.state, message.report.remarks])).toEqual(
    messages.map(() => ['applied', undefined]),
  );
  const texts = await venule.store.labMessageTexts
    .find({ _id: { $in: messages.map(({ content_hash }) => content_hash) } })
    .lean();
  const sent = texts.flatMap(({ raw }) => (JSON.parse(String(raw)) as Bundle).entry ?? []);
  expect(sent.length).toBeGreaterThan(20);
  expect(sent.flatMap(({ resource }) => faultsOf(resource as Resource))).toEqual([]);
});

test.each([
  ['the ServiceRequest that Venule serves', false],
  ['the number under which the laboratory acknowledged it', true],
])('F5: a report that names its order only by %s is taken in', async (_what, isByFiller) => {
  const order = await placed();
  // The sandbox laboratory does not number the orders that it accepts.
  await venule.store.orders.updateOne({ _id: order.id }, { $set: { filler_order_number: `F-${order.id}` } });
  const { identifier } = await get<ServiceRequest>(`/ServiceRequest/${order.id}`);
  const filler = identifier?.filter(({ type }) => type?.coding?.[0]?.code === 'FILL');
  expect(filler).toHaveLength(1);
  const bundle: Bundle = fhirBundle(reportOn(order));
  const entry = bundle.entry?.map(({ resource, ...rest }) => {
    if (resource?.resourceType !== 'DiagnosticReport') return { resource, ...rest };
    const { basedOn: _, identifier: own, ...report } = resource;
    const named = isByFiller
      ? { identifier: filler }
      : { identifier: own, basedOn: [{ reference: `ServiceRequest/${order.id}` }] };
    return { resource: { ...report, ...named }, ...rest };
  });
  expect(await post(JSON.stringify({ ...bundle, entry }))).toMatchObject({ status: 200 });
  await until(() => venule.store.labMessages.findOne({ order_id: order.id, state: 'applied' }).lean());
});

test('the sandbox laboratory says the same in FHIR as in HL7', async () => {
  const [one, other] = [await placed(), await placed()];
  const shape = async (order: Order, format: string) => {
    await venule.simulate(order, { final_status: 'completed', format });
    await venule.reaches(order.id, 'completed');
    const result = (await venule.store.results.findOne({ order_id: order.id }).sort({ version: -1 }).lean())?.result;
    const [sample] = Object.values(result?.sample_information ?? {});
    return {
      results: result?.results.map(
        ({ result: _, value, timestamp, source_sample_id, interpretation, source_interpretation, ...rest }) => rest,
      ),
      laboratories: sample?.performing_laboratories,
    };
  };
  expect(await shape(one, 'fhir')).toEqual(await shape(other, 'hl7'));
});

test('the PDF that came with a report is served as the laboratory made it', async () => {
  const order = await placed();
  const content = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(200_000, 'x')]);
  const presentedForm = [{ contentType: 'application/pdf', title: 'Report', data: content.toString('base64') }];
  const bundle = fhirBundle(reportOn(order));
  const entry = bundle.entry?.map((one) =>
    one.resource?.resourceType === 'DiagnosticReport' ? { ...one, resource: { ...one.resource, presentedForm } } : one,
  );
  expect((await post(JSON.stringify({ ...bundle, entry }))).status).toBe(200);
  const address = `${venule.api.url}/v3/order/${order.id}/result/pdf?source=lab`;
  const pdf = await until(async () => {
    const response = await fetch(address, { headers: { 'x-vital-api-key': venule.api.key } });
    return response.status === 200 && Buffer.from(await response.arrayBuffer());
  });
  expect(pdf.equals(content)).toBe(true);
});

test('0022: a message in FHIR is read anew under another profile like one in HL7', async () => {
  const began = new Date();
  const order = await placed();
  const body = bundleOn(order).replace(
    '"valueQuantity"',
    '"interpretation":[{"coding":[{"code":"ZZ"}]}],"valueQuantity"',
  );
  expect((await post(body)).status).toBe(200);
  await until(async () => (await storedOf(body))[0]?.state === 'applied');
  const profile = { flags: { ZZ: 'critical' } } as const;
  const seen = await previewed(venule.store, 'labcorp', profile, began);
  expect(seen.summary).toMatchObject({ messages: 1, changed: 1, newly_read: 0, no_longer_there: 0 });
  expect(await applied(venule.store, 'labcorp', profile, began)).toMatchObject({ changed: 1 });
  const [stored] = await storedOf(body);
  expect(stored?.report.tests[0]?.observations[0]?.interpretation).toBe('critical');
});

describe('F12, G1: what the laboratory hears, and what is kept', () => {
  test('a report is stored once, as it came; a value keeps its digits', async () => {
    const order = await placed();
    const body = bundleOn(order);
    expect(await post(body)).toEqual({
      status: 200,
      issues: [['information', 'informational', 'Reports taken in: 1']],
    });
    expect((await post(body)).status).toBe(200);
    const stored = await storedOf(body);
    expect(stored).toHaveLength(1);
    expect(stored[0]?.report.tests[0]?.observations[0]).toMatchObject({
      value: '190.50',
      type: 'numeric',
      unit: 'mg/dL',
    });
    const text = await venule.store.labMessageTexts.findById(stored[0]?.content_hash).lean();
    expect([text?.raw, text?.refused]).toEqual([body, null]);
    await until(async () => (await storedOf(body))[0]?.state === 'applied');
  });

  test('twenty at once are one', async () => {
    const body = bundleOn(await placed());
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(body)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await storedOf(body)).toHaveLength(1);
  });

  test('what is odd is told, with its place', async () => {
    const order = await placed();
    const body = bundleOn(order).replace('"status":"final","code"', '"status":"done","code"');
    const { status, issues } = await post(body);
    expect(status).toBe(200);
    expect(issues.slice(1)).toEqual([
      ['warning', 'processing', expect.stringMatching(/^Bundle\.entry\[\d\]\.resource\.status: /)],
    ]);
  });

  test('a report on another patient is held for review, and one on no order of ours, too', async () => {
    const order = await placed();
    const other = bundleOn(order, {
      patient: { first_name: 'Eve', last_name: 'Other', dob: '1990-01-01', gender: null },
    });
    const nobody = bundleOn(order, { placer_order_number: 'VZZZZZZZZZZZ' });
    for (const [body, reason] of [
      [other, 'match_sample_id_mismatch_demo'],
      [nobody, 'no_match'],
    ] as const) {
      expect((await post(body)).status).toBe(200);
      expect(await storedOf(body)).toMatchObject([{ state: 'unmatched', unmatched_reason: reason }]);
    }
  });

  test.each([
    ['no JSON', '{"resourceType": "Bundle", ', {}, 400, 'structure'],
    ['no results', '{"resourceType": "Bundle", "type": "collection"}', {}, 422, 'required'],
    ['another type', '{"resourceType": "Parameters"}', { 'content-type': 'text/plain' }, 415, 'not-supported'],
    [
      'another character set',
      '{"resourceType": "Basic"}',
      { 'content-type': 'application/fhir+json; charset=latin1' },
      415,
      'not-supported',
    ],
    ['too much', `{"x": "${'x'.repeat(33 * 1024 * 1024)}"}`, {}, 413, 'too-long'],
  ])('%s is refused, and kept with the reason', async (_what, body, headers, status, code) => {
    const answer = await post(body, headers);
    expect([answer.status, answer.issues[0]?.slice(0, 2)]).toEqual([status, ['error', code]]);
    const hash = createHash('sha256').update(body).digest('hex');
    const kept = await refusedMessageText(venule.store, hash);
    expect(JSON.stringify(kept)).toContain(JSON.stringify(body.slice(0, 100)).slice(1, -1));
    const listed = await listRefusedMessages(venule.store, { lab_slug: 'labcorp' }, 50);
    expect(JSON.stringify(listed)).toContain(hash);
  });

  test('wrong credentials are told in FHIR, and nothing is kept', async () => {
    const body = '{"resourceType": "Bundle", "id": "of-a-stranger"}';
    const answer = await post(body, { authorization: `Basic ${btoa('sandbox:guess')}` });
    expect([answer.status, answer.issues[0]?.slice(0, 2)]).toEqual([401, ['error', 'login']]);
    expect(await venule.store.labMessageTexts.findById(createHash('sha256').update(body).digest('hex'))).toBeNull();
  });
});
