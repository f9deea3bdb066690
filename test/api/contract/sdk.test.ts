import { type Caller, newUser, startTestApi, type TestApi, WALK_IN_TEST } from '../../support/api.ts';
import { AT_HOME_TEST } from '../../support/sdk-order.ts';

let api: TestApi;
let caller: Caller;

beforeAll(async () => {
  api = await startTestApi();
  caller = await api.caller();
});
afterAll(() => api?.close());

const patient = {
  firstName: 'Ada',
  lastName: 'Lovelace',
  dob: '1985-12-10',
  gender: 'female',
  phoneNumber: '+16025550143',
  email: 'ada@patient.example',
} as const;
const address = {
  receiverName: 'Ada Lovelace',
  firstLine: '412 West Lincoln Street',
  city: 'Phoenix',
  state: 'AZ',
  zip: '85004',
  country: 'US',
  accessNotes: 'Gate code 4411',
};

async function order(userId: string, changes: object = {}) {
  const answer = await caller.sdk.labTests.createOrder({
    userId,
    orderSet: { labTestIds: [WALK_IN_TEST] },
    patientDetails: patient,
    patientAddress: address,
    ...changes,
  });
  return answer.order;
}

describe('users through the SDK', () => {
  test('a user is created, read, found by the team’s own id, listed and changed', async () => {
    const created = await caller.sdk.user.create({ clientUserId: 'patient-1', fallbackTimeZone: 'America/Phoenix' });
    expect(created).toMatchObject({ clientUserId: 'patient-1', teamId: caller.team._id, connectedSources: [] });
    expect(await caller.sdk.user.get({ userId: created.userId })).toEqual(created);
    expect(await caller.sdk.user.getByClientUserId({ clientUserId: 'patient-1' })).toEqual(created);
    expect((await caller.sdk.user.getAll({ limit: 10 })).users).toContainEqual(created);

    await caller.sdk.user.patch({ userId: created.userId, clientUserId: 'patient/one two' });
    expect(await caller.sdk.user.getByClientUserId({ clientUserId: 'patient/one two' })).toMatchObject({
      userId: created.userId,
      fallbackTimeZone: { id: 'America/Phoenix' },
    });
  });

  test('2.6: users created in the same millisecond are neither lost nor repeated from page to page', async () => {
    const other = await api.caller();
    const ids: string[] = [];
    for (let n = 0; n < 8; n += 1) ids.push((await other.sdk.user.create({ clientUserId: `twin-${n}` })).userId);
    await api.store.users.updateMany({ team_id: other.team._id }, { created_at: new Date() }, { timestamps: false });
    const listed: string[] = [];
    for (let offset = 0; offset < ids.length; offset += 3) {
      const { users, total } = await other.sdk.user.getAll({ offset, limit: 3 });
      expect(total).toBe(ids.length);
      listed.push(...users.map(({ userId }) => userId));
    }
    expect(listed).toEqual(ids.toSorted());
  });

  test('a client_user_id that is taken is refused, naming who has it', async () => {
    const { userId } = await caller.sdk.user.create({ clientUserId: 'twice' });
    await expect(caller.sdk.user.create({ clientUserId: 'twice' })).rejects.toMatchObject({
      name: 'BadRequestError',
      statusCode: 400,
      body: { detail: { error_type: 'INVALID_REQUEST', user_id: userId } },
    });
  });

  test('demographics are set and read', async () => {
    const userId = await newUser(caller);
    const { email, ...rest } = patient;
    const info = { ...rest, email, address: { ...address, receiverName: undefined } };
    await caller.sdk.user.upsertUserInfo({ userId, ...info });
    expect(await caller.sdk.user.getLatestUserInfo({ userId })).toMatchObject({
      ...patient,
      address: { firstLine: address.firstLine, accessNotes: 'Gate code 4411' },
    });
  });
});

