/** Who and where a patient can be; one definition wherever persons and addresses are taken. */
import { endpoints } from '../../api/endpoints.ts';
import { zipCanBeIn } from '../../api/http/zip-states.ts';
import { managementEndpoints } from '../../api/management/endpoints.ts';
import { isPhoneNumber } from '../../domain/people/phone-number.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { ADDRESS, type Caller, newUser, orderRequest, PATIENT, startTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
let caller: Caller;
let userId: string;
beforeAll(async () => {
  api = await startTestApi();
  caller = await api.caller();
  userId = await newUser(caller);
});
afterAll(() => api?.close());

const PROXY = { first_name: 'Anne', last_name: 'Byron', phone_number: PATIENT.phone_number };
const { receiver_name: _, ...HOME } = ADDRESS;
const { zip, country: _country, ...place } = HOME;

/** Every door that takes a person or an address: what it is sent, and where in that they stand. */
const DOORS = {
  order: {
    send: (person: object, address: object) =>
      caller.request('POST', '/v3/order', {
        ...orderRequest(userId),
        patient_details: { ...PATIENT, ...person },
        patient_address: { ...ADDRESS, ...address },
      }),
    person: 'body.patient_details',
    address: 'body.patient_address',
  },
  'order, for a minor’s proxy': {
    send: (person: object, address: object) =>
      caller.request('POST', '/v3/order', {
        ...orderRequest(userId),
        patient_details: { ...PATIENT, medical_proxy: { ...PROXY, ...person, address: { ...HOME, ...address } } },
      }),
    person: 'body.patient_details.medical_proxy',
    address: 'body.patient_details.medical_proxy.address',
  },
  demographics: {
    send: (person: object, address: object) =>
      caller.request('PATCH', `/v2/user/${userId}/info`, { ...PATIENT, ...person, address: { ...HOME, ...address } }),
    person: 'body',
    address: 'body.address',
  },
  'demographics, for a minor’s proxy': {
    send: (person: object, address: object) =>
      caller.request('PATCH', `/v2/user/${userId}/info`, {
        ...PATIENT,
        address: HOME,
        medical_proxy: { ...PROXY, ...person, address: { ...HOME, ...address } },
      }),
    person: 'body.medical_proxy',
    address: 'body.medical_proxy.address',
  },
  availability: {
    send: (_person: object, { zip: given, ...address }: { zip?: string; [field: string]: unknown }) =>
      caller.request('POST', '/v3/order/phlebotomy/appointment/availability', {
        ...place,
        zip_code: given ?? zip,
        ...address,
      }),
    person: null,
    address: 'body',
  },
};

async function fieldsOf(response: Response): Promise<string[]> {
  if (response.status !== 422) throw new Error(`${response.status}: ${await response.text()}`);
  const { detail } = (await response.json()) as { detail: { loc: string[] }[] };
  return [...new Set(detail.map(({ loc }) => loc.join('.').replace('zip_code', 'zip')))];
}

