/** The appointments of the phlebotomy providers, and everything that happened to them. */
import { Journal } from '../journal.ts';
import { PROVIDERS, placeOf } from './providers.ts';
import { capacityOf, type Place, type Visit } from './slots.ts';
import { type Answer, Refusal, type Request } from './wire.ts';

export type AppointmentStatus = 'pending' | 'reserved' | 'scheduled' | 'in_progress' | 'completed' | 'cancelled';

/** A status the provider will walk to by itself. */
export interface Step {
  status: AppointmentStatus;
  /** ISO instant. */
  dueAt: string;
  /** When the visit is to be, where that was said. */
  start?: string;
}

/** Notes as they came with one call; null where none came. */
interface NotesGiven {
  at: string;
  call: 'booking' | 'reschedule';
  access_notes: string | null;
  appointment_notes: string | null;
}

/** An event, composed and to be sent until it is taken. */
export interface ProviderEvent {
  /** The `webhook-id`. */
  id: string;
  status: AppointmentStatus;
  occurredAt: string;
  /** The body that is sent. */
  text: string;
  deliveredAt: string | null;
}

type Ordered = Pick<Request, 'patient' | 'address' | 'requisition_number' | 'tests'>;
type NotesText = Pick<Request, 'access_notes' | 'appointment_notes'>;

export interface Appointment {
  provider: string;
  id: string;
  number: string;
  reference: string;
  ordered: Ordered;
  status: AppointmentStatus;
  visit: Visit | null;
  /** The booking key the visit was booked with. */
  keyId: string | null;
  /** As they stand now. */
  current: NotesText;
  notes: NotesGiven[];
  cancellation: { reason: string; notes: string | null } | null;
  steps: Step[];
  events: ProviderEvent[];
  updatedAt: string;
}

/** One thing that happens to an appointment. */
export type Change = { id: string } & (
  | {
      type: 'booked';
      appointment: Pick<
        Appointment,
        'provider' | 'number' | 'reference' | 'ordered' | 'status' | 'visit' | 'keyId' | 'steps'
      >;
      notes: NotesText;
    }
  | { type: 'rescheduled'; visit: Visit; keyId: string; notes: NotesText }
  | { type: 'cancelled'; reason: string; notes: string | null }
  | { type: 'planned'; steps: Step[] }
  | { type: 'stepped'; status: AppointmentStatus; visit: Visit | null; eventId: string; data: object }
  | { type: 'delivered'; eventId: string }
);

interface GivenAnswer extends Answer {
  /** The provider and the `Idempotency-Key`. */
  key: string;
  /** Of the call that was answered. */
  fingerprint: string;
}

/** A line of the journal: a change and the answer to the call that asked for it stand and fall together. */
interface Entry {
  at: string;
  change?: Change;
  answer?: GivenAnswer;
}

/** Whether an appointment is neither over nor cancelled. */
export function isOpen(appointment: Appointment): boolean {
  return appointment.status !== 'completed' && appointment.status !== 'cancelled';
}

/** The place of an appointment: of its visit, or the area of the provider. */
export function placeOfAppointment({ provider, visit }: Appointment): Place {
  const known = PROVIDERS.get(provider);
  const place = known && placeOf(known, visit?.locationCode ?? null);
  if (!place) throw new Error(`${provider} has no place ${visit?.locationCode}`);
  return place;
}

/** An appointment as it goes over the wire. */
export function wireAppointment(appointment: Appointment) {
  const place = placeOfAppointment(appointment);
  return {
    id: appointment.id,
    reference: appointment.reference,
    status: appointment.status,
    start: appointment.visit?.start ?? null,
    end: appointment.visit?.end ?? null,
    timezone: place.timezone,
    location: place.location,
    ...(place.code !== null && { location_code: place.code }),
    number: appointment.number,
    ...appointment.current,
    updated_at: appointment.updatedAt,
  };
}

/** All appointments of all providers, folded from the journal. Changes happen at once; `flush` says they will last. */
export class AppointmentBook {
  readonly #journal: Journal<Entry>;
  readonly #appointments = new Map<string, Appointment>();
  readonly #byReference = new Map<string, Appointment>();
  readonly #bySlot = new Map<string, Set<Appointment>>();
  readonly #answers = new Map<string, GivenAnswer>();

  private constructor(journal: Journal<Entry>) {
    this.#journal = journal;
  }

  /** The book as the journal in a folder left it. */
  static async open(folder: string): Promise<AppointmentBook> {
    const { journal, entries } = await Journal.open<Entry>(folder);
    const book = new AppointmentBook(journal);
    for (const entry of entries) book.#apply(entry);
    return book;
  }