describe('the team and the catalogue through the SDK', () => {
  test('the team is read with its settings', async () => {
    expect(await caller.sdk.team.get({ teamId: caller.team._id })).toMatchObject({
      id: caller.team._id,
      labTestsPatientEmailCommunicationEnabled: true,
      configuration: { minorOrderingEnabled: false },
    });
  });

  test('laboratories, lab accounts, lab tests and markers are listed', async () => {
    const labs = await caller.sdk.labTests.getLabs();
    expect(labs.map(({ slug }) => slug)).toEqual(expect.arrayContaining(['labcorp', 'quest', 'bioreference']));
    const accounts = await caller.sdk.labAccount.getTeamLabAccounts({ status: 'active' });
    expect(accounts.data?.map(({ lab }) => lab)).toContain('labcorp');

    const all = await caller.sdk.labTests.get({ collectionMethod: 'walk_in_test', labSlug: 'quest' });
    expect(all.length).toBeGreaterThanOrEqual(4);
    const named = await caller.sdk.labTests.getPaginated({ name: 'WELLNESS panel', labTestLimit: 2 });
    expect(named.data).toHaveLength(2);
    const rest = await caller.sdk.labTests.getPaginated({ name: 'WELLNESS panel', nextCursor: named.nextCursor });
    expect(rest.data.map(({ id }) => id)).not.toContain(named.data[0]?.id);

    const labTest = await caller.sdk.labTests.getById({ labTestId: WALK_IN_TEST });
    expect(labTest.markers?.length).toBeGreaterThanOrEqual(8);
    const markers = await caller.sdk.labTests.getMarkersForLabTest({ labTestId: WALK_IN_TEST, size: 100 });
    expect(markers.markers.map(({ id }) => id)).toEqual(labTest.markers?.map(({ id }) => id));
    const [marker] = markers.markers;
    expect(marker?.expectedResults[0]?.loinc?.code).toMatch(/^\d+-\d$/);

    const found = await caller.sdk.labTests.getMarkers({ labSlug: 'labcorp', name: marker?.providerId });
    expect(found.markers.map(({ id }) => id)).toContain(marker?.id);
    expect(
      await caller.sdk.labTests.getMarkersByLabAndProviderId({
        labId: Number(marker?.labId),
        providerId: String(marker?.providerId),
      }),
    ).toMatchObject({ id: marker?.id });
    const ofSet = await caller.sdk.labTests.getMarkersForOrderSet({
      body: { labTestIds: [WALK_IN_TEST], addOn: { markerIds: [Number(marker?.id)] } },
    });
    expect(ofSet.total).toBe(markers.total);
  });
});

