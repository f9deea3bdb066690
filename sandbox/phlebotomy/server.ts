/** The sandbox phlebotomy providers: docs/phlebotomy.md over HTTP. */
import { createHash, timingSafeEqual } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import express, { type NextFunction, type Request, type RequestHandler, type Response, Router } from 'express';
import { ZodError, z } from 'zod';
import type { Backoff } from '../lab/delivery.ts';
import { type Appointment, AppointmentBook, wireAppointment } from './appointments.ts';
import { BookingKeys } from './booking-key.ts';
import { Callbacks, type Warn } from './callbacks.ts';
import { type Call, Fault, Faults } from './faults.ts';
import { covers, PROVIDERS, type Provider, placeOf, reaches } from './providers.ts';
import { Reception } from './reception.ts';
import { centersNamed, centersNear, type ServiceCenter } from './service-centers.ts';
import type { Place } from './slots.ts';
import { Simulation, stepsTo, Walks } from './walk.ts';
import {
  type Answer,
  AreaQuestion,
  AvailabilityQuestion,
  Booking,
  Cancellation,
  LocationsQuestion,
  Refusal,
  Request as RequestBody,
  Reschedule,
} from './wire.ts';

export interface PhlebotomyOptions {
  /** The Bearer key that callers must have. */
  key: string;
  /** Signs events: `whsec_` and base64. */
  secret: string;
  /** Where events go, `{provider}` standing for the provider's slug. */
  eventsUrl: string;
  /** How long a booking key holds, in milliseconds; fifteen minutes when absent. */
  holdMs?: number;
  /** How events are retried; from a quarter of a second to fifteen seconds when absent. */
  backoff?: Backoff;
}

export interface Phlebotomy {
  /** Answers `/phlebotomy/…` and `/sandbox/phlebotomy/…`, and leaves every other address alone. */
  router: Router;
  /** Goes on with what an earlier process left: steps to come and events that were not taken. */
  resume(): void;
  /** Walks and sends no more; a later opening of the same folder goes on where this one was. */
  close(): Promise<void>;
}

const ConfirmationBody = z.strictObject({
  answer: z.enum(['scheduled', 'reserved', 'pending']),
  after_seconds: z.number().min(0).optional(),
  reference: z.string().min(1).optional(),
});

