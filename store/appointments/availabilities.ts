/**
 * What providers offered. A slot is sealed into its booking key; kept is only the place that was asked for, once however
 * often it is, for as long as a slot there can be booked. Keys from before name a row that holds the slots.
 */
import { createHash } from 'node:crypto';
import type { AppointmentProvider } from '../../domain/appointments/appointment.ts';
import type { OfferedPlace, OfferedTime } from '../collections/appointments.ts';
import { collectionOf } from '../collections/define.ts';
import type { Store } from '../open.ts';
import type { BookingKeys } from './booking-keys.ts';

/** How long a slot can be booked whose provider does not say, in milliseconds. */
const HELD_FOR_MS = 60 * 60 * 1000;
/** How long its place is remembered after that, so that a caller is told that the key has expired. */
const REMEMBERED_FOR_MS = 24 * 60 * 60 * 1000;

/** 128 bits in base64url. */
const PLACE_ID_LENGTH = 22;

/** A slot as a provider offered it; `expires_at` is null when it does not say. */
export type NewOffer = Omit<OfferedTime, 'expires_at'> & { expires_at: string | null };

/** Where offers are kept, and what seals them. */
export interface OfferStore {
  store: Store;
  bookingKeys: BookingKeys;
}

/**
 * Makes an answer of a provider bookable.
 * @returns booking key and expiry of each slot, in the order of the slots
 */
export async function offerSlots(
  { store, bookingKeys }: OfferStore,
  offer: { team_id: string; provider: AppointmentProvider; places: OfferedPlace[]; slots: NewOffer[] },
): Promise<{ booking_key: string; expires_at: string }[]> {
  const { team_id, provider } = offer;
  const now = Date.now();
  const unsaid = new Date(now + HELD_FOR_MS).toISOString();
  const slots = offer.slots.map((slot) => ({ ...slot, expires_at: slot.expires_at ?? unsaid }));
  if (slots.length === 0) return [];
  const last = Math.max(now, ...slots.map(({ expires_at }) => Date.parse(expires_at)));
  const placeIds = new Map(offer.places.map((place) => [place.site_code, placeId(team_id, place)]));
  await store.offeredPlaces.bulkWrite(
    offer.places.map((place) => ({
      updateOne: {
        filter: { _id: placeId(team_id, place) },
        update: { $setOnInsert: { team_id, place }, $max: { forget_at: new Date(last + REMEMBERED_FOR_MS) } },
        upsert: true,
      },
    })),
    { ordered: false, throwOnValidationError: true },
  );
  return slots.map(({ site_code, booking_key, start, end, expires_at }) => {
    const place_id = placeIds.get(site_code) ?? '';
    return {
      booking_key: bookingKeys.seal(team_id, { provider, place_id, booking_key, start, end, expires_at }),
      expires_at,
    };
  });
}

/** The same place of the same team has the same id. */
function placeId(teamId: string, place: OfferedPlace): string {
  const { site_code, address, location, time_zone } = place;
  const { first_line, second_line, city, state, zip_code, access_notes } = address;
  const written = [first_line, second_line, city, state, zip_code, access_notes];
  return createHash('sha256')
    .update(JSON.stringify([teamId, site_code, written, location, time_zone]))
    .digest('base64url')
    .slice(0, PLACE_ID_LENGTH);
}

/** A slot with the place that it was asked for (C3). */
export interface Offer {
  provider: AppointmentProvider;
  slot: OfferedTime;
  place: OfferedPlace;
}

/**
 * What a booking key stands for.
 * @returns `unreadable` for what is no key of ours, or another team's; null for one of which nothing is remembered
 */
export async function findOffer(
  { store, bookingKeys }: OfferStore,
  teamId: string,
  key: string,
): Promise<Offer | 'unreadable' | null> {
  const [, availabilityId, index] = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(\d{1,5})$/.exec(key) ?? [];
  if (availabilityId !== undefined) return findKeptOffer(store, teamId, availabilityId, Number(index));
  const sealed = bookingKeys.open(teamId, key);
  if (!sealed) return 'unreadable';
  const { provider, place_id, ...times } = sealed;
  const kept = await collectionOf(store.offeredPlaces).findOne({ _id: place_id, team_id: teamId });
  return kept && { provider, place: kept.place, slot: { ...times, site_code: kept.place.site_code } };
}

/** The slot of a key from before keys held their slots. */
async function findKeptOffer(store: Store, teamId: string, id: string, index: number): Promise<Offer | null> {
  const held = await collectionOf(store.availabilities).findOne(
    { _id: id, team_id: teamId },
    { projection: { provider: 1, places: 1, slots: { $slice: [index, 1] } } },
  );
  const [slot] = held?.slots ?? [];
  const place = held?.places.find(({ site_code }) => site_code === slot?.site_code);
  return held && slot && place ? { provider: held.provider, slot, place } : null;
}
