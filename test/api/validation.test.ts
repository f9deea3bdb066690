import {
  ADDRESS,
  type Caller,
  newUser,
  orderRequest,
  PATIENT,
  startTestApi,
  type TestApi,
  WALK_IN_TEST,
} from '../support/api.ts';
import { pngOf } from '../support/png.ts';

let api: TestApi;
let caller: Caller;
let userId: string;

beforeAll(async () => {
  api = await startTestApi();
  caller = await api.caller();
  userId = await newUser(caller);
});
afterAll(() => api?.close());
afterEach(() => {
  api.started.length = 0;
});

async function refused(changes: Record<string, unknown>, by = caller) {
  const response = await by.request('POST', '/v3/order', orderRequest(userId, changes));
  const body = (await response.json()) as { detail: unknown; error: string; message: string };
  expect(api.started).toEqual([]);
  return { status: response.status, ...body };
}

describe('wrong and missing fields', () => {
  test('every wrong field is named, and nothing is created', async () => {
    const before = await api.store.orders.countDocuments();
    const response = await caller.request('POST', '/v3/order', {
      user_id: 'nobody',
      billing_type: 'free',
      icd_codes: 'E11.9',
      patient_details: { ...PATIENT, first_name: '', dob: '1985-02-30', email: 'ada', phone_number: 'none' },
      patient_address: { ...ADDRESS, city: null, state: 'Arizona', zip: '8500' },
    });
    const body = (await response.json()) as { detail: { loc: string[]; msg: string; type: string }[] };
    expect(response.status).toBe(422);
    expect([...new Set(body.detail.map(({ loc }) => loc.join('.')))].sort()).toEqual([
      'body.billing_type',
      'body.icd_codes',
      'body.patient_address.city',
      'body.patient_address.state',
      'body.patient_address.zip',
      'body.patient_details.dob',
      'body.patient_details.email',
      'body.patient_details.first_name',
      'body.patient_details.phone_number',
      'body.user_id',
    ]);
    expect(body.detail).toContainEqual({
      loc: ['body', 'patient_address', 'city'],
      msg: 'Field required',
      type: 'missing',
    });
    expect(api.started).toEqual([]);
    expect(await api.store.orders.countDocuments()).toBe(before);
  });

  test('5.4: a name with letters that laboratories refuse is told so in words, not as a regular expression', async () => {
    for (const first_name of ['Łukasz', '王小明', 'Ana  Maria', '-Ada']) {
      const body = { user_id: userId, patient_details: { ...PATIENT, first_name }, patient_address: ADDRESS };
      const response = await caller.request('POST', '/v3/order', body);
      const { detail } = (await response.json()) as { detail: { loc: string[]; msg: string }[] };
      const named = detail.find(({ loc }) => loc.at(-1) === 'first_name');
      expect(named?.msg).toContain('only the letters A to Z without accents');
      expect(named?.msg).not.toMatch(/[\^$[\]\\]|pattern/);
    }
  });

  test('fields of path, query and body are named together', async () => {
    const response = await caller.request('POST', '/v3/order/42/test?delay=soon', { interpretation: 'fine' });
    expect(response.status).toBe(422);
    const { detail } = (await response.json()) as { detail: { loc: string[] }[] };
    expect(detail.map(({ loc }) => loc.join('.')).sort()).toEqual([
      'body.interpretation',
      'path.order_id',
      'query.delay',
    ]);
  });

  test('null is as good as absent', async () => {
    const request = orderRequest(userId, { physician: null, activate_by: null, icd_codes: null, priority: null });
    expect((await caller.request('POST', '/v3/order', request)).status).toBe(200);
  });

  test('what is not JSON is refused with 400, what is too large with 413', async () => {
    expect((await caller.request('POST', '/v2/user', '{"client_user_id":')).status).toBe(400);
    expect((await caller.request('POST', '/v2/user', 'hello', { 'content-type': 'text/plain' })).status).toBe(400);
    expect((await caller.request('POST', '/v2/user', 'abc', { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await caller.request('POST', '/v2/user', '['.repeat(100_000))).status).toBe(413);
    const large = await caller.request('POST', '/v2/user', { client_user_id: 'x'.repeat(9 * 1024 * 1024) });
    expect(large.status).toBe(413);
    expect(await large.json()).toMatchObject({ error: 'body_too_large', status_code: 413 });
  });
});

describe('keys and teams', () => {
  test('a key that is missing, wrong or revoked opens nothing', async () => {
    for (const key of ['', 'sk_us_wrong']) {
      const response = await caller.request('GET', '/v3/orders', undefined, { 'x-vital-api-key': key });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: 'unauthorized', status_code: 401 });
    }
  });

  test('what belongs to another team is not there', async () => {
    const { order } = (await (await caller.request('POST', '/v3/order', orderRequest(userId))).json()) as {
      order: { id: string; order_transaction: { id: string } };
    };
    const stranger = await api.caller();
    for (const [method, path] of [
      ['GET', `/v3/order/${order.id}`],
      ['POST', `/v3/order/${order.id}/cancel`],
      ['POST', `/v3/order/${order.id}/test`],
      ['GET', `/v3/order/${order.id}/result`],
      ['GET', `/v3/order/${order.id}/result/metadata`],
      ['GET', `/v3/order/${order.id}/result/pdf`],
      ['GET', `/v3/order/${order.id}/requisition/pdf`],
      ['GET', `/v3/order_transaction/${order.order_transaction.id}`],
      ['GET', `/v3/order_transaction/${order.order_transaction.id}/result`],
      ['GET', `/v3/order_transaction/${order.order_transaction.id}/result/pdf`],
      ['GET', `/v2/user/${userId}`],
      ['GET', `/v2/team/${caller.team._id}`],
    ] as const) {
      expect([path, (await stranger.request(method, path)).status]).toEqual([path, 404]);
    }
    expect((await stranger.request('POST', '/v3/order', orderRequest(userId))).status).toBe(404);
    expect(await (await stranger.request('GET', '/v3/orders')).json()).toMatchObject({ orders: [], total: 0 });
  });

  test('only sandbox teams simulate', async () => {
    const production = await api.caller({ environment: 'production' });
    const response = await production.request('POST', `/v3/order/${crypto.randomUUID()}/test`);
    expect(response.status).toBe(403);
  });
});

