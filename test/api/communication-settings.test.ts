/** What is sent about one order: the caller's switch, the patient's STOP, and where both can be seen. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { smsActivities } from '../../activities/sms.ts';
import { SmsRefused, type SmsSender } from '../../notifications/sms.ts';
import { twilioSms } from '../../notifications/twilio.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { loggedSms } from '../../store/messages/message-log.ts';
import { findUnsubscribeLink, unsubscribe, unsubscribeToken } from '../../store/messages/unsubscriptions.ts';
import { appointmentOf } from '../notifications/appointment-example.ts';
import { type Caller, newUser, orderRequest, startTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
let caller: Caller;
beforeAll(async () => {
  api = await startTestApi();
  caller = await api.caller({ options: { sms_enabled: true } });
});
afterAll(() => api?.close());

async function place(by: Caller = caller): Promise<string> {
  const answer = await by.request('POST', '/v3/order', orderRequest(await newUser(by)));
  return ((await answer.json()) as { order: { id: string } }).order.id;
}

async function settings(orderId: string, change?: object, by: Caller = caller) {
  const method = change ? 'PATCH' : 'GET';
  const answer = await by.request(method, `/v3/order/${orderId}/communication_settings`, change);
  return { status: answer.status, body: await answer.json() };
}

const mailed: string[] = [];
const sending = (sms: SmsSender) => {
  const { store, catalogue } = api;
  const standInContact = { email: '', phone: '' };
  const parts = { store, catalogue, sms, standInContact, bookingUrl: async () => null };
  return smsActivities(parts as unknown as ActivityDependencies, {
    sendAppointmentMail: async (appointmentId) => void mailed.push(appointmentId),
  });
};
const sent = async (orderId: string) =>
  (await api.store.sentMessages.find({ _id: new RegExp(`^${orderId}`) }).lean()).map(({ _id }) => _id);

test('an order begins with the team’s switch, and nothing was held back', async () => {
  const order_id = await place();
  const expected = { order_id, sms_enabled: true, email_unsubscribed: false, held_back: [] };
  expect(await settings(order_id)).toEqual({ status: 200, body: expected });
});

test('an SMS that is due while they are switched off is held back and shown; switched on, the next one goes out', async () => {
  const id = await place();
  const { sendSms } = sending(loggedSms(api.store));
  expect(await settings(id, { sms_enabled: false })).toMatchObject({ status: 200, body: { sms_enabled: false } });
  await sendSms(id, 'requisition_ready');
  await sendSms(id, 'requisition_ready');
  expect(await sent(id)).toEqual([]);
  expect((await settings(id)).body).toMatchObject({
    sms_enabled: false,
    held_back: [{ way: 'sms', kind: 'requisition_ready', reason: 'sms_off', held_at: expect.any(String) }],
  });

  expect((await settings(id, { sms_enabled: true })).body).toMatchObject({ sms_enabled: true });
  await sendSms(id, 'order_cancelled');
  expect(await sent(id)).toEqual([`${id}.sms.order_cancelled@venule`]);
});

test('a reminder is held back, too', async () => {
  const id = await place();
  await collectionOf(api.store.orders).updateOne({ _id: id }, { $set: { last_status: 'requisition_created' } });
  await settings(id, { sms_enabled: false });
  await sending(loggedSms(api.store)).sendReminder(id, null, '2026-12-01T16:00:00.000Z');
  expect(await sent(id)).toEqual([]);
  expect((await settings(id)).body).toMatchObject({ held_back: [{ kind: 'booking_reminder', reason: 'sms_off' }] });
});

test('where the team had no SMS they cannot be switched on, which is said; another order is left alone', async () => {
  const without = await api.caller();
  const id = await place(without);
  expect((await settings(id, undefined, without)).body).toMatchObject({ sms_enabled: false });
  expect(await settings(id, { sms_enabled: true }, without)).toMatchObject({
    status: 400,
    body: {
      error: 'rule_broken',
      message: expect.stringContaining('were switched off for the team when the order was accepted'),
    },
  });
  expect(await settings(id, { sms_enabled: false }, without)).toMatchObject({ status: 200 });
});

test('another team’s order is not there, and what is no switch is refused', async () => {
  const id = await place();
  const other = await api.caller({ options: { sms_enabled: true } });
  expect(await settings(id, undefined, other)).toMatchObject({ status: 404 });
  expect(await settings(id, { sms_enabled: false }, other)).toMatchObject({ status: 404 });
  expect(await settings(id, {})).toMatchObject({ status: 422 });
  expect(await settings(id, { sms_enabled: 'no' })).toMatchObject({ status: 422 });
  expect((await settings(id)).body).toMatchObject({ sms_enabled: true });
});

test('who has answered STOP gets nothing more: no retry, no trouble, and the caller sees why', async () => {
  let asked = 0;
  const twilio = createServer((_request, response) => {
    asked += 1;
    const body = { status: 400, code: 21610, message: 'Attempt to send to unsubscribed recipient', more_info: '' };
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((listening) => twilio.listen(0, '127.0.0.1', listening));
  try {
    const url = `http://127.0.0.1:${(twilio.address() as AddressInfo).port}`;
    const account = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'secret', from: '+15005550006', timeoutMs: 5_000 };
    const id = await place();
    await sending(twilioSms({ ...account, url })).sendSms(id, 'requisition_ready');
    expect(asked).toBe(1);
    expect((await settings(id)).body).toMatchObject({
      sms_enabled: true,
      held_back: [{ way: 'sms', kind: 'requisition_ready', reason: 'opted_out' }],
    });
  } finally {
    twilio.closeAllConnections();
    await new Promise((closed) => twilio.close(closed));
  }
});

test('4.3: an SMS about a service center that reaches nobody is followed by a mail; one that is sent is not', async () => {
  const id = await place();
  const { id: _id, ...appointment } = appointmentOf(['scheduled'], {
    id: randomUUID(),
    order_id: id,
    type: 'patient_service_center',
    provider: 'quest',
  });
  await collectionOf(api.store.appointments).insertOne({
    _id,
    ...appointment,
    created_at: new Date(),
    updated_at: new Date(),
  });
  const refusing: SmsSender = {
    send: async () => {
      throw new SmsRefused(21614);
    },
  };
  mailed.length = 0;
  await sending(loggedSms(api.store)).sendAppointmentSms(_id, 1, 'appointment_confirmed');
  expect(mailed).toEqual([]);
  await expect(sending(refusing).sendAppointmentSms(_id, 1, 'appointment_confirmed')).rejects.toThrow('No SMS can be');
  expect(mailed).toEqual([_id]);
  await settings(id, { sms_enabled: false });
  await sending(loggedSms(api.store)).sendAppointmentSms(_id, 1, 'appointment_confirmed');
  expect(mailed).toEqual([_id, _id]);
});

test('G6: whether mail is wanted is asked of the one who is mailed: a minor’s guardian', async () => {
  const id = await place();
  const guardian = {
    ...{ first_name: 'Maria', last_name: 'Bell', phone_number: '+16025550177', email: `${id}@guardians.example` },
    ...{ address: {}, household_income: null, household_size: null },
  };
  const minor = { 'order.patient.dob': '2015-06-01', 'order.patient.medical_proxy': guardian };
  await collectionOf(api.store.orders).updateOne({ _id: id }, { $set: minor });
  const { team_id } = await api.store.orders.findById(id).orFail().lean();
  const token = await unsubscribeToken(api.store, Buffer.alloc(32), team_id, guardian.email);
  const recipient = await findUnsubscribeLink(api.store, token);
  expect((await settings(id)).body).toMatchObject({ email_unsubscribed: false });
  await unsubscribe(api.store, recipient as NonNullable<typeof recipient>);
  expect((await settings(id)).body).toMatchObject({ email_unsubscribed: true });
});