  all(): Appointment[] {
    return [...this.#appointments.values()];
  }

  /** Throws `not_found`. */
  get(provider: string, id: string): Appointment {
    const appointment = this.#appointments.get(id);
    if (appointment?.provider !== provider) throw new Refusal('not_found', `there is no appointment ${id}`);
    return appointment;
  }

  byReference(provider: string, reference: string): Appointment | undefined {
    return this.#byReference.get(`${provider}/${reference}`);
  }

  /** How many more visits a slot takes, one appointment's own left out of the count. */
  free(provider: string, place: Place, visit: Visit, except?: Appointment): number {
    const there = this.#bySlot.get(slotKey(provider, visit)) ?? new Set();
    const taken = except && there.has(except) ? there.size - 1 : there.size;
    return capacityOf(place, visit) - taken;
  }

  /** Whether a visit to come was booked with this key, by another appointment. */
  isKeyInUse(provider: string, keyId: string, visit: Visit, except?: Appointment): boolean {
    const there = this.#bySlot.get(slotKey(provider, visit)) ?? [];
    return [...there].some((appointment) => appointment !== except && appointment.keyId === keyId);
  }

  /**
   * Answers a call once: the same key again gets the first answer, a refusal too, and decides nothing. Throws
   * `idempotency_key_reused` when it comes with another call.
   */
  once(
    call: { provider: string; key: string; fingerprint: string },
    decide: () => { status: number; appointment: Appointment } | { status: number; change: Change },
  ): Answer {
    const key = `${call.provider}/${call.key}`;
    const { fingerprint } = call;
    const given = this.#answers.get(key);
    if (given && given.fingerprint !== fingerprint) {
      throw new Refusal('idempotency_key_reused', 'this Idempotency-Key was used for another call');
    }
    if (given) return given;
    try {
      const decision = decide();
      const at = 'change' in decision ? this.#nextInstant(decision.change.id) : new Date().toISOString();
      const change = 'change' in decision ? decision.change : undefined;
      const appointment = 'change' in decision ? this.#applyChange(at, decision.change) : decision.appointment;
      const answer = { status: decision.status, body: wireAppointment(appointment), key, fingerprint };
      this.#answers.set(key, answer);
      this.#write({ at, ...(change && { change }), answer });
      return answer;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#record({ at: new Date().toISOString(), answer: { ...error.answer, key, fingerprint } });
      return error.answer;
    }
  }

  /** Makes a change that nobody has to be answered about. */
  change(change: Change): void {
    this.#record({ at: this.#nextInstant(change.id), change });
  }

  /** Resolves when everything that has happened is on disk; rejects when it cannot be written. */
  flush(): Promise<void> {
    return this.#journal.flush();
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  /** Now, yet later than the appointment's last change, so that the order of its changes can be told from their times. */
  #nextInstant(id: string): string {
    const last = this.#appointments.get(id)?.updatedAt;
    return new Date(Math.max(Date.now(), last ? Date.parse(last) + 1 : 0)).toISOString();
  }

  #record(entry: Entry): void {
    this.#apply(entry);
    this.#write(entry);
  }

  /** A failed write shows in `flush`, and in every later one. */
  #write(entry: Entry): void {
    this.#journal.append(entry).catch(() => {});
  }

  #apply({ at, change, answer }: Entry): void {
    if (change) this.#applyChange(at, change);
    if (answer) this.#answers.set(answer.key, answer);
  }

  #applyChange(at: string, change: Change): Appointment {
    if (change.type === 'booked') return this.#enter(at, change);
    const appointment = this.#appointments.get(change.id);
    if (!appointment) throw new Error(`the journal knows no appointment ${change.id}`);
    switch (change.type) {
      case 'rescheduled':
        this.#move(appointment, change.visit, appointment.status);
        appointment.keyId = change.keyId;
        appointment.current = {
          access_notes: change.notes.access_notes ?? appointment.current.access_notes,
          appointment_notes: change.notes.appointment_notes ?? appointment.current.appointment_notes,
        };
        appointment.notes.push({ at, call: 'reschedule', ...change.notes });
        appointment.updatedAt = at;
        break;
      case 'cancelled':
        this.#move(appointment, appointment.visit, 'cancelled');
        appointment.cancellation = { reason: change.reason, notes: change.notes };
        appointment.steps = [];
        appointment.updatedAt = at;
        break;
      case 'planned':
        appointment.steps = change.steps;
        break;
      case 'stepped':
        this.#move(appointment, change.visit, change.status);
        appointment.steps = appointment.steps.slice(1);
        appointment.updatedAt = at;
        appointment.events.push(eventOf(appointment, change.eventId, change.data));
        break;
      case 'delivered':
        for (const event of appointment.events) if (event.id === change.eventId) event.deliveredAt = at;
        break;
    }
    return appointment;
  }

  #enter(at: string, { id, appointment: booked, notes }: Extract<Change, { type: 'booked' }>): Appointment {
    const appointment: Appointment = {
      ...booked,
      id,
      current: notes,
      notes: [{ at, call: 'booking', ...notes }],
      cancellation: null,
      events: [],
      updatedAt: at,
    };
    this.#appointments.set(id, appointment);
    this.#byReference.set(`${booked.provider}/${booked.reference}`, appointment);
    this.#move(appointment, booked.visit, booked.status);
    return appointment;
  }

  /** Gives the appointment a visit and a status, and its slot to it alone or back to others. */
  #move(appointment: Appointment, visit: Visit | null, status: AppointmentStatus): void {
    const { provider } = appointment;
    if (appointment.visit) this.#bySlot.get(slotKey(provider, appointment.visit))?.delete(appointment);
    appointment.visit = visit;
    appointment.status = status;
    if (!visit || status === 'cancelled') return;
    const key = slotKey(provider, visit);
    const there = this.#bySlot.get(key) ?? new Set();
    this.#bySlot.set(key, there.add(appointment));
  }
}

function slotKey(provider: string, visit: Visit): string {
  return `${provider}/${visit.locationCode ?? ''}/${visit.start}`;
}

function eventOf(appointment: Appointment, id: string, data: object): ProviderEvent {
  const { status, updatedAt } = appointment;
  const body = {
    type: 'appointment.updated',
    appointment: wireAppointment(appointment),
    occurred_at: updatedAt,
    data,
  };
  return { id, status, occurredAt: updatedAt, text: JSON.stringify(body), deliveredAt: null };
}
