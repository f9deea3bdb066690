/** The flow that the product was conceived for, through the SDK: requisition, booking, visit, laboratory, results. */
import { randomUUID } from 'node:crypto';
import { JunctionClient } from '@junction-api/sdk';
import { createApiKey, createTeam } from '../../../store/access/teams.ts';
import type { TeamOptions } from '../../../store/collections/access.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import { createEndpoint } from '../../../store/outbox/webhook-endpoints.ts';
import { newSigningSecret } from '../../../webhooks/signature.ts';
import { checkedFetch, type OpenApi } from '../../support/openapi-check.ts';
import { labMessage } from '../../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { until } from '../../support/until.ts';
import { type Receiver, startReceiver } from '../../webhooks/scene.ts';

const AT_HOME_TEST = 'b664b6df-30ed-4cd6-bb65-124405ca734c';
const PHOENIX = { firstLine: '412 West Lincoln Street', city: 'Phoenix', state: 'AZ' };

let venule: InProcessVenule;
let sdk: JunctionClient;
let receiver: Receiver;

beforeAll(async () => {
  venule = await startVenule();
  receiver = await startReceiver();
});
afterAll(async () => {
  await venule?.close();
  await receiver?.close();
});

/** A team that is told of everything, with the SDK set up for it. */
async function teamWith(options: Partial<TeamOptions>): Promise<void> {
  const team = await createTeam(venule.store, { name: 'Northwind Health', environment: 'sandbox', options });
  const endpoint = { url: receiver.url, description: '', rate_limit: null, disabled: false, filter_types: null };
  await createEndpoint(venule.store, team._id, endpoint, newSigningSecret());
  const { key: apiKey } = await createApiKey(venule.store, team, 'tests');
  const { url: baseUrl } = venule.api;
  const openApi = (await (await fetch(`${baseUrl}/openapi.json`)).json()) as OpenApi;
  sdk = new JunctionClient({ apiKey, baseUrl, maxRetries: 0, fetch: checkedFetch(openApi) });
}

/** Orders as a backend does, and waits for the requisition. */
async function order(phoneNumber: string): Promise<OrderDocument> {
  const { userId } = await sdk.user.create({ clientUserId: randomUUID() });
  const { order: placed } = await sdk.labTests.createOrder({
    userId,
    orderSet: { labTestIds: [AT_HOME_TEST] },
    collectionMethod: 'at_home_phlebotomy',
    patientDetails: {
      firstName: 'Ada',
      lastName: 'Lovelace',
      dob: '1985-12-10',
      gender: 'female',
      phoneNumber,
      email: `${userId}@patients.example`,
    },
    patientAddress: { ...PHOENIX, zip: '85004', country: 'US', accessNotes: 'Gate code 4411, ring twice' },
  });
  return venule.reaches(placed.id, 'requisition_created');
}

/** Ordered, booked, rescheduled with other notes, visited, reported. */
async function journey(document: OrderDocument) {
  const orderId = document._id;
  const { slots } = await sdk.labTests.getPhlebotomyAppointmentAvailability({
    body: { ...PHOENIX, zipCode: '85004' },
  });
  const [first, second] = slots.slice(1).flatMap((day) => day.slots);
  if (!first || !second) throw new Error('No slots were offered');
  const booked = await sdk.labTests.bookPhlebotomyAppointment({
    orderId,
    body: { bookingKey: String(first.bookingKey), appointmentNotes: 'Faints easily' },
  });
  const moved = await sdk.labTests.reschedulePhlebotomyAppointment({
    orderId,
    body: { bookingKey: String(second.bookingKey), appointmentNotes: 'Faints easily; left arm only' },
  });
  const visit = `/sandbox/phlebotomy/getlabs/appointments/${moved.providerId}`;
  await venule.atProvider(`${visit}/simulate`, { status: 'in_progress' });
  await until(async () => (await sdk.labTests.getPhlebotomyAppointment({ orderId })).status === 'in_progress');
  await venule.atProvider(`${visit}/simulate`, { status: 'completed' });
  await venule.reaches(orderId, 'draw_completed');
  await venule.deliver(document.order.lab_slug, labMessage(venule.catalogue, document.order));
  await venule.reaches(orderId, 'completed');
  return { first, second, booked, moved, atProvider: await venule.atProvider(visit) };
}

