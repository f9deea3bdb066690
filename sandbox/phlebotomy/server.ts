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
import { COMPANIES, type Company, covers, placeOf, reaches } from './providers.ts';
import { Reception } from './reception.ts';
import { centresNamed, centresNear, type ServiceCentre } from './service-centers.ts';
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
  /** Where events go, `{provider}` standing for the company's slug. */
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

/** Opens the companies, whose journal lives in a folder. Throws when the secret cannot sign. */
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
    (name: Call, handle: (request: Request, company: Company) => Answer): RequestHandler =>
    async (request, response) => {
      const company = companyOf(request);
      const fault = faults.ofCall(company.provider, name);
      if (fault && !fault.after_accept && (await trouble(fault, request, response))) return;
      const answer = answerOf(() => handle(request, company));
      await book.flush();
      if (fault?.after_accept && (await trouble(fault, request, response))) return;
      response.status(answer.status).json(answer.body);
    };

  /** A call that changes an appointment, once for each Idempotency-Key. */
  const change = (name: Call, decide: (request: Request, company: Company) => ReturnType<Reception['book']>) =>
    call(name, (request, company) => {
      const key = request.get('idempotency-key');
      if (!key) throw new Refusal('invalid_request', 'Idempotency-Key is missing');
      const fingerprint = createHash('sha256')
        .update(`${request.method} ${request.originalUrl} ${JSON.stringify(request.body)}`)
        .digest('base64');
      const answer = book.once({ provider: company.provider, key, fingerprint }, () => decide(request, company));
      if (answer.status < 300) goOn(book.get(company.provider, (answer.body as { id: string }).id));
      return answer;
    });

  const goOn = (appointment: Appointment) => {
    walks.run(appointment);
    callbacks.start(appointment);
  };

  const wire = Router();
  wire.get(
    '/:provider/v1/coverage',
    call('coverage', (request, company) => {
      const served = covers(company, AreaQuestion.parse(request.query).zip);
      return {
        status: 200,
        body: { served, service_types: served && company.serviceType ? [company.serviceType] : [] },
      };
    }),
  );
  wire.get(
    '/:provider/v1/locations',
    call('locations', (request, company) => {
      const question = LocationsQuestion.parse(request.query);
      return { status: 200, body: { locations: company.area ? [] : locationsFor(company, question) } };
    }),
  );
  wire.post(
    '/:provider/v1/availability',
    call('availability', (request, company) => {
      const { address, location_codes, start_date, days } = AvailabilityQuestion.parse(request.body);
      const places = company.area ? [areaPlace(company, address)] : centrePlaces(company, location_codes);
      return { status: 200, body: reception.availability(company, places, start_date, days) };
    }),
  );
  wire.post(
    '/:provider/v1/appointments',
    change('book', (request, company) => reception.book(company, Booking.parse(request.body))),
  );
  wire.post(
    '/:provider/v1/appointment-requests',
    change('request', (request, company) => reception.request(company, RequestBody.parse(request.body))),
  );
  wire.get(
    '/:provider/v1/appointments',
    call('read', (request, company) => {
      const { reference } = z.object({ reference: z.string() }).parse(request.query);
      const appointment = book.byReference(company.provider, reference);
      if (!appointment) throw new Refusal('not_found', `there is no appointment with the reference ${reference}`);
      return { status: 200, body: wireAppointment(appointment) };
    }),
  );
  wire.get(
    '/:provider/v1/appointments/:id',
    call('read', (request, company) => ({ status: 200, body: wireAppointment(appointmentOf(request, company)) })),
  );
  wire.patch(
    '/:provider/v1/appointments/:id',
    change('reschedule', (request, company) =>
      reception.reschedule(company, appointmentOf(request, company), Reschedule.parse(request.body)),
    ),
  );
  wire.post(
    '/:provider/v1/appointments/:id/cancel',
    change('cancel', (request, company) =>
      reception.cancel(appointmentOf(request, company), Cancellation.parse(request.body)),
    ),
  );

  const steering = Router();
  steering.post('/faults', (request, response) => {
    const fault = Fault.parse(request.body);
    if (!COMPANIES.has(fault.provider)) throw new Refusal('not_found', `there is no company ${fault.provider}`);
    faults.set(fault);
    response.json(fault);
  });
  steering.post('/:provider/confirmation', (request, response) => {
    const confirmation = ConfirmationBody.parse(request.body);
    reception.confirm(companyOf(request), confirmation);
    response.json(confirmation);
  });
  steering.get('/:provider/appointments', (request, response) => {
    const { provider } = companyOf(request);
    const own = book.all().filter((appointment) => appointment.provider === provider);
    response.json({ appointments: own.map((appointment) => view(appointment, callbacks)) });
  });
  steering.get('/:provider/appointments/:id', (request, response) => {
    response.json(view(appointmentOf(request, companyOf(request)), callbacks));
  });
  steering.post('/:provider/appointments/:id/simulate', async (request, response) => {
    const appointment = appointmentOf(request, companyOf(request));
    const steps = stepsTo(appointment, Simulation.parse(request.body));
    book.change({ type: 'planned', id: appointment.id, steps });
    goOn(appointment);
    await book.flush();
    response.json({ planned: steps.map(({ status }) => status), appointment: view(appointment, callbacks) });
  });

  const appointmentOf = (request: Request, { provider }: Company) => book.get(provider, String(request.params.id));

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

function companyOf(request: Request): Company {
  const provider = String(request.params.provider);
  const company = COMPANIES.get(provider);
  if (!company) throw new Refusal('not_found', `there is no company ${provider}`);
  return company;
}

function locationsFor({ provider }: Company, question: z.infer<typeof LocationsQuestion>): object[] {
  const shown = ({ slotMinutes, provider: _ours, ...centre }: ServiceCentre) => centre;
  if ('codes' in question) return centresNamed(provider, question.codes).map(shown);
  return centresNear(provider, question.zip, question.radius_miles).map(({ centre, miles }) => ({
    ...shown(centre),
    distance_miles: Math.round(miles * 10) / 10,
  }));
}

function areaPlace(company: Company, address: z.infer<typeof AvailabilityQuestion>['address']): Place {
  if (!address) throw new Refusal('invalid_request', 'address: say where the visit is to be');
  const place = placeOf(company, null);
  if (!place || company.serviceType !== 'appointment-ready' || !reaches(company, address)) {
    throw new Refusal('not_served', `${company.provider} has no slots for this address`);
  }
  return place;
}

function centrePlaces(company: Company, codes: string[] | undefined): Place[] {
  if (!codes) throw new Refusal('invalid_request', 'location_codes: say which service centers');
  if (!company.serviceType)
    throw new Refusal('not_served', `${company.provider} takes no appointments: patients walk in`);
  return codes.map((code) => {
    const place = placeOf(company, code);
    if (!place) throw new Refusal('not_found', `there is no service center ${code}`);
    return place;
  });
}

/** All that the company holds about an appointment. */
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
