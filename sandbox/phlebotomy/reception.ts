/** What a provider says when it is asked for a time, and when it is asked to book, move or cancel one. */
import { randomBytes, randomUUID } from 'node:crypto';
import { DateTime } from 'luxon';
import {
  type Appointment,
  type AppointmentBook,
  type AppointmentStatus,
  type Change,
  isOpen,
  type Step,
} from './appointments.ts';
import type { BookingKeys } from './booking-key.ts';
import { type Provider, placeOf, reaches } from './providers.ts';
import { type Place, slotsOn, type Visit } from './slots.ts';
import { type Booking, type Cancellation, Refusal, type Request, type Reschedule } from './wire.ts';

const CALENDAR_DAYS = 90;

/** How a provider answers a booking with a key. */
export interface Confirmation {
  answer: Extract<AppointmentStatus, 'pending' | 'reserved' | 'scheduled'>;
  /** When it confirms what it did not schedule at once; when told to, if absent. */
  after_seconds?: number | undefined;
  /** The one booking that is meant; all from now on, if absent. */
  reference?: string | undefined;
}

/** What a decision about a call comes to. */
type Decision = { status: number; appointment: Appointment } | { status: number; change: Change };

/** The desk of all providers. */
export class Reception {
  readonly #book: AppointmentBook;
  readonly #keys: BookingKeys;
  readonly #holdMs: number;
  readonly #confirmations = new Map<string, Confirmation>();

  /** A booking key holds for `holdMs` milliseconds. */
  constructor(book: AppointmentBook, keys: BookingKeys, holdMs: number) {
    this.#book = book;
    this.#keys = keys;
    this.#holdMs = holdMs;
  }

  /** How the provider answers bookings from now on, or the one that is named. */
  confirm({ slug: provider }: Provider, confirmation: Confirmation): void {
    this.#confirmations.set(confirmationKey(provider, confirmation.reference), confirmation);
  }