describe.each(Object.entries(DOORS))('6.3, A2: %s', (_door, { send, person, address }) => {
  test.each([
    ['a blank street', { first_line: '   ' }, 'first_line'],
    ['a street of invisible characters', { first_line: '\u200b\u00a0' }, 'first_line'],
    ['a street of dots', { first_line: '...' }, 'first_line'],
    ['a control character', { first_line: '12 Elm\u0007 Street' }, 'first_line'],
    ['a second line in the street', { second_line: 'Apt 4\r\nPID|1' }, 'second_line'],
    ['a blank city', { city: '\t' }, 'city'],
    ['a ZIP of another state', { state: 'NY' }, 'zip'],
    ['no state at all', { state: 'XX' }, 'state'],
    ['a street that reads backward from somewhere on', { first_line: '12 Elm \u202eteertS' }, 'first_line'],
    ['a city that hides the way it reads', { city: 'Pho\u2067enix\u2069' }, 'city'],
    ['an access code that reads backward', { access_notes: 'Gate \u202d1234\u202c' }, 'access_notes'],
    ['control characters for the phlebotomist', { access_notes: 'Gate\u001b[2J' }, 'access_notes'],
  ])('%s is refused by its name', async (_what, changes, field) => {
    expect(await fieldsOf(await send({}, changes))).toEqual([`${address}.${field}`]);
  });

  (person === null ? test.skip : test).each([
    ['a blank name', { first_name: ' ' }, 'first_name'],
    ['a control character in a name', { last_name: 'Love\nlace' }, 'last_name'],
    ['a name that reads backward', { last_name: '\u202eecalevoL' }, 'last_name'],
    ['a telephone number of zeros', { phone_number: '000000000000' }, 'phone_number'],
    ['a telephone number that is too short', { phone_number: '12' }, 'phone_number'],
  ])('%s is refused by its name', async (_what, changes, field) => {
    expect(await fieldsOf(await send(changes, {}))).toEqual([`${person}.${field}`]);
  });

  (person === null || person.endsWith('proxy') ? test.skip : test).each(['2999-01-01', '0001-01-01', '1850-06-01'])(
    'a birth on %s is refused',
    async (dob) => {
      expect(await fieldsOf(await send({ dob }, {}))).toEqual([`${person}.dob`]);
    },
  );
});

describe('6.3: what can be', () => {
  test.each([
    ['+16025550143', true],
    ['(602) 555-0143', true],
    ['1-602-555-0143', true],
    ['+1 555 555 0143', true],
    ['+44 20 7183 8750', true],
    ['000000000000', false],
    ['0000000000', false],
    ['1234567890', false],
    ['555-0143', false],
    ['+999 12345678', false],
    ['call me', false],
    ['6025550143 ext. 12', false],
  ])('the telephone number %s: %s', (text, can) => {
    expect(isPhoneNumber(text)).toBe(can);
  });

  test.each([
    ['85004', 'AZ', true],
    ['85004-1234', 'AZ', true],
    ['85004', 'CA', false],
    ['10001', 'CA', false],
    ['42223', 'KY', true],
    ['42223', 'TN', true],
    ['59221', 'ND', true],
    ['86033', 'UT', true],
    ['86033', 'CA', false],
    ['09012', 'AE', true],
    ['96201', 'AP', true],
    ['96910', 'GU', true],
    ['00601', 'PR', true],
    ['00000', 'CA', true],
  ])('ZIP %s in %s: %s', (given, state, can) => {
    expect(zipCanBeIn(given, state)).toBe(can);
  });

  test('a military address is an address', async () => {
    const apo = { ...HOME, first_line: 'PSC 3 Box 412', city: 'APO', state: 'ae', zip: '09012' };
    const response = await caller.request('PATCH', `/v2/user/${userId}/info`, { ...PATIENT, address: apo });
    expect(await response.json()).toMatchObject({ address: { state: 'AE' } });
  });

  test('C3: a PO box is accepted with an order, and refused where availability is asked', async () => {
    const box = { first_line: 'PO Box 412' };
    expect((await DOORS.order.send({}, box)).status).toBe(200);
    const asked = await DOORS.availability.send({}, box);
    expect(asked.status).toBe(400);
    expect(await asked.json()).toMatchObject({ message: expect.stringContaining('PO box') });
  });

  test('a proxy in demographics from before these rules is not taken over into an order', async () => {
    const minor = await newUser(caller);
    const old = { ...PROXY, phone_number: '000000000000', address: HOME };
    await api.store.users.updateOne({ _id: minor }, { $set: { info: { medical_proxy: old } } });
    const response = await caller.request('POST', '/v3/order', orderRequest(minor));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining('phone_number') });
  });
});