describe('orders through the SDK', () => {
  test('D1: an order is accepted with a transaction of its own, and read again', async () => {
    const userId = await newUser(caller);
    const created = await order(userId, { passthrough: 'visit 7', clinicalNotes: 'Fasted since 8 pm' });
    expect(created).toMatchObject({
      userId,
      teamId: caller.team._id,
      status: 'received',
      lastEvent: { status: 'received.walk_in_test.ordered' },
      origin: 'initial',
      passthrough: 'visit 7',
      clinicalNotes: 'Fasted since 8 pm',
      patientAddress: { accessNotes: 'Gate code 4411' },
      orderTransaction: { status: 'active', orders: [{ id: created.id, lowLevelStatus: 'ordered' }] },
    });
    expect(created.patientDetails?.dob.toISOString().slice(0, 10)).toBe('1985-12-10');
    expect(await caller.sdk.labTests.getOrder({ orderId: created.id })).toEqual(created);
    expect(api.started.map(({ id }) => id)).toContain(created.id);

    const transactionId = String(created.orderTransaction?.id);
    expect(await caller.sdk.orderTransaction.getTransaction({ transactionId })).toMatchObject({
      id: transactionId,
      teamId: caller.team._id,
      status: 'active',
      orders: [{ id: created.id, lastStatus: 'ordered', origin: 'initial' }],
    });
    await expect(caller.sdk.orderTransaction.getTransactionResult({ transactionId })).rejects.toMatchObject({
      statusCode: 404,
    });
    await expect(caller.sdk.labTests.getResultRaw({ orderId: created.id })).rejects.toMatchObject({ statusCode: 404 });
    const requisition = await caller.sdk.labTests.getOrderRequistionPdf({ orderId: created.id });
    expect(Buffer.from(await requisition.arrayBuffer()).toString()).toMatch(/^%PDF/);
  });

  test('an order is cancelled, and cannot be cancelled again', async () => {
    const { id } = await order(await newUser(caller));
    const { order: cancelled, status } = await caller.sdk.labTests.cancelOrder({ orderId: id });
    expect(status).toBe('success');
    expect(cancelled).toMatchObject({ status: 'cancelled', orderTransaction: { status: 'cancelled' } });
    await expect(caller.sdk.labTests.cancelOrder({ orderId: id })).rejects.toMatchObject({
      statusCode: 400,
      body: { message: 'Transition from cancelled to cancelled is not allowed', status_code: 400 },
    });
  });

  test('single markers are ordered as a lab test of their own, the same for the same choice', async () => {
    const userId = await newUser(caller);
    const choice = { orderSet: { addOn: { markerIds: [1001, 1006] } }, collectionMethod: 'walk_in_test' };
    const [first, second] = [await order(userId, choice), await order(userId, choice)];
    expect(first.labTest).toMatchObject({ autoGenerated: true, markers: [{ id: 1001 }, { id: 1006 }] });
    expect(second.labTest.id).toBe(first.labTest.id);
    const listed = await caller.sdk.labTests.getPaginated({ generationMethod: 'auto' });
    expect(listed.data.map(({ id }) => id)).toContain(first.labTest.id);
  });

  test('every filter of the list finds what it names and nothing else', async () => {
    const other = await api.caller();
    caller = other;
    const [ada, grace] = [await newUser(other), await newUser(other)];
    const early = await order(ada);
    const late = await order(grace, {
      patientDetails: { ...patient, firstName: 'Grace', lastName: 'Brewster Hopper', dob: '1979-12-09' },
      patientAddress: { ...address, receiverName: 'Front Desk' },
      activateBy: new Date(Date.now() + 300 * 86_400_000).toISOString().slice(0, 10),
    });
    const home = await order(ada, { orderSet: { labTestIds: [AT_HOME_TEST] } });
    await other.sdk.labTests.cancelOrder({ orderId: home.id });
    await api.store.orders.updateOne({ _id: early.id }, { $set: { interpretation: 'critical' } });

    const found = async (filter: object) =>
      (await other.sdk.labTests.getOrders(filter)).orders.map(({ id }) => id).sort();
    const ids = (...orders: { id: string }[]) => orders.map(({ id }) => id).sort();
    const hour = 3_600_000;

    expect(await found({})).toEqual(ids(early, late, home));
    expect(await found({ status: ['cancelled'] })).toEqual(ids(home));
    expect(await found({ status: ['cancelled', 'ordered'] })).toEqual(ids(early, late, home));
    expect(await found({ orderType: ['at_home_phlebotomy'] })).toEqual(ids(home));
    expect(await found({ userId: grace })).toEqual(ids(late));
    expect(await found({ patientName: 'hopp' })).toEqual(ids(late));
    expect(await found({ patientName: 'Grace Brew' })).toEqual(ids(late));
    expect(await found({ shippingRecipientName: 'desk' })).toEqual(ids(late));
    expect(await found({ searchInput: 'Hopper' })).toEqual(ids(late));
    expect(await found({ searchInput: 'front' })).toEqual(ids(late));
    expect(await found({ searchInput: '1979-12-09' })).toEqual(ids(late));
    expect(await found({ searchInput: early.id })).toEqual(ids(early));
    expect(await found({ searchInput: ada })).toEqual(ids(early, home));
    expect(await found({ isCritical: true })).toEqual(ids(early));
    expect(await found({ isCritical: false })).toEqual(ids(late, home));
    expect(await found({ interpretation: 'critical' })).toEqual(ids(early));
    expect(await found({ orderActivationTypes: ['scheduled'] })).toEqual(ids(late));
    expect(await found({ orderActivationTypes: ['current'] })).toEqual(ids(early, home));
    expect(await found({ orderActivationTypes: ['current', 'scheduled'] })).toEqual(ids(early, late, home));
    expect(await found({ orderIds: [early.id, late.id] })).toEqual(ids(early, late));
    expect(await found({ orderTransactionId: late.orderTransaction?.id })).toEqual(ids(late));
    expect(await found({ startDate: new Date(Date.now() - hour), endDate: new Date() })).toEqual(
      ids(early, late, home),
    );
    expect(await found({ startDate: new Date(Date.now() + hour) })).toEqual([]);
    expect(await found({ endDate: late.createdAt, startDate: late.createdAt })).toContain(late.id);
    expect(await found({ updatedStartDate: new Date(Date.now() + hour) })).toEqual([]);
    expect(await found({ updatedEndDate: new Date(Date.now() + hour) })).toEqual(ids(early, late, home));

    const inOrder = async (filter: object) => (await other.sdk.labTests.getOrders(filter)).orders.map(({ id }) => id);
    expect(await inOrder({ orderKey: 'created_at', orderDirection: 'asc' })).toEqual([early.id, late.id, home.id]);
    expect(await inOrder({})).toEqual([home.id, late.id, early.id]);
    expect((await inOrder({ orderKey: 'patient_name', orderDirection: 'desc' }))[0]).toBe(late.id);
    expect((await inOrder({ orderKey: 'last_status', orderDirection: 'asc' }))[0]).toBe(home.id);
    expect(await other.sdk.labTests.getOrders({ page: 2, size: 2 })).toMatchObject({
      orders: [{ id: early.id }],
      total: 3,
      page: 2,
      size: 2,
    });
  });

  test('the latest status of orders is told again', async () => {
    const { id } = await order(await newUser(caller));
    expect((await caller.sdk.order.resendEvents({ orderIds: [id] })).orderIds).toEqual([id]);
    expect((await caller.sdk.order.resendEvents({ startAt: new Date(Date.now() - 60_000) })).orderIds).toContain(id);
  });
});
