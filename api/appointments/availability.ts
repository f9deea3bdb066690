/** Times that can be booked: at a patient's address, and at service centers. */
import { type AppointmentProvider, providerOfLab, type UsAddress } from '../../domain/appointments/appointment.ts';
import { type AddressParts, addressFaults, addressWarnings } from '../../domain/appointments/appointment-checks.ts';
import { todayIn } from '../../domain/calendar.ts';
import { BookingRefused, type Slot } from '../../partners/phlebotomy/phlebotomy-adapter.ts';
import { addressParts } from '../../partners/phlebotomy/us-address.ts';
import { offerSlots } from '../../store/appointments/availabilities.ts';
import type { KnownCenter } from '../../store/appointments/service-centers.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import type { OfferedPlace } from '../../store/collections/appointments.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../http/errors.ts';
import { ask, providersOf } from './providers.ts';
import type { AvailabilityAnswer, DaySlots, PscAvailabilityQuestion, UsAddressBody } from './schemas.ts';
import { centersAround, centersNamed } from './service-centers.ts';
import { timeZoneOf } from './time-zone.ts';
import { locationOfZip } from './zip-location.ts';

const DAYS = 14;
/** At how many service centers times are looked for at once (contract §2.7). */
const CENTERS_AT_ONCE = 3;
const TOO_EARLY = 'start_date must be greater or equal than the current date';
/** As far ahead as an order can be placed, in days. */
const ASKED_AHEAD_DAYS = 731;
const TOO_LATE = `start_date must be within ${ASKED_AHEAD_DAYS} days`;

const isTooLate = (day: string) => Date.parse(day) > Date.now() + ASKED_AHEAD_DAYS * 86_400_000;

type Deps = Pick<ApiDeps, 'store' | 'bookingKeys' | 'logger'>;

/** The address of a request as the domain has it; the deprecated `unit` joins the second line. */
export function addressOf({
  first_line,
  second_line,
  unit,
  city,
  state,
  zip_code,
  access_notes,
}: UsAddressBody): UsAddress {
  const lines = [second_line, unit].map((line) => line?.trim()).filter(Boolean);
  return {
    first_line,
    second_line: lines.join(', ') || null,
    city,
    state,
    zip_code,
    access_notes: access_notes ?? null,
  };
}

/**
 * What the phlebotomist may miss at an address.
 * @throws ApiError `rule_broken` when nobody could get there (C3)
 */
export function reachable(address: UsAddress): string[] {
  const parts: AddressParts = addressParts(address);
  const faults = addressFaults(parts);
  if (faults.length > 0) throw new ApiError('rule_broken', faults.join('; '));
  return addressWarnings(parts);
}

/**
 * Fourteen days of slots at an address; none where nobody comes.
 * @throws ApiError `rule_broken` for an address that cannot be reached (C3) and for a day that is past or years away
 */
export async function phlebotomyAvailability(
  deps: Deps,
  team: TeamDocument,
  body: UsAddressBody,
  startDate: string | undefined,
): Promise<AvailabilityAnswer> {
  const address = addressOf(body);
  const warnings = reachable(address);
  const likelyZone = timeZoneOf(address.state, address.zip_code);
  const today = todayIn(likelyZone, new Date());
  if (startDate !== undefined && startDate < today) throw new ApiError('rule_broken', TOO_EARLY);
  if (startDate !== undefined && isTooLate(startDate)) throw new ApiError('rule_broken', TOO_LATE);

  const answers = await Promise.all(
    providersOf('phlebotomy', 'appointment-ready').map(async (provider) => {
      const question = { address, start_date: startDate ?? today, days: DAYS };
      const offered = await ask(deps, team, provider, (adapter, at, signal) =>
        adapter.availability(question, at, signal),
      );
      if (!offered) return null;
      const time_zone = offered.time_zone ?? likelyZone;
      const place = { site_code: null, address, location: locationOfZip(address.zip_code), time_zone };
      const slots = offered.slots.map((slot) => ({ ...slot, location_code: null }));
      const offer = { place, location: null, slots, first: startDate ?? today };
      return { time_zone, days: await bookableDays(deps, team, provider, [offer]) };
    }),
  );
  const served = answers.filter((answer) => answer !== null);
  return {
    slots: served.flatMap(({ days }) => days),
    timezone: served[0]?.time_zone ?? null,
    warnings,
  };
}

/**
 * Slots at service centers, by their codes or around a ZIP.
 * @throws ApiError `rule_broken` in the contract's words, `not_found` when there are no slots, `unavailable` when the
 * team cannot book service centers
 */