describe('6.3, 6.4: what only a new order is asked', () => {
  const refused = async (changes: object) => {
    const response = await caller.request(
      'POST',
      '/v3/order',
      orderRequest(userId, changes as Record<string, unknown>),
    );
    expect(response.status).toBe(400);
    return ((await response.json()) as { message: string }).message;
  };

  test('it is placed for a time within two years', async () => {
    expect(await refused({ activate_by: '9999-12-31' })).toContain('activate_by must be within 731 days');
  });

  test('a test kit is refused with the reason until there is its journey', async () => {
    const [labTest] = await collectionOf(api.store.labTests)
      .find({ method: 'testkit', auto_generated: false })
      .toArray();
    const message = await refused({ order_set: { lab_test_ids: [labTest?._id] } });
    expect(message).toMatch(/cannot be ordered yet/);
  });

  test('a question is answered once, and a number measures something', async () => {
    const asked = [...api.catalogue.markers.values()]
      .flatMap((marker) => marker.aoe.questions.map((question) => ({ marker, question })))
      .find(({ question }) => question.type === 'numeric');
    const { marker, question } = asked as NonNullable<typeof asked>;
    const order_set = { add_on: { marker_ids: [marker.id] } };
    const answers = (...given: string[]) => ({
      order_set,
      collection_method: 'walk_in_test',
      aoe_answers: given.map((answer) => ({ marker_id: marker.id, question_id: question.id, answer })),
    });
    expect(await refused(answers('8', '9'))).toContain(
      `Question ${question.id} of marker ${marker.id} is answered twice`,
    );
    for (const answer of ['1e308', '-3', '99999999', '0x10', 'Infinity']) {
      expect(await refused(answers(answer))).toContain(`"${answer}"`);
    }
    const fine = await caller.request('POST', '/v3/order', orderRequest(userId, answers('8.5')));
    expect({ status: fine.status, body: await fine.text() }).toMatchObject({ status: 200 });
  });
});

describe('6.8: silent acceptance ends', () => {
  test.each([
    ['an empty change of a user', 'PATCH', '/v2/user/USER', {}, 'body'],
    ['a change to nothing', 'PATCH', '/v2/user/USER', { fallback_time_zone: null }, 'body'],
    ['a blank client_user_id', 'POST', '/v2/user', { client_user_id: ' \t' }, 'body.client_user_id'],
    [
      'a client_user_id of invisible characters',
      'POST',
      '/v2/user',
      { client_user_id: '\u200b' },
      'body.client_user_id',
    ],
    [
      'an offset for a time zone',
      'PATCH',
      '/v2/user/USER',
      { fallback_time_zone: '+05:30' },
      'body.fallback_time_zone',
    ],
    ['a birth to come', 'PATCH', '/v2/user/USER', { fallback_birth_date: '2999-01-01' }, 'body.fallback_birth_date'],
    [
      'ingestion that ends before it starts',
      'POST',
      '/v2/user',
      { client_user_id: 'x', ingestion_start: '2026-02-01', ingestion_end: '2026-01-01' },
      'body.ingestion_end',
    ],
    [
      'a list that ends before it starts',
      'GET',
      '/v3/orders?start_date=2026-02-01&end_date=2026-01-31',
      undefined,
      'query.end_date',
    ],
    [
      'changes that end before they start',
      'GET',
      '/v3/orders?updated_start_date=2026-02-01T10:00:00Z&updated_end_date=2026-02-01T09:00:00Z',
      undefined,
      'query.updated_end_date',
    ],
    [
      'a window that ends before it starts',
      'POST',
      '/v3/order/resend_events',
      { start_at: '2026-02-01T10:00:00Z', end_at: '2026-02-01T09:00:00Z' },
      'body.end_at',
    ],
    [
      'a window that begins in the future',
      'POST',
      '/v3/order/resend_events',
      { start_at: new Date(Date.now() + 3_600_000).toISOString() },
      'body.end_at',
    ],
  ])('%s is refused', async (_what, method, path, body, field) => {
    expect(await fieldsOf(await caller.request(method, path.replace('USER', userId), body))).toEqual([field]);
  });

  test.each(
    [...endpoints, ...managementEndpoints({ allowPrivate: true })]
      .filter(({ method, body }) => method === 'patch' && body)
      .map(({ path }) => [path]),
  )('PATCH %s: an empty body is refused', async (path) => {
    const address = path
      .replace(':org', 'default')
      .replace(':team', caller.team._id)
      .replace(':environment', 'sandbox')
      .replace(/:\w+/g, userId);
    const answer = await caller.request('PATCH', address, {}, { 'x-management-key': api.managementKey });
    expect(answer.status).toBe(422);
  });

  test('a consent is given before it is told, on whichever clock', async () => {
    const from = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    const consented = (timeOfConsent: string) =>
      caller.request(
        'POST',
        '/v3/order',
        orderRequest(userId, { consents: [{ consentType: 'telehealth-informed-consent', timeOfConsent }] }),
      );
    const local = (hours: number) => from(hours).slice(0, 19);
    for (const time of [from(-1), local(-1), local(13), from(0)]) expect((await consented(time)).status).toBe(200);
    for (const time of [from(1), local(15), from(24 * 365), '2999-01-01T00:00:00Z']) {
      expect(await fieldsOf(await consented(time))).toEqual(['body.consents.0.timeOfConsent']);
    }
  });

  test('a day that begins and ends a list is fine', async () => {
    const day = '/v3/orders?start_date=2026-02-01T00:00:00Z&end_date=2026-02-01';
    expect((await caller.request('GET', day)).status).toBe(200);
  });

  test('half of an ingestion is held against the other half', async () => {
    const patch = (body: object) => caller.request('PATCH', `/v2/user/${userId}`, body);
    expect((await patch({ ingestion_start: '2026-02-01' })).status).toBe(204);
    expect((await patch({ ingestion_end: '2026-01-01' })).status).toBe(400);
  });
});

