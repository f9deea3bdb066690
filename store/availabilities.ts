/** What companies offered, kept for as long as it can be booked. Our booking keys are read here. */
import { randomUUID } from 'node:crypto';
import type { AppointmentProvider } from '../domain/appointment.ts';
import type { AvailabilityDocument, OfferedPlace, OfferedTime } from './documents.ts';
import { rows, type Store } from './store.ts';

/** How long a slot can be booked whose company does not say, in milliseconds. */
const HELD_FOR_MS = 60 * 60 * 1000;
/** How long it is remembered after that, so that a caller is told that the key has expired. */
const REMEMBERED_FOR_MS = 24 * 60 * 60 * 1000;

/** A slot as a company offered it; `expires_at` is null when it does not say. */
export type NewOffer = Omit<OfferedTime, 'expires_at'> & { expires_at: string | null };

/**
 * Keeps an answer of a company, slots and the places they are at.
 * @returns booking key and expiry of each slot, in the order of the slots
 */
export async function keepAvailability(
  store: Store,
  offer: { team_id: string; provider: AppointmentProvider; places: OfferedPlace[]; slots: NewOffer[] },
): Promise<{ booking_key: string; expires_at: string }[]> {
  const _id = randomUUID();
  const created_at = new Date();
  const unsaid = new Date(created_at.getTime() + HELD_FOR_MS).toISOString();
  const slots = offer.slots.map((slot) => ({ ...slot, expires_at: slot.expires_at ?? unsaid }));
  const last = Math.max(created_at.getTime(), ...slots.map(({ expires_at }) => Date.parse(expires_at)));
  const document: AvailabilityDocument = {
    ...offer,
    _id,
    slots,
    created_at,
    forget_at: new Date(last + REMEMBERED_FOR_MS),
  };
  if (slots.length > 0) await rows(store.availabilities).insertOne(document);
  return slots.map(({ expires_at }, index) => ({ booking_key: `${_id}.${index}`, expires_at }));
}

/** A slot with the place that it was asked for (C3). */
export interface Offer {
  provider: AppointmentProvider;
  slot: OfferedTime;
  place: OfferedPlace;
}

/** A booking key taken apart; null for what is none of ours. */
export function readBookingKey(key: string): { availability_id: string; index: number } | null {
  const [, availability_id, index] = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(\d{1,5})$/.exec(key) ?? [];
  return availability_id === undefined ? null : { availability_id, index: Number(index) };
}

/** What a booking key stands for; null for another team's, and for one of which nothing is remembered. */
export async function findOffer(
  store: Store,
  teamId: string,
  { availability_id, index }: { availability_id: string; index: number },
): Promise<Offer | null> {
  const held = await rows(store.availabilities).findOne(
    { _id: availability_id, team_id: teamId },
    { projection: { provider: 1, places: 1, slots: { $slice: [index, 1] } } },
  );
  const [slot] = held?.slots ?? [];
  const place = held?.places.find(({ site_code }) => site_code === slot?.site_code);
  return held && slot && place ? { provider: held.provider, slot, place } : null;
}
