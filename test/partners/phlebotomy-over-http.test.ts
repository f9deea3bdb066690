/** The conversation with a phlebotomy provider over HTTP, with a server that answers as providers do on good and bad days. */
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { UsAddress } from '../../domain/appointments/appointment.ts';
import { freePort } from '../../local/parts/ports.ts';
import { PartnerUnreachable } from '../../partners/partner-unreachable.ts';
import { LONGEST_ANSWER } from '../../partners/phlebotomy/json-over-http.ts';
import {
  BookingRefused,
  type PhlebotomyEndpoint,
  REFUSAL_CODES,
} from '../../partners/phlebotomy/phlebotomy-adapter.ts';
import { adapterFor, PROVIDERS } from '../../partners/phlebotomy/registry.ts';

interface Heard {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: unknown;
}

const adapter = adapterFor('getlabs');
const never = new AbortController().signal;

let server: Server;
let at: PhlebotomyEndpoint;
let answer: (response: ServerResponse) => void;
let heard: Heard[];

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const text = Buffer.concat(chunks).toString();
      heard.push({ method, path, headers, body: text ? JSON.parse(text) : null });
      answer(response);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/phlebotomy/getlabs/`;
  at = { url, key: 'pk_test', timeoutMs: 5_000 };
});

beforeEach(() => {
  heard = [];
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

const answering =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  };

const address: UsAddress = {
  first_line: '12 Elm Street',
  second_line: 'Apt 4',
  city: 'Phoenix',
  state: 'AZ',
  zip_code: '85004',
  access_notes: 'Gate code 1234',
};
const visit = {
  reference: 'order-1:visit-1',
  patient: {
    first_name: 'Ana',
    last_name: 'Núñez',
    dob: '1985-03-12',
    gender: 'female' as const,
    phone_number: '+16025550123',
    email: 'ana@example.com',
  },
  address,
  access_notes: 'Gate code 1234',
  appointment_notes: 'Left arm',
  requisition_number: 'VN0000012345',
  tests: [{ code: '322000', name: 'Metabolic panel' }],
};
const booking = { ...visit, booking_key: 'slot-7' };
const appointment = {
  id: 'gl_1',
  reference: visit.reference,
  status: 'scheduled',
  start: '2026-12-01T09:00:00-07:00',
  end: '2026-12-01T17:00:00Z',
  timezone: 'America/Phoenix',
  number: 'GL-001',
  access_notes: 'Gate code 1234',
  appointment_notes: 'Left arm',
};

const book = () => adapter.book(booking, at, never);
const thrown = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: unknown) => error,
  );

describe('a phlebotomy provider', () => {
  it('is asked where it works', async () => {
    answer = answering(200, { served: true, service_types: ['appointment-ready'] });
    await expect(adapter.coverage('85004', at, never)).resolves.toEqual({
      served: true,
      service_types: ['appointment-ready'],
    });
    expect(heard).toMatchObject([{ method: 'GET', path: '/phlebotomy/getlabs/v1/coverage?zip=85004', body: null }]);
    expect(heard[0]?.headers).toMatchObject({ authorization: 'Bearer pk_test' });
    expect(heard[0]?.headers).not.toHaveProperty('idempotency-key');
  });

  it('is asked for its service centers, which come nearest first', async () => {
    const center = (code: string, distance_miles: number) => ({
      code,
      name: `Center ${code}`,
      address: { first_line: '1 Oak St', second_line: null, city: 'Phoenix', state: 'AZ', zip: '85006' },
      location: { lng: -112, lat: 33 },
      distance_miles,
      timezone: 'America/Phoenix',
      phone: null,
      hours: { monday: '07:00-12:00' },
    });
    answer = answering(200, { locations: [center('B', 9), center('A', 2)] });
    const centers = await adapter.locations({ zip: '85004', radius_miles: 25 }, at, never);
    expect(centers.map(({ code }) => code)).toEqual(['A', 'B']);
    expect(centers[0]).toMatchObject({ time_zone: 'America/Phoenix', address: { zip_code: '85006' } });
    expect(heard[0]?.path).toBe('/phlebotomy/getlabs/v1/locations?zip=85004&radius_miles=25');
  });

  it('is asked for service centers by their codes', async () => {
    const center = {
      code: 'A B',
      name: 'Center A',
      address: { first_line: '1 Oak St', second_line: null, city: 'Phoenix', state: 'AZ', zip: '85006' },
      location: { lng: -112, lat: 33 },
      timezone: 'America/Phoenix',
      phone: null,
    };
    answer = answering(200, { locations: [center] });
    const centers = await adapter.locationsByCode(['A B', 'C'], at, never);
    expect(centers).toMatchObject([{ code: 'A B', time_zone: 'America/Phoenix', address: { zip_code: '85006' } }]);
    expect(heard[0]?.path).toBe('/phlebotomy/getlabs/v1/locations?codes=A+B%2CC');
  });

  it('is asked for slots at an address, or at service centers', async () => {
    const slot = { booking_key: 'k', start: '2026-12-01T16:00:00Z', end: '2026-12-01T17:00:00Z', expires_at: null };
    answer = answering(200, {
      timezone: 'America/Phoenix',
      slots: [{ ...slot, price_cents: 3500, is_priority: false, free: 2 }],
    });
    const days = { start_date: '2026-12-01', days: 14 };
    const { time_zone, slots } = await adapter.availability({ address, ...days }, at, never);
    expect(time_zone).toBe('America/Phoenix');
    expect(slots).toMatchObject([{ booking_key: 'k', start: '2026-12-01T16:00:00.000Z', location_code: null }]);
    await adapter.availability({ location_codes: ['A'], ...days }, at, never);
    expect(heard.map(({ body }) => body)).toEqual([
      {
        address: { first_line: '12 Elm Street', second_line: 'Apt 4', city: 'Phoenix', state: 'AZ', zip: '85004' },
        ...days,
      },
      { location_codes: ['A'], ...days },
    ]);
  });

  it('B1, B2: hears both notes with every booking, under our reference', async () => {
    answer = answering(201, appointment);
    await expect(book()).resolves.toEqual({
      id: 'gl_1',
      reference: visit.reference,
      status: 'scheduled',
      start: '2026-12-01T16:00:00.000Z',
      end: '2026-12-01T17:00:00.000Z',
      time_zone: 'America/Phoenix',
      location_code: null,
      number: 'GL-001',
      access_notes: 'Gate code 1234',
      appointment_notes: 'Left arm',
      updated_at: null,
    });
    expect(heard).toMatchObject([{ method: 'POST', path: '/phlebotomy/getlabs/v1/appointments' }]);
    expect(heard[0]?.headers).toMatchObject({
      'idempotency-key': visit.reference,
      'content-type': 'application/json',
    });
    expect(heard[0]?.body).toEqual({
      ...booking,
      address: { first_line: '12 Elm Street', second_line: 'Apt 4', city: 'Phoenix', state: 'AZ', zip: '85004' },
    });
  });

  it('may find the time itself', async () => {
    answer = answering(201, { ...appointment, status: 'pending', start: null, end: null, timezone: null });
    const requested = await adapter.request({ ...visit, address: null }, at, never);
    expect(requested).toMatchObject({ status: 'pending', start: null, end: null });
    expect(heard[0]?.path).toMatch(/\/v1\/appointment-requests$/);
    expect(heard[0]?.body).not.toHaveProperty('address');
  });

  it('finds a booking by our reference, or says that there is none', async () => {
    answer = answering(200, appointment);
    await expect(adapter.findByReference(visit.reference, at, never)).resolves.toMatchObject({ id: 'gl_1' });
    expect(heard[0]?.path).toMatch(/\/v1\/appointments\?reference=order-1%3Avisit-1$/);
    answer = answering(404, { error: 'not_found', message: 'No such appointment' });
    await expect(adapter.findByReference(visit.reference, at, never)).resolves.toBeNull();
  });

  it('B1: hears the access notes again when it is rescheduled', async () => {
    answer = answering(200, appointment);
    const notes = { access_notes: 'Gate code 1234', appointment_notes: 'Right arm' };
    const change = { appointment_id: 'gl/1', idempotency_key: 'order-1:reschedule-1', booking_key: 'slot-8', ...notes };
    await adapter.reschedule(change, at, never);
    expect(heard).toMatchObject([
      {
        method: 'PATCH',
        path: '/phlebotomy/getlabs/v1/appointments/gl%2F1',
        body: { booking_key: 'slot-8', ...notes },
      },
    ]);
    expect(heard[0]?.headers['idempotency-key']).toBe('order-1:reschedule-1');
  });

  it('cancels', async () => {
    answer = answering(200, { ...appointment, status: 'cancelled' });
    const withdrawal = { appointment_id: 'gl_1', idempotency_key: 'order-1:cancel', reason: 'Other', notes: null };
    await expect(adapter.cancel(withdrawal, at, never)).resolves.toMatchObject({ status: 'cancelled' });
    expect(heard).toMatchObject([
      {
        method: 'POST',
        path: '/phlebotomy/getlabs/v1/appointments/gl_1/cancel',
        body: { reason: 'Other', notes: null },
      },
    ]);
  });

  it.each(REFUSAL_CODES)('refuses for good: %s', async (code) => {
    answer = answering(409, { error: code, message: 'No.' });
    const error = await thrown(book());
    expect(error).toBeInstanceOf(BookingRefused);
    expect(error).toMatchObject({ provider: 'getlabs', code, message: 'No.' });
  });

  it('may refuse for a reason of its own', async () => {
    answer = answering(422, { error: 'moon_phase' });
    expect(await thrown(book())).toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('moon_phase'),
    });
  });
});

describe('a phlebotomy provider from which no decision can be had', () => {
  it.each([
    [500, 'unavailable'],
    [503, 'unavailable'],
    [429, 'unavailable'],
    [401, 'credentials'],
    [404, 'configuration'],
    [301, 'configuration'],
  ])('answers %i', async (status, fault) => {
    answer = answering(status, '<html>', { 'retry-after': '7', location: '/elsewhere' });
    const error = await thrown(book());
    expect(error).toBeInstanceOf(PartnerUnreachable);
    expect(error).toMatchObject({ partner: 'Phlebotomy provider getlabs', fault });
    if (fault === 'unavailable') expect(error).toMatchObject({ retryAfterMs: 7_000 });
    expect(heard).toHaveLength(1);
  });

  it.each([
    ['no JSON', 'OK'],
    ['another thing', { ok: true }],
    ['a status that does not exist', { ...appointment, status: 'confirmed' }],
    ['a visit without a time', { ...appointment, start: null, end: null }],
    ['a visit that ends before it begins', { ...appointment, end: '2026-12-01T15:00:00Z' }],
    ['a time that is none', { ...appointment, start: 'tomorrow' }],
    ['a zone that is none', { ...appointment, timezone: 'Arizona/Nowhere' }],
  ])('answers nonsense: %s', async (_what, body) => {
    answer = answering(200, body);
    const error = await thrown(book());
    expect(error).toBeInstanceOf(PartnerUnreachable);
    expect(error).toMatchObject({ fault: 'answer' });
    expect((error as Error).message).not.toContain('Gate code');
  });

  it('2.5: answers without end, and is read no further than any answer goes', async () => {
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      answer = (response) => {
        const part = Buffer.alloc(256 * 1024, '[');
        const more = () => {
          for (let room = true; room && !response.destroyed; sent += part.length) room = response.write(part);
        };
        response.on('drain', more).on('close', resolve).writeHead(200);
        more();
      };
    });
    const error = await thrown(adapter.book(booking, { ...at, timeoutMs: 30_000 }, never));
    expect(error).toMatchObject({ fault: 'answer' });
    await closed;
    expect(sent).toBeLessThan(8 * LONGEST_ANSWER);
  });

  it('gives no answer in time', async () => {
    answer = () => {};
    const error = await thrown(adapter.book(booking, { ...at, timeoutMs: 100 }, never));
    expect(error).toMatchObject({ fault: 'timeout' });
  });

  it('hangs up', async () => {
    answer = (response) => response.destroy();
    expect(await thrown(book())).toMatchObject({ fault: 'connection' });
  });

  it('is not there', async () => {
    const nowhere = await freePort();
    const error = await thrown(adapter.book(booking, { ...at, url: `http://127.0.0.1:${nowhere}` }, never));
    expect(error).toMatchObject({ fault: 'connection' });
  });

  it('is given up on when the caller does', async () => {
    answer = () => {};
    const caller = new AbortController();
    const call = thrown(adapter.book(booking, at, caller.signal));
    caller.abort(new Error('The worker stops'));
    expect(await call).toMatchObject({ message: 'The worker stops' });
  });
});

it('there are providers that come to the patient, with slots or on request, and one that does not', () => {
  const kinds = Object.entries(PROVIDERS).map(([name, { type, tier }]) => [name, type, tier]);
  expect(kinds).toEqual([
    ['getlabs', 'phlebotomy', 'appointment-ready'],
    ['phlebfinders', 'phlebotomy', 'appointment-request'],
    ['quest', 'patient_service_center', 'appointment-ready'],
  ]);
});