describe('6.2: a UUID in capitals is the same UUID', () => {
  test('in the path, the body and filters', async () => {
    const shouted = userId.toUpperCase();
    const placed = await caller.request('POST', '/v3/order', orderRequest(shouted));
    const { order } = (await placed.json()) as {
      order: { id: string; user_id: string; order_transaction: { id: string } };
    };
    expect(order.user_id).toBe(userId);
    const id = order.id.toUpperCase();
    const transaction = order.order_transaction.id.toUpperCase();
    expect((await caller.request('GET', `/v2/user/${shouted}`)).status).toBe(200);
    expect((await caller.request('GET', `/v2/team/${caller.team._id.toUpperCase()}`)).status).toBe(200);
    expect((await caller.request('GET', `/v3/order_transaction/${transaction}`)).status).toBe(200);
    for (const filter of [`order_ids=${id}`, `order_transaction_id=${transaction}`, `search_input=${id}`]) {
      const list = (await (await caller.request('GET', `/v3/orders?${filter}`)).json()) as { orders: { id: string }[] };
      expect(list.orders.map((each) => each.id)).toEqual([order.id]);
    }
    const list = (await (await caller.request('GET', `/v3/orders?user_id=${shouted}`)).json()) as { orders: unknown[] };
    expect(list.orders.length).toBeGreaterThan(0);
    const again = await caller.request('POST', '/v3/order/resend_events', { order_ids: [id] });
    expect(await again.json()).toEqual({ order_ids: [order.id] });
    const canceled = await caller.request('POST', `/v3/order/${id}/cancel`);
    expect(await canceled.json()).toMatchObject({ order: { id: order.id, status: 'cancelled' } });
    const webhook = `/v1/org/default/team/${caller.team._id.toUpperCase()}/sandbox/webhook`;
    const headers = { 'x-management-key': api.managementKey };
    expect((await caller.request('GET', webhook, undefined, headers)).status).toBe(200);
  });
});