  /** How the provider answers this booking: as it was told for this one, else as for all. */
  #confirmationOf({ slug: provider }: Provider, reference: string): Confirmation {
    const ofThisOne = confirmationKey(provider, reference);
    const confirmation = this.#confirmations.get(ofThisOne) ?? this.#confirmations.get(confirmationKey(provider));
    this.#confirmations.delete(ofThisOne);
    return confirmation ?? { answer: 'scheduled' };
  }

  /** The slots of some places that are to come and not full, on some local days, each with a new key. */
  availability(provider: Provider, places: Place[], startDate: string | undefined, days: number) {
    const now = DateTime.now();
    const expiresAt = now.plus(this.#holdMs).toJSDate().toISOString();
    const slots = places.flatMap((place) =>
      this.#open(provider, place, startDate, days).map((visit) => ({
        booking_key: this.#keys.issue({ provider: provider.slug, visit, expiresAt }),
        start: visit.start,
        end: visit.end,
        expires_at: expiresAt,
        price_cents: provider.priceCents,
        is_priority: DateTime.fromISO(visit.start) < now.plus({ hours: 24 }),
        free: this.#book.free(provider.slug, place, visit),
        ...(place.code !== null && { location_code: place.code }),
      })),
    );
    const [timezone = null, ...others] = new Set(places.map((place) => place.timezone));
    return { timezone: others.length === 0 ? timezone : null, slots };
  }

  /** Throws `Refusal`, as every decision does. */
  book(provider: Provider, booking: Booking): Decision {
    const before = this.#book.byReference(provider.slug, booking.reference);
    if (before) return { status: 200, appointment: before };
    if (provider.serviceType !== 'appointment-ready') {
      throw new Refusal('not_served', `${provider.slug} finds the times itself: send an appointment request`);
    }
    checkAddress(provider, booking);
    const { id: keyId, visit } = this.#redeem(provider, booking.booking_key);
    const { answer, after_seconds } = this.#confirmationOf(provider, booking.reference);
    const confirmed = answer !== 'scheduled' && after_seconds !== undefined;
    const dueAt = () => new Date(Date.now() + (after_seconds ?? 0) * 1000).toISOString();
    const steps: Step[] = confirmed ? [{ status: 'scheduled', dueAt: dueAt() }] : [];
    return entry(provider, booking, { status: answer, visit, keyId, steps });
  }

  request(provider: Provider, request: Request): Decision {
    const before = this.#book.byReference(provider.slug, request.reference);
    if (before) return { status: 200, appointment: before };
    if (provider.serviceType !== 'appointment-request') {
      throw new Refusal('not_served', `${provider.slug} takes no requests: book one of its slots`);
    }
    checkAddress(provider, request);
    return entry(provider, request, { status: 'pending', visit: null, keyId: null, steps: [] });
  }

  reschedule(provider: Provider, appointment: Appointment, { booking_key, ...notes }: Reschedule): Decision {
    const { id, status, visit: before } = appointment;
    const movable = status === 'pending' || status === 'reserved' || status === 'scheduled';
    if (!before || !movable || provider.serviceType !== 'appointment-ready') {
      throw new Refusal('not_reschedulable', `an appointment that is ${status} here cannot be moved`);
    }
    const { id: keyId, visit } = this.#redeem(provider, booking_key, appointment);
    return { status: 200, change: { type: 'rescheduled', id, visit, keyId, notes } };
  }

  cancel(appointment: Appointment, { reason, notes }: Cancellation): Decision {
    const { id, status } = appointment;
    if (status === 'cancelled') return { status: 200, appointment };
    if (status === 'in_progress' || !isOpen(appointment)) {
      throw new Refusal('too_late', `an appointment that is ${status} cannot be cancelled`);
    }
    return { status: 200, change: { type: 'cancelled', id, reason, notes } };
  }

  /** Slots to come that are not full, within the days asked for and those the calendar is open for. */
  #open(provider: Provider, place: Place, startDate: string | undefined, days: number): Visit[] {
    const now = new Date().toISOString();
    const today = DateTime.now().setZone(place.timezone).startOf('day');
    const first = startDate ? DateTime.fromISO(startDate, { zone: place.timezone }) : today;
    return Array.from({ length: days }, (_, day) => first.plus({ days: day }))
      .filter((day) => day >= today && day <= today.plus({ days: CALENDAR_DAYS }))
      .flatMap((day) => slotsOn(place, day))
      .filter((visit) => visit.start > now && this.#book.free(provider.slug, place, visit) > 0);
  }

  /** The offer behind a key, if it can be had now. */
  #redeem(provider: Provider, key: string, moving?: Appointment): { id: string; visit: Visit } {
    const offer = this.#keys.read(key);
    const place = offer && placeOf(provider, offer.visit.locationCode);
    if (!offer || !place || offer.provider !== provider.slug) {
      throw new Refusal('booking_key_invalid', 'this is not a booking key of ours');
    }
    const now = new Date().toISOString();
    if (offer.expiresAt <= now) throw new Refusal('booking_key_expired', 'ask for the availability again');
    if (offer.visit.start <= now) throw new Refusal('too_late', 'this time is past');
    const isUsed = this.#book.isKeyInUse(provider.slug, offer.id, offer.visit, moving);
    if (isUsed || this.#book.free(provider.slug, place, offer.visit, moving) < 1) {
      throw new Refusal('slot_taken', 'somebody else has this time');
    }
    return offer;
  }
}

const confirmationKey = (provider: string, reference = '') => `${provider} ${reference}`;

function checkAddress(provider: Provider, { address }: Request): void {
  if (!provider.area) return;
  if (!address) throw new Refusal('invalid_request', 'address: a phlebotomist needs to know where to go');
  if (!reaches(provider, address)) throw new Refusal('not_served', `${provider.slug} cannot reach this address`);
}

function entry(
  provider: Provider,
  { reference, patient, address, requisition_number, tests, access_notes, appointment_notes }: Request,
  given: Pick<Appointment, 'status' | 'visit' | 'keyId' | 'steps'>,
): Decision {
  const change: Change = {
    type: 'booked',
    id: randomUUID(),
    appointment: {
      provider: provider.slug,
      number: `${provider.numberPrefix}-${randomBytes(4).toString('hex').toUpperCase()}`,
      reference,
      ordered: { patient, address, requisition_number, tests },
      ...given,
    },
    notes: { access_notes, appointment_notes },
  };
  return { status: 201, change };
}
