/** Venule's adapter and the sandbox providers, which know each other by docs/phlebotomy.md only. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { AppointmentProvider } from '../../domain/appointments/appointment.ts';
import { type PhlebotomyEvent, readPhlebotomyEvent } from '../../partners/phlebotomy/events.ts';
import type { PhlebotomyEndpoint } from '../../partners/phlebotomy/phlebotomy-adapter.ts';
import { adapterFor } from '../../partners/phlebotomy/registry.ts';
import { type Sandbox, startSandbox } from '../../sandbox/lab/server.ts';
import { until } from '../support/until.ts';

const key = 'phlebotomy-key';
const secret = `whsec_${Buffer.from('a secret of the phlebotomy companies').toString('base64')}`;
const never = new AbortController().signal;

let dataDir: string;
let sandbox: Sandbox;
let receiver: Server;
const events: PhlebotomyEvent[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'venule-phlebotomy-'));
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      events.push(readPhlebotomyEvent(request.headers, Buffer.concat(chunks), [secret]));
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((listening) => receiver.listen(0, '127.0.0.1', listening));
  sandbox = await startSandbox({
    port: 0,
    host: '127.0.0.1',
    dataDir,
    resultsUrl: 'http://127.0.0.1:9/{lab}',
    user: 'lab',
    password: 'secret',
    phlebotomy: { key, secret, eventsUrl: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/{provider}` },
  });
});

afterAll(async () => {
  await sandbox.close();
  receiver.closeAllConnections();
  await new Promise((closed) => receiver.close(closed));
  await rm(dataDir, { recursive: true, force: true });
});

const at = (provider: AppointmentProvider): PhlebotomyEndpoint => ({
  url: `${sandbox.url}/phlebotomy/${provider}`,
  key,
  timeoutMs: 5_000,
});
const phoenix = {
  first_line: '123 W Lincoln St',
  second_line: 'Unit 4',
  city: 'Phoenix',
  state: 'AZ',
  zip_code: '85004',
  access_notes: 'Gate code 1234',
};
const onalaska = { ...phoenix, first_line: '9 Oak Ave', city: 'Onalaska', state: 'WI', zip_code: '54650' };
const visit = {
  patient: {
    first_name: 'Ana',
    last_name: 'Núñez',
    dob: '1985-03-12',
    gender: 'female' as const,
    phone_number: '+16025550123',
    email: 'ana@example.com',
  },
  access_notes: 'Gate code 1234',
  appointment_notes: 'Left arm',
  requisition_number: 'VN0000012345',
  tests: [{ code: '322000', name: 'Metabolic panel' }],
};
const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);

it('a visit with a provider of slots: offered, booked once, found, moved, and cancelled', async () => {
  const provider = adapterFor('getlabs');
  const endpoint = at('getlabs');
  expect(await provider.coverage('85004', endpoint, never)).toEqual({
    served: true,
    service_types: ['appointment-ready'],
  });
  const question = { address: phoenix, start_date: tomorrow, days: 7 };
  const { time_zone, slots } = await provider.availability(question, endpoint, never);
  const [first, second] = slots;
  if (!first || !second) throw new Error('The sandbox offers no slots');
  expect(time_zone).toBe('America/Phoenix');

  const booking = { ...visit, reference: 'order-1:visit-1', address: phoenix, booking_key: first.booking_key };
  const booked = await provider.book(booking, endpoint, never);
  expect(booked).toMatchObject({ status: 'scheduled', start: first.start, access_notes: 'Gate code 1234' });
  expect((await provider.book(booking, endpoint, never)).id).toBe(booked.id);
  expect((await provider.findByReference(booking.reference, endpoint, never))?.id).toBe(booked.id);
  expect(await provider.findByReference('order-1:visit-2', endpoint, never)).toBeNull();

  const moved = await provider.reschedule(
    {
      appointment_id: booked.id,
      idempotency_key: 'order-1:reschedule-1',
      booking_key: second.booking_key,
      access_notes: 'Gate code 1234',
      appointment_notes: 'Right arm',
    },
    endpoint,
    never,
  );
  expect(moved).toMatchObject({ id: booked.id, start: second.start, appointment_notes: 'Right arm' });

  const withdrawal = { appointment_id: booked.id, idempotency_key: 'order-1:cancel', reason: 'Other', notes: null };
  expect(await provider.cancel(withdrawal, endpoint, never)).toMatchObject({ status: 'cancelled' });
  await expect(
    provider.reschedule({ ...withdrawal, ...visit, booking_key: first.booking_key }, endpoint, never),
  ).rejects.toMatchObject({ name: 'BookingRefused' });
});

it('a visit with a provider that finds the time, and tells of it as it goes', async () => {
  const provider = adapterFor('phlebfinders');
  const requested = await provider.request(
    { ...visit, reference: 'order-2:visit-1', address: onalaska },
    at('phlebfinders'),
    never,
  );
  expect(requested).toMatchObject({ status: 'pending', start: null, end: null });

  const simulate = `${sandbox.url}/sandbox/phlebotomy/phlebfinders/appointments/${requested.id}/simulate`;
  const body = JSON.stringify({ status: 'completed', delay_seconds: 0 });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  expect(await fetch(simulate, { method: 'POST', headers, body })).toMatchObject({ ok: true });
  await until(() => events.length === 3);
  expect(new Set(events.map(({ report }) => report.status))).toEqual(
    new Set(['scheduled', 'in_progress', 'completed']),
  );
  for (const { reference, report } of events) {
    expect(reference).toBe('order-2:visit-1');
    expect(report).toMatchObject({
      provider_appointment_id: requested.id,
      start_at: expect.any(String),
      time_zone: 'America/Chicago',
    });
  }
});

it('a place at a service center', async () => {
  const provider = adapterFor('quest');
  const [center] = await provider.locations({ zip: '85004', radius_miles: 25 }, at('quest'), never);
  if (!center) throw new Error('The sandbox has no service center near 85004');
  const question = { location_codes: [center.code], start_date: tomorrow, days: 7 };
  const { slots } = await provider.availability(question, at('quest'), never);
  const [slot] = slots;
  if (!slot) throw new Error('The service center has no slot');
  expect(slot.location_code).toBe(center.code);
  const booking = { ...visit, reference: 'order-3:visit-1', address: null, booking_key: slot.booking_key };
  expect(await provider.book(booking, at('quest'), never)).toMatchObject({ location_code: center.code });
});