/** Opens the providers, whose journal lives in a folder. Throws when the secret cannot sign. */
export async function openPhlebotomy(folder: string, options: PhlebotomyOptions, warn: Warn): Promise<Phlebotomy> {
  const book = await AppointmentBook.open(path.join(folder, 'phlebotomy'));
  const faults = new Faults();
  const reception = new Reception(book, new BookingKeys(options.secret), options.holdMs ?? 15 * 60_000);
  const { secret, eventsUrl: url, backoff = { first: 250, longest: 15_000 } } = options;
  const callbacks = new Callbacks(book, faults, { url, secret, backoff, warn });
  const walks = new Walks(book, (appointment) => callbacks.start(appointment));
  const stop = new AbortController();

  /** Has the trouble that was asked for; true when there is nothing left to answer. */
  const trouble = async ({ mode, delay_ms }: Fault, request: Request, response: Response): Promise<boolean> => {
    if (mode === 'slow') await sleep(delay_ms, undefined, { signal: stop.signal });
    if (mode === 'down') request.socket.destroy();
    if (mode === 'error') response.status(500).json({ error: 'internal', message: 'trouble on purpose' });
    if (mode === 'nonsense') response.type('html').send('<html>Welcome to our new website!</html>');
    if (mode === 'slot_taken') response.status(409).json({ error: mode, message: 'somebody else has this time' });
    return mode !== 'slow';
  };

  /** A call of the wire: with its trouble, and answered when what it did is on disk. */
  const call =
    (name: Call, handle: (request: Request, provider: Provider) => Answer): RequestHandler =>
    async (request, response) => {
      const provider = providerOf(request);
      const fault = faults.ofCall(provider.slug, name);
      if (fault && !fault.after_accept && (await trouble(fault, request, response))) return;
      const answer = answerOf(() => handle(request, provider));
      await book.flush();
      if (fault?.after_accept && (await trouble(fault, request, response))) return;
      response.status(answer.status).json(answer.body);
    };

  /** A call that changes an appointment, once for each Idempotency-Key. */
  const change = (name: Call, decide: (request: Request, provider: Provider) => ReturnType<Reception['book']>) =>
    call(name, (request, provider) => {
      const key = request.get('idempotency-key');
      if (!key) throw new Refusal('invalid_request', 'Idempotency-Key is missing');
      const fingerprint = createHash('sha256')
        .update(`${request.method} ${request.originalUrl} ${JSON.stringify(request.body)}`)
        .digest('base64');
      const answer = book.once({ provider: provider.slug, key, fingerprint }, () => decide(request, provider));
      if (answer.status < 300) goOn(book.get(provider.slug, (answer.body as { id: string }).id));
      return answer;
    });

  const goOn = (appointment: Appointment) => {
    walks.run(appointment);
    callbacks.start(appointment);
  };

  const wire = Router();
  wire.get(
    '/:provider/v1/coverage',
    call('coverage', (request, provider) => {
      const served = covers(provider, AreaQuestion.parse(request.query).zip);
      return {
        status: 200,
        body: { served, service_types: served && provider.serviceType ? [provider.serviceType] : [] },
      };
    }),
  );
  wire.get(
    '/:provider/v1/locations',
    call('locations', (request, provider) => {
      const question = LocationsQuestion.parse(request.query);
      return { status: 200, body: { locations: provider.area ? [] : locationsFor(provider, question) } };
    }),
  );
  wire.post(
    '/:provider/v1/availability',
    call('availability', (request, provider) => {
      const { address, location_codes, start_date, days } = AvailabilityQuestion.parse(request.body);
      const places = provider.area ? [areaPlace(provider, address)] : centerPlaces(provider, location_codes);
      return { status: 200, body: reception.availability(provider, places, start_date, days) };
    }),
  );
  wire.post(
    '/:provider/v1/appointments',
    change('book', (request, provider) => reception.book(provider, Booking.parse(request.body))),
  );
  wire.post(
    '/:provider/v1/appointment-requests',
    change('request', (request, provider) => reception.request(provider, RequestBody.parse(request.body))),
  );
  wire.get(
    '/:provider/v1/appointments',
    call('read', (request, provider) => {
      const { reference } = z.object({ reference: z.string() }).parse(request.query);
      const appointment = book.byReference(provider.slug, reference);
      if (!appointment) throw new Refusal('not_found', `there is no appointment with the reference ${reference}`);
      return { status: 200, body: wireAppointment(appointment) };
    }),
  );
  wire.get(
    '/:provider/v1/appointments/:id',
    call('read', (request, provider) => ({ status: 200, body: wireAppointment(appointmentOf(request, provider)) })),
  );
  wire.patch(
    '/:provider/v1/appointments/:id',
    change('reschedule', (request, provider) =>
      reception.reschedule(provider, appointmentOf(request, provider), Reschedule.parse(request.body)),
    ),
  );
  wire.post(
    '/:provider/v1/appointments/:id/cancel',
    change('cancel', (request, provider) =>
      reception.cancel(appointmentOf(request, provider), Cancellation.parse(request.body)),
    ),
  );

  const steering = Router();
  steering.post('/faults', (request, response) => {
    const fault = Fault.parse(request.body);
    if (!PROVIDERS.has(fault.provider)) throw new Refusal('not_found', `there is no provider ${fault.provider}`);
    faults.set(fault);
    response.json(fault);
  });
  steering.post('/:provider/confirmation', (request, response) => {
    const confirmation = ConfirmationBody.parse(request.body);
    reception.confirm(providerOf(request), confirmation);
    response.json(confirmation);
  });
  steering.get('/:provider/appointments', (request, response) => {
    const { slug: provider } = providerOf(request);
    const own = book.all().filter((appointment) => appointment.provider === provider);
    response.json({ appointments: own.map((appointment) => view(appointment, callbacks)) });
  });
  steering.get('/:provider/appointments/:id', (request, response) => {
    response.json(view(appointmentOf(request, providerOf(request)), callbacks));
  });
  steering.post('/:provider/appointments/:id/simulate', async (request, response) => {
    const appointment = appointmentOf(request, providerOf(request));
    const steps = stepsTo(appointment, Simulation.parse(request.body));
    book.change({ type: 'planned', id: appointment.id, steps });
    goOn(appointment);
    await book.flush();
    response.json({ planned: steps.map(({ status }) => status), appointment: view(appointment, callbacks) });
  });

  const appointmentOf = (request: Request, { slug: provider }: Provider) =>
    book.get(provider, String(request.params.id));

  const router = Router();
  const nothing: RequestHandler = ({ method, originalUrl }) => {
    throw new Refusal('not_found', `there is nothing at ${method} ${originalUrl}`);
  };
  const doors: RequestHandler[] = [bearer(options.key), express.json()];
  router.use('/phlebotomy', ...doors, wire, nothing, answerError);
  router.use('/sandbox/phlebotomy', ...doors, steering, nothing, answerError);

  return {
    router,
    resume() {
      for (const appointment of book.all()) goOn(appointment);
    },
    async close() {
      stop.abort();
      walks.close();
      await callbacks.close();
      await book.close();
    },
  };
}

