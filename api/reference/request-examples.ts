/** Bodies that can be sent as they are, by operation; an id that only your own data has stands as zeros. */

const YOURS = '00000000-0000-4000-8000-000000000000';
const PHONE = '+16025550143';
const ADDRESS = { first_line: '12 Elm Street', second_line: 'Apt 3', city: 'Phoenix', state: 'AZ' };
const ANA = { first_name: 'Ana', last_name: 'Bell', dob: '1985-03-12', gender: 'female', phone_number: PHONE };
const IN_WISCONSIN = { first_line: '123 Main Street', city: 'Onalaska', state: 'WI', zip_code: '54650' };
const YESTERDAY = new Date(Date.now() - 24 * 3_600_000).toISOString();
const WELLNESS_PANEL = '2a5374cd-ab41-42f6-8fea-e7b3f89de847';

/** What the reference fills in for "Try it out". */
export const REQUEST_EXAMPLES: Readonly<Record<string, object>> = {
  createUser: { client_user_id: 'patient-17' },
  patchUser: { client_user_id: 'patient-18' },
  upsertUserInfo: {
    ...ANA,
    email: 'ana@example.com',
    address: { ...ADDRESS, zip: '85004', country: 'US' },
  },
  listMarkersOfOrderSet: { lab_test_ids: [WELLNESS_PANEL] },
  createOrder: {
    user_id: YOURS,
    order_set: { lab_test_ids: [WELLNESS_PANEL] },
    patient_details: { ...ANA, email: 'ana@example.com' },
    patient_address: { ...ADDRESS, zip: '85004', country: 'US', access_notes: 'Gate code 4711' },
  },
  simulateOrder: { interpretation: 'normal', result_types: ['numeric'], has_missing_results: true },
  resendOrderEvents: { order_ids: [YOURS] },
  getPhlebotomyAppointmentAvailability: { ...ADDRESS, zip_code: '85004' },
  bookPhlebotomyAppointment: { booking_key: 'from the availability response', appointment_notes: 'Left arm, please' },
  reschedulePhlebotomyAppointment: { booking_key: 'from the availability response' },
  requestPhlebotomyAppointment: { address: IN_WISCONSIN, provider: 'phlebfinders' },
  cancelPhlebotomyAppointment: { cancellation_reason_id: YOURS, notes: 'Out of town' },
  bookPscAppointment: { booking_key: 'from the availability response' },
  reschedulePscAppointment: { booking_key: 'from the availability response' },
  cancelPscAppointment: { cancellationReasonId: YOURS },
  updateOrderCommunicationSettings: { sms_enabled: false },
  createWebhook: {
    url: 'https://example.com/venule',
    filter_types: ['labtest.order.created', 'labtest.order.updated'],
  },
  recoverWebhook: { since: YESTERDAY },
  updateWebhook: { disabled: false },
  setWebhookHeaders: { headers: { 'x-tenant': 'desert' } },
};
