/** Booking keys: an offer of one slot, sealed so that only the provider can make one. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Visit } from './slots.ts';

/** What a booking key stands for. */
export interface Offer {
  /** Different for every key. */
  id: string;
  provider: string;
  visit: Visit;
  /** ISO instant. */
  expiresAt: string;
}

/** Makes and reads booking keys; keys outlive the process, as the secret does. */
export class BookingKeys {
  readonly #secret: string;

  constructor(secret: string) {
    this.#secret = secret;
  }

  issue(offer: Omit<Offer, 'id'>): string {
    const id = randomBytes(9).toString('base64url');
    const content = Buffer.from(JSON.stringify({ id, ...offer })).toString('base64url');
    return `${content}.${this.#seal(content).toString('base64url')}`;
  }

  /** The offer behind a key, expired or not; undefined when we never made such a key. */
  read(key: string): Offer | undefined {
    const [content = '', seal = ''] = key.split('.');
    const wanted = this.#seal(content);
    const given = Buffer.from(seal, 'base64url');
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
    return JSON.parse(Buffer.from(content, 'base64url').toString());
  }

  #seal(content: string): Buffer {
    return createHmac('sha256', `booking-key:${this.#secret}`).update(content).digest();
  }
}
