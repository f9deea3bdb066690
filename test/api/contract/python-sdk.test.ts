/** The contract once more, through the published Python SDK, whose parser is stricter than those in TypeScript. */
import { randomUUID } from 'node:crypto';
import { ADDRESS, PATIENT, WALK_IN_TEST } from '../../support/api.ts';
import { describeWith } from '../../support/needs.ts';
import { PYTHON, pythonWith } from '../../support/python/python.ts';
import type { PythonProgram } from '../../support/python/python-program.ts';
import { PYTHON_SDK, startPythonSdk } from '../../support/python/python-sdk.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { AT_HOME_TEST } from '../../support/sdk-order.ts';
import { until } from '../../support/until.ts';

const ON_SITE_TEST = '284694bd-8966-4333-92a0-693c72a89f41';
const QUEST_TEST = 'c796e759-4571-4638-9252-f1a6362c8968';
const PHOENIX = { first_line: '412 West Lincoln Street', city: 'Phoenix', state: 'AZ', zip_code: '85004' };

const python = pythonWith(PYTHON_SDK);

describeWith(`${PYTHON} that has ${PYTHON_SDK}`, python !== undefined)('6.1: the Python SDK', () => {
  let venule: InProcessVenule;
  let sdk: PythonProgram;
  beforeAll(async () => {
    venule = await startVenule();
    sdk = startPythonSdk(python as string, venule.api.key, venule.api.url);
  });
  afterAll(async () => {
    sdk?.close();
    await venule?.close();
  });

  async function order(labTest = WALK_IN_TEST) {
    const { user_id } = await sdk.call('user.create', { client_user_id: randomUUID() });
    const { order } = await sdk.call('lab_tests.create_order', {
      user_id,
      order_set: { lab_test_ids: [labTest] },
      patient_details: PATIENT,
      patient_address: { ...ADDRESS, access_notes: 'Gate code 4411' },
      activate_by: null,
      idempotency_key: randomUUID(),
    });
    return order;
  }
  const reaches = (order_id: string, status: string) =>
    until(async () => {
      const current = await sdk.call('lab_tests.get_order', { order_id });
      return current.last_event.status === status && current;
    });

  test('users: made, read, found, listed, changed, refused', async () => {
    const client_user_id = randomUUID();
    const user = await sdk.call('user.create', { client_user_id, fallback_time_zone: 'America/Phoenix' });
    const { user_id } = user;
    expect(await sdk.call('user.get', { user_id })).toEqual(user);
    expect(await sdk.call('user.get_by_client_user_id', { client_user_id })).toEqual(user);
    expect((await sdk.call('user.get_all', { limit: 500 })).users).toContainEqual(user);
    await sdk.call('user.patch', { user_id, fallback_birth_date: '1985-12-10' });
    const { receiver_name: _, ...address } = ADDRESS;
    const info = await sdk.call('user.upsert_user_info', { user_id, ...PATIENT, address });
    expect(info).toMatchObject({ first_name: 'Ada', dob: '1985-12-10', address: { zip: '85004' } });
    expect(await sdk.call('user.get_latest_user_info', { user_id })).toEqual(info);
    expect(await sdk.failure('user.create', { client_user_id })).toMatchObject({
      type: 'BadRequestError',
      status: 400,
    });
    expect(await sdk.failure('user.create', { client_user_id: '' })).toMatchObject({
      type: 'UnprocessableEntityError',
      status: 422,
    });
  });

  test('the team and its catalogue', async () => {
    expect(await sdk.call('team.get', { team_id: venule.teamId })).toMatchObject({ id: venule.teamId });
    const labs = await sdk.call('lab_tests.get_labs');
    expect(labs.map(({ slug }: { slug: string }) => slug)).toContain('quest');
    expect((await sdk.call('lab_account.get_team_lab_accounts')).data.length).toBeGreaterThan(0);
    expect((await sdk.call('lab_tests.get', { lab_slug: 'quest' })).length).toBeGreaterThan(0);
    const page = await sdk.call('lab_tests.get_paginated', { lab_test_limit: 2 });
    expect(page.data).toHaveLength(2);
    expect((await sdk.call('lab_tests.get_paginated', { next_cursor: page.next_cursor })).data.length).toBeGreaterThan(
      0,
    );
    expect(await sdk.call('lab_tests.get_by_id', { lab_test_id: WALK_IN_TEST })).toMatchObject({ id: WALK_IN_TEST });
    const { markers } = await sdk.call('lab_tests.get_markers_for_lab_test', { lab_test_id: WALK_IN_TEST });
    const [{ id, lab_id, provider_id }] = markers;
    expect((await sdk.call('lab_tests.get_markers', { lab_id: [lab_id], name: provider_id })).total).toBeGreaterThan(0);
    expect(await sdk.call('lab_tests.get_markers_by_lab_and_provider_id', { lab_id, provider_id })).toMatchObject({
      id,
    });
    const set = { lab_test_ids: [WALK_IN_TEST] };
    expect((await sdk.call('lab_tests.get_markers_for_order_set', set)).total).toBe(markers.length);
  });

  test('a walk-in order through its redraw to the combined result', async () => {
    const { id: order_id, order_transaction } = await order();
    const transaction_id = order_transaction.id;
    await sdk.call('lab_tests.simulate_order_process', {
      order_id,
      final_status: 'completed.walk_in_test.completed',
      delay: 0,
      request: { has_missing_results: true },
    });
    await reaches(order_id, 'collecting_sample.walk_in_test.redraw_available');
    expect(await sdk.call('lab_tests.get_order_requistion_pdf', { order_id })).toMatchObject({
      begins: expect.stringMatching(/^%PDF-/),
    });
    const result = await sdk.call('lab_tests.get_result_raw', { order_id });
    expect(result.missing_results.length).toBeGreaterThan(0);
    expect(await sdk.call('lab_tests.get_result_metadata', { order_id })).toEqual(result.metadata);
    expect((await sdk.call('lab_tests.get_result_pdf', { order_id })).bytes).toBeGreaterThan(1000);

    const listed = await sdk.call('lab_tests.get_orders', {
      order_transaction_id: transaction_id,
      order_direction: 'asc',
    });
    const [, redraw] = listed.orders;
    expect(redraw.origin).toBe('redraw');
    await sdk.call('lab_tests.simulate_order_process', { order_id: redraw.id });
    await reaches(redraw.id, 'completed.walk_in_test.completed');
    const transaction = await sdk.call('order_transaction.get_transaction', { transaction_id });
    expect(transaction).toMatchObject({ status: 'completed', orders: [{ id: order_id }, { id: redraw.id }] });
    expect((await sdk.call('order_transaction.get_transaction_result', { transaction_id })).missing_results).toEqual(
      [],
    );
    expect((await sdk.call('order_transaction.get_transaction_result_pdf', { transaction_id })).bytes).toBeGreaterThan(
      1000,
    );
    expect(await sdk.call('order.resend_events', { order_ids: [order_id] })).toEqual({ order_ids: [order_id] });
  });

  test('an order is canceled; one that is over is not', async () => {
    const { id: order_id } = await order();
    await reaches(order_id, 'received.walk_in_test.requisition_created');
    expect((await sdk.call('lab_tests.cancel_order', { order_id })).order.status).toBe('cancelled');
    expect(await sdk.failure('lab_tests.get_order', { order_id: randomUUID() })).toMatchObject({ status: 404 });
    expect(await sdk.failure('lab_tests.get_orders', { status: ['nonsense'] })).toMatchObject({ status: 422 });
  });

  test('an order that is drawn on site: the caller reports the draw', async () => {
    const { id: order_id } = await order(ON_SITE_TEST);
    await reaches(order_id, 'received.on_site_collection.requisition_created');
    const drawn = await sdk.call('lab_tests.update_on_site_collection_order_draw_completed', { order_id });
    expect(drawn.order).toMatchObject({ id: order_id, status: 'sample_with_lab' });
    await sdk.call('lab_tests.simulate_order_process', { order_id });
    await reaches(order_id, 'completed.on_site_collection.completed');
    expect(await sdk.failure('lab_tests.update_on_site_collection_order_draw_completed', { order_id })).toMatchObject({
      status: 400,
    });
  });

  test('a phlebotomist’s visit: availability, booking, moving, canceling', async () => {
    const { id: order_id } = await order(AT_HOME_TEST);
    await reaches(order_id, 'received.at_home_phlebotomy.requisition_created');
    const { slots } = await sdk.call('lab_tests.get_phlebotomy_appointment_availability', PHOENIX);
    const [first, second] = slots.flatMap((day: { slots: unknown[] }) => day.slots.slice(-1));
    const book = { order_id, booking_key: first.booking_key, appointment_notes: 'left arm' };
    expect(await sdk.call('lab_tests.book_phlebotomy_appointment', book)).toMatchObject({ event_status: 'scheduled' });
    const move = { order_id, booking_key: second.booking_key };
    expect(await sdk.call('lab_tests.reschedule_phlebotomy_appointment', move)).toMatchObject({ order_id });
    expect(await sdk.call('lab_tests.get_phlebotomy_appointment', { order_id })).toMatchObject({ order_id });
    const [reason] = await sdk.call('lab_tests.get_phlebotomy_appointment_cancellation_reason');
    const cancel = { order_id, cancellation_reason_id: reason.id, notes: 'moved away' };
    expect(await sdk.call('lab_tests.cancel_phlebotomy_appointment', cancel)).toMatchObject({ status: 'cancelled' });
  });

  test('areas and service centers, whose distance is a whole number of miles', async () => {
    const area = await sdk.call('lab_tests.get_area_info', { zip_code: '85004', radius: '50', labs: ['quest'] });
    expect(area.phlebotomy.is_served).toBe(true);
    const { id: order_id, lab_test } = await order(QUEST_TEST);
    const { patient_service_centers } = await sdk.call('lab_tests.get_order_psc_info', { order_id, radius: '50' });
    expect(patient_service_centers.length).toBeGreaterThan(0);
    const near = { zip_code: '85004', lab_id: lab_test.lab.id, radius: '50' };
    expect((await sdk.call('lab_tests.get_psc_info', near)).patient_service_centers).toEqual(patient_service_centers);

    await reaches(order_id, 'received.walk_in_test.requisition_created');
    const around = { lab: 'quest', zip_code: '85004', radius: '50' };
    const { slots } = await sdk.call('lab_tests.get_psc_appointment_availability', around);
    const [slot] = slots.flatMap((day: { slots: unknown[] }) => day.slots).slice(-1);
    const booked = await sdk.call('lab_tests.book_psc_appointment', { order_id, booking_key: slot.booking_key });
    expect(booked).toMatchObject({ type: 'patient_service_center' });
    expect(await sdk.call('lab_tests.get_psc_appointment', { order_id })).toMatchObject({ id: booked.id });
    const reasons = await sdk.call('lab_tests.get_psc_appointment_cancellation_reason');
    const cancel = { order_id, cancellation_reason_id: reasons[0].id };
    expect(await sdk.call('lab_tests.cancel_psc_appointment', cancel)).toMatchObject({ status: 'cancelled' });
  });
});