describe('A2: rules that are checked before an order is accepted', () => {
  const quest = 'quest-wellness-panel';
  const labTest = async (slug: string) => String((await api.store.labTests.findOne({ slug }).lean())?._id);

  test.each<[string, Record<string, unknown>, string]>([
    [
      'an add-on without a collection method',
      { order_set: { add_on: { marker_ids: [1001] } } },
      'collection_method must be set if add_on is set',
    ],
    [
      'an empty add-on',
      { order_set: { add_on: {} }, collection_method: 'walk_in_test' },
      'marker_ids or provider_ids must be set in add_on',
    ],
    [
      'an add-on by both kinds of id',
      { order_set: { add_on: { marker_ids: [1001], provider_ids: ['322000'] } }, collection_method: 'walk_in_test' },
      'cannot set both marker_ids and provider_ids in add_on',
    ],
    [
      'markers of two labs',
      { order_set: { add_on: { marker_ids: [1001, 2001] } }, collection_method: 'walk_in_test' },
      'cannot order lab_tests from multiple labs',
    ],
    [
      'two collection methods',
      { order_set: { lab_test_ids: [WALK_IN_TEST] }, collection_method: 'at_home_phlebotomy' },
      'cannot order lab tests with multiple collection methods',
    ],
    ['no order set', { order_set: undefined }, 'order_set must be set'],
    ['a code that is none of ICD-10', { icd_codes: ['E11.9', 'diabetes'] }, '"DIABETES" is not an ICD-10-CM code'],
    [
      'insurance that nobody stored',
      { billing_type: 'commercial_insurance', icd_codes: ['E11.9'] },
      'commercial_insurance requires the patient’s primary insurance, and none is stored',
    ],
    ['a date that has passed', { activate_by: '2020-01-01' }, 'activate_by must be today or later'],
    [
      'an NPI whose check digit is wrong',
      { physician: { first_name: 'Jane', last_name: 'Doe', npi: '1234567890' } },
      'The physician’s NPI is not valid: its check digit is wrong',
    ],
    [
      'a state in which the account may not bill',
      { patient_address: { ...ADDRESS, state: 'PR', zip: '00901' } },
      'The lab account may not bill client_bill for patients in PR',
    ],
  ])('%s is refused', async (_what, changes, message) => {
    expect(await refused(changes)).toMatchObject({ status: 400, error: 'rule_broken', message, detail: message });
  });

  test('lab tests of two labs are refused', async () => {
    const answer = await refused({ order_set: { lab_test_ids: [WALK_IN_TEST, await labTest(quest)] } });
    expect(answer).toMatchObject({ status: 400, message: 'cannot order lab_tests from multiple labs' });
  });

  test('a required question must be answered, and rightly', async () => {
    const order_set = { lab_test_ids: [await labTest('labcorp-lead')] };
    expect(await refused({ order_set })).toMatchObject({
      status: 400,
      message: 'Missing required questions - "Purpose of the test"',
    });
    const wrong = [{ marker_id: 1076, question_id: 3, answer: 'curiosity' }];
    expect(await refused({ order_set, aoe_answers: wrong })).toMatchObject({ status: 400 });
    const aoe_answers = [{ marker_id: 1076, question_id: 3, answer: 'I' }];
    const accepted = await caller.request('POST', '/v3/order', orderRequest(userId, { order_set, aoe_answers }));
    expect(accepted.status).toBe(200);
  });

  test('a minor needs the team’s option and a proxy', async () => {
    const child = { ...PATIENT, dob: `${new Date().getFullYear() - 10}-01-01` };
    expect(await refused({ patient_details: child })).toMatchObject({
      status: 400,
      message: 'Ordering for patients under 18 is not enabled for this team',
    });
    const clinic = await api.caller({ options: { minor_ordering_enabled: true } });
    const patient = await newUser(clinic);
    expect(await refused({ user_id: patient, patient_details: child }, clinic)).toMatchObject({
      status: 400,
      message: 'medical_proxy is required for a patient under 18',
    });
    const { receiver_name: _, ...address } = ADDRESS;
    const medical_proxy = { first_name: 'Anne', last_name: 'Byron', address, phone_number: '+16025550144' };
    const withProxy = orderRequest(patient, { patient_details: { ...child, medical_proxy } });
    expect((await clinic.request('POST', '/v3/order', withProxy)).status).toBe(200);
  });

  test('a lab test that is not active is refused', async () => {
    const id = await labTest('labcorp-diabetes-panel');
    await api.store.labTests.updateOne({ _id: id }, { $set: { is_active: false, status: 'inactive' } });
    await api.catalogue.reload();
    expect(await refused({ order_set: { lab_test_ids: [id] } })).toMatchObject({
      status: 400,
      message: `Lab test ${id} is not active`,
    });
  });

  test('unknown users, lab tests, markers and lab accounts are not found', async () => {
    const nobody = crypto.randomUUID();
    expect(await refused({ user_id: nobody })).toMatchObject({ status: 404 });
    expect(await refused({ order_set: { lab_test_ids: [nobody] } })).toMatchObject({ status: 404 });
    expect(await refused({ lab_account_id: nobody })).toMatchObject({ status: 404 });
    expect(
      await refused({ order_set: { add_on: { marker_ids: [99] } }, collection_method: 'walk_in_test' }),
    ).toMatchObject({ status: 404 });
  });
});