export async function pscAvailability(
  deps: Deps,
  team: TeamDocument,
  lab: string,
  question: PscAvailabilityQuestion,
): Promise<AvailabilityAnswer> {
  const { site_codes, zip_code, radius, start_date } = question;
  const provider = providerOfLab(lab);
  if (!provider) throw new ApiError('rule_broken', `Appointments at the service centers of ${lab} cannot be booked`);
  if (!site_codes && !zip_code) throw new ApiError('rule_broken', 'site_codes or zip_code must be provided');
  if (!site_codes && !radius) throw new ApiError('rule_broken', 'radius must be provided when using zip_code');
  if (site_codes && site_codes.length > CENTERS_AT_ONCE) {
    throw new ApiError('rule_broken', `site_codes must be less than or equal to ${CENTERS_AT_ONCE}`);
  }

  const around = zip_code && radius ? await centersAround(deps, team, provider, zip_code, Number(radius)) : [];
  if (around === null) throw notSwitchedOn(provider);
  const distances = new Map(around.map(({ code, distance_miles }) => [code, Math.round(distance_miles)]));
  const centers: KnownCenter[] = site_codes
    ? await centersWithCodes(deps, team, provider, [...new Set(site_codes)])
    : around.slice(0, CENTERS_AT_ONCE);

  const now = new Date();
  if (start_date !== undefined && centers.some(({ time_zone }) => start_date < todayIn(time_zone, now))) {
    throw new ApiError('rule_broken', TOO_EARLY);
  }
  if (start_date !== undefined && isTooLate(start_date)) throw new ApiError('rule_broken', TOO_LATE);
  const offers = await Promise.all(
    centers.map(async (center) => {
      const first = start_date ?? todayIn(center.time_zone, now);
      const slots = await slotsAt(deps, team, provider, center.code, first);
      const { code, name, address, location, time_zone } = center;
      const distance = distances.get(code) ?? null;
      return {
        place: { site_code: code, address, location, time_zone },
        location: { code, name, address, location, distance, iana_timezone: time_zone },
        slots,
        first,
      };
    }),
  );
  if (offers.every(({ slots }) => slots.length === 0)) {
    throw new ApiError('not_found', site_codes ? 'No slots found for site codes' : 'No slots found for zip code');
  }
  return { slots: await bookableDays(deps, team, provider, offers), timezone: null, warnings: [] };
}

async function centersWithCodes(
  deps: Deps,
  team: TeamDocument,
  provider: AppointmentProvider,
  codes: readonly string[],
): Promise<KnownCenter[]> {
  const centers = await centersNamed(deps, team, provider, codes);
  if (!centers) throw notSwitchedOn(provider);
  return codes.map((code) => {
    const center = centers.get(code);
    if (!center) throw new ApiError('rule_broken', `Location with site code ${code} not found`);
    return center;
  });
}

async function slotsAt(
  deps: Deps,
  team: TeamDocument,
  provider: AppointmentProvider,
  code: string,
  start_date: string,
): Promise<Slot[]> {
  const offered = await ask(deps, team, provider, async (adapter, at, signal) => {
    try {
      return await adapter.availability({ location_codes: [code], start_date, days: DAYS }, at, signal);
    } catch (error) {
      const isGone = error instanceof BookingRefused && error.code === 'not_found';
      throw isGone ? new ApiError('rule_broken', `Location with site code ${code} is no longer active`) : error;
    }
  });
  if (!offered) throw notSwitchedOn(provider);
  return offered.slots.map((slot) => ({ ...slot, location_code: code }));
}

const notSwitchedOn = (provider: AppointmentProvider) =>
  new ApiError('unavailable', `Scheduling with ${provider} is not enabled for this team.`);

/**
 * Makes what was offered bookable, and answers it by place and day with booking keys of ours: each of the 14 days, those
 * without a slot too, and no other.
 */
async function bookableDays(
  deps: Deps,
  team: TeamDocument,
  provider: AppointmentProvider,
  offers: readonly { place: OfferedPlace; location: DaySlots['location']; slots: Slot[]; first: string }[],
): Promise<DaySlots[]> {
  const all = offers.flatMap(({ slots }) => slots);
  const keys = await offerSlots(deps, {
    team_id: team._id,
    provider,
    places: offers.map(({ place }) => place),
    slots: all.map(({ booking_key, start, end, expires_at, location_code }) => ({
      booking_key,
      start,
      end,
      expires_at,
      site_code: location_code,
    })),
  });
  const keyOf = new Map(all.map((slot, index) => [slot, keys[index]]));
  return offers.flatMap(({ place, location, slots, first }) => {
    const dayOf = ({ start }: Slot) => todayIn(place.time_zone, new Date(start));
    return daysFrom(first).map((date) => ({
      location,
      date,
      slots: slots
        .filter((slot) => dayOf(slot) === date)
        .map((slot) => ({
          booking_key: keyOf.get(slot)?.booking_key ?? '',
          start: slot.start,
          end: slot.end,
          expires_at: keyOf.get(slot)?.expires_at ?? slot.start,
          price: slot.price_cents,
          is_priority: slot.is_priority,
          num_appointments_available: slot.free,
        })),
    }));
  });
}

/** Fourteen dates, the first of them first. */
function daysFrom(first: string): string[] {
  const begin = Date.parse(`${first}T00:00:00Z`);
  return Array.from({ length: DAYS }, (_, n) => new Date(begin + n * 86_400_000).toISOString().slice(0, 10));
}