function providerOf(request: Request): Provider {
  const slug = String(request.params.provider);
  const provider = PROVIDERS.get(slug);
  if (!provider) throw new Refusal('not_found', `there is no provider ${slug}`);
  return provider;
}

function locationsFor({ slug: provider }: Provider, question: z.infer<typeof LocationsQuestion>): object[] {
  const shown = ({ slotMinutes, provider: _ours, ...center }: ServiceCenter) => center;
  if ('codes' in question) return centersNamed(provider, question.codes).map(shown);
  return centersNear(provider, question.zip, question.radius_miles).map(({ center, miles }) => ({
    ...shown(center),
    distance_miles: Math.round(miles * 10) / 10,
  }));
}

function areaPlace(provider: Provider, address: z.infer<typeof AvailabilityQuestion>['address']): Place {
  if (!address) throw new Refusal('invalid_request', 'address: say where the visit is to be');
  const place = placeOf(provider, null);
  if (!place || provider.serviceType !== 'appointment-ready' || !reaches(provider, address)) {
    throw new Refusal('not_served', `${provider.slug} has no slots for this address`);
  }
  return place;
}

function centerPlaces(provider: Provider, codes: string[] | undefined): Place[] {
  if (!codes) throw new Refusal('invalid_request', 'location_codes: say which service centers');
  if (!provider.serviceType)
    throw new Refusal('not_served', `${provider.slug} takes no appointments: patients walk in`);
  return codes.map((code) => {
    const place = placeOf(provider, code);
    if (!place) throw new Refusal('not_found', `there is no service center ${code}`);
    return place;
  });
}

/** All that the provider holds about an appointment. */
function view(appointment: Appointment, callbacks: Callbacks) {
  const { ordered, notes, cancellation, steps, events } = appointment;
  return {
    ...wireAppointment(appointment),
    ...ordered,
    notes,
    cancellation,
    steps: steps.map(({ status, dueAt }) => ({ status, due_at: dueAt })),
    events: events.map(({ id, status, occurredAt, deliveredAt }) => ({
      id,
      status,
      occurred_at: occurredAt,
      attempts: callbacks.attempts(id),
      delivered_at: deliveredAt,
    })),
  };
}

function bearer(key: string): RequestHandler {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const wanted = digest(`Bearer ${key}`);
  return (request, response, next) => {
    if (timingSafeEqual(digest(request.get('authorization') ?? ''), wanted)) return next();
    response.set('www-authenticate', 'Bearer');
    throw new Refusal('unauthorized', 'wrong or missing key (Authorization: Bearer …)');
  };
}

/** What a call is answered, be it a refusal. */
function answerOf(handle: () => Answer): Answer {
  try {
    return handle();
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal) return refusal.answer;
    throw error;
  }
}

function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof ZodError) return new Refusal('invalid_request', z.prettifyError(error));
  const { status, message } = error as { status?: number; message?: string };
  return status && status < 500 ? new Refusal('invalid_request', message ?? 'not readable') : undefined;
}

function answerError(error: unknown, _request: Request, response: Response, _next: NextFunction): void {
  if (response.headersSent || response.destroyed) return;
  const { status, body } = refusalOf(error)?.answer ?? {
    status: 503,
    body: { error: 'unavailable', message: 'this could not be answered now' },
  };
  if (status === 503) response.set('retry-after', '1');
  response.status(status).json(body);
}