describe('A3: a physician’s signature is a picture that can be printed', () => {
  const sound = pngOf(30, 10);
  const jpegWithoutFrame = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 2, 0xff, 0xd9]);
  const physician = (content: string, content_type = 'image/png') => ({
    physician: { first_name: 'Jane', last_name: 'Doe', npi: '1234567893', signature_image: { content, content_type } },
  });

  test.each([
    ['cut off', sound.subarray(0, -20)],
    ['with a pixel that does not agree with its checksum', Buffer.from(sound).fill(0, 45, 47)],
    ['with fewer lines than its head tells of', pngOf(30, 10, { lines: 9 })],
    ['with more lines than its head tells of', pngOf(30, 10, { lines: 11 })],
    ['with a filter that there is not', pngOf(30, 10, { filter: 9 })],
    ['of too many pixels', pngOf(30_000, 30_000, { lines: 1 })],
    ['of another kind', Buffer.from('GIF89a')],
    ['of half a megabyte and more', Buffer.concat([sound, Buffer.alloc(530_000)])],
    ['that is no base64', 'data:image/png;base64,iVBO'],
    ['that is empty', ''],
    ['that is a JPEG and called a PNG', jpegWithoutFrame],
    ['that is a JPEG without a frame', jpegWithoutFrame, 'image/jpeg'],
    ['that is a PNG and called a JPEG', sound, 'image/jpeg'],
    ['called a GIF', sound, 'image/gif'],
  ])('one %s is refused by name, and nothing is kept', async (_, content, type = 'image/png') => {
    const text = typeof content === 'string' ? content : content.toString('base64');
    const { status, detail } = await refused(physician(text, type));
    expect(status).toBe(422);
    const names = (detail as { loc: string[] }[]).map(({ loc }) => loc.slice(0, 3).join('.'));
    expect(new Set(names)).toEqual(new Set(['body.physician.signature_image']));
    expect(await api.store.signatureImages.countDocuments()).toBe(0);
  });

  test('a sound one is kept once, and the journey is told only its hash', async () => {
    for (let times = 0; times < 2; times += 1) {
      const asked = await caller.request(
        'POST',
        '/v3/order',
        orderRequest(userId, physician(sound.toString('base64'))),
      );
      expect(asked.status).toBe(200);
    }
    const [kept, ...others] = await api.store.signatureImages.find();
    expect(others).toEqual([]);
    expect(kept?.content.equals(sound)).toBe(true);
    expect(api.started.at(-1)?.physician).toMatchObject({ signature_hash: kept?._id });
    expect(JSON.stringify(api.started)).not.toContain(sound.toString('base64'));
  });
});