const STATUSES = [
  'ordered',
  'requisition_created',
  'appointment_pending',
  'appointment_scheduled',
  'appointment_scheduled',
  'draw_completed',
  'completed',
];

test('A1–A7, B1, B2: an at-home order is booked, moved with other notes, visited, reported, and told of at every step', async () => {
  await teamWith({ email_enabled: true, sms_enabled: false, results_ready_mail: true });
  const document = await order('+16025550143');
  const { id, patient } = document.order;
  const { first, second, booked, moved, atProvider } = await journey(document);
  const handle = await venule.ended(document.order);

  expect(booked).toMatchObject({ orderId: id, status: 'confirmed', provider: 'getlabs', startAt: first.start });
  expect(moved).toMatchObject({ id: booked.id, status: 'confirmed', startAt: second.start });
  expect(moved.address.accessNotes).toBe('Gate code 4411, ring twice');
  expect(moved.appointmentNotes).toBe('Faints easily; left arm only');
  expect(atProvider.notes).toEqual([
    expect.objectContaining({ access_notes: 'Gate code 4411, ring twice', appointment_notes: 'Faints easily' }),
    expect.objectContaining({
      access_notes: 'Gate code 4411, ring twice',
      appointment_notes: 'Faints easily; left arm only',
    }),
  ]);

  const ended = await sdk.labTests.getOrder({ orderId: id });
  expect(ended.events.map(({ status }) => status.split('.').at(-1))).toEqual(STATUSES);
  expect(ended).toMatchObject({ status: 'completed', orderTransaction: { status: 'completed' } });
  const results = await sdk.labTests.getResultRaw({ orderId: id });
  expect(results).toMatchObject({ metadata: { status: 'final' }, missingResults: [] });

  const told = await until(() => {
    const bodies = receiver.received.map(({ body }) => JSON.parse(body.toString()));
    const ours = bodies.filter(({ data }) => data.id === id || data.order_id === id);
    return ours.length >= 11 && ours;
  });
  const of = (type: string) => told.filter(({ event_type }) => event_type === `labtest.${type}`);
  const lastOf = ({ data }: { data: { events: { status: string }[] } }) => data.events.at(-1)?.status.split('.').at(-1);
  expect(of('order.created').map(lastOf)).toEqual(['ordered']);
  expect(of('order.updated').map(lastOf)).toEqual(STATUSES.slice(1));
  expect(of('appointment.created').map(lastOf)).toEqual(['scheduled']);
  expect(of('appointment.updated').map(lastOf)).toEqual(['scheduled', 'in_progress', 'completed']);
  expect(of('appointment.updated')[0].data).toMatchObject({ id: booked.id, event_data: { is_reschedule: true } });
  expect(told).toHaveLength(11);

  const mails = venule.mails.filter(({ to }) => to?.[0]?.address === patient.email);
  const ids = [
    `${id}.requisition_ready`,
    ...[1, 2].map((number) => `${id}.appointment.${moved.id}.${number}`),
    `${id}.results_ready`,
  ];
  expect(mails.map(({ messageId }) => messageId).sort()).toEqual(ids.map((each) => `<${each}@venule>`).sort());
  expect(await venule.store.sentMessages.countDocuments({ to: patient.phone_number })).toBe(0);

  const { events } = await handle.fetchHistory();
  expect(events?.length).toBeLessThanOrEqual(84);
});

test('by SMS alone, a patient is told of order, requisition, appointment, draw and results', async () => {
  await teamWith({ email_enabled: false, sms_enabled: true, results_ready_mail: true });
  const phoneNumber = '+16025550144';
  const document = await order(phoneNumber);
  await journey(document);
  await venule.ended(document.order);
  expect(await venule.store.sentMessages.countDocuments({ to: phoneNumber })).toBe(6);
  const mailed = venule.mails.map(({ to }) => to?.[0]?.address);
  expect(mailed).not.toContain(document.order.patient.email);
});