describe('which lab account an order uses', () => {
  const account = (status: 'active' | 'suspended', teamId: string, delegated_flow = 'not_delegated') => ({
    _id: crypto.randomUUID(),
    lab: 'labcorp',
    org_id: null,
    status,
    delegated_flow: delegated_flow as 'not_delegated',
    provider_account_id: '77',
    account_name: null,
    default_clinical_notes: 'Call the clinic with critical values',
    business_units: [],
    allowed_billing: { client_bill: ['AZ'] },
    team_id_allowlist: [teamId],
  });

  test('its own when it has one active; a choice must be made by name', async () => {
    const clinic = await api.caller();
    const patient = await newUser(clinic);
    const place = async (changes = {}) => clinic.request('POST', '/v3/order', orderRequest(patient, changes));
    const [own, other] = [account('active', clinic.team._id), account('active', clinic.team._id, 'order_delegated')];
    await api.store.labAccounts.create([own, account('suspended', clinic.team._id)]);
    await api.catalogue.reload();
    const placed = await place({ clinical_notes: 'Fasted' });
    expect(placed.status).toBe(200);
    expect(api.started.at(-1)).toMatchObject({
      lab_account_id: own._id,
      clinical_notes: 'Call the clinic with critical values\nFasted',
    });

    await api.store.labAccounts.create(other);
    await api.catalogue.reload();
    expect((await place()).status).toBe(400);
    expect(await (await place({ lab_account_id: other._id })).json()).toMatchObject({
      message: 'physician is required for a lab account that is order_delegated',
    });
    const physician = { first_name: 'Jane', last_name: 'Doe', npi: '1234567893' };
    expect((await place({ lab_account_id: other._id, physician })).status).toBe(200);

    await api.store.labAccounts.updateMany({ team_id_allowlist: clinic.team._id }, { $set: { status: 'suspended' } });
    await api.catalogue.reload();
    expect((await place()).status).toBe(400);
  });
});
