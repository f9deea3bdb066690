/** Our booking keys: what a provider offered, sealed into the key itself, so that no question leaves rows behind. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { APPOINTMENT_PROVIDERS } from '../../domain/appointments/appointment.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A slot of a provider at a place that we keep. */
const sealedSlot = z.object({
  provider: z.enum(APPOINTMENT_PROVIDERS),
  /** Id of the place. */
  place_id: z.string(),
  booking_key: z.string(),
  start: z.string(),
  end: z.string(),
  expires_at: z.string(),
});
export type SealedSlot = z.infer<typeof sealedSlot>;

/** Makes keys that only the same team can use, and reads them. */
export interface BookingKeys {
  seal(teamId: string, slot: SealedSlot): string;
  /** Null for what is none of ours, or another team's. */
  open(teamId: string, key: string): SealedSlot | null;
}

/**
 * @param keys The keys that encrypt what Temporal stores; the first one seals, all of them open.
 * @throws RangeError when there is none
 */
export function createBookingKeys(keys: ReadonlyMap<string, Buffer>): BookingKeys {
  const secrets = [...keys.values()].map((key) => createHmac('sha256', key).update('venule booking keys').digest());
  const [newest] = secrets;
  if (!newest) throw new RangeError('There is no key to seal booking keys with');

  return {
    seal(teamId, { provider, place_id, booking_key, start, end, expires_at }) {
      const clear = JSON.stringify([provider, place_id, booking_key, ...[start, end, expires_at].map(Date.parse)]);
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, newest, nonce).setAAD(Buffer.from(teamId));
      return Buffer.concat([nonce, cipher.update(clear, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
        'base64url',
      );
    },
    open(teamId, key) {
      const sealed = Buffer.from(key, 'base64url');
      if (sealed.length <= NONCE_BYTES + TAG_BYTES) return null;
      for (const secret of secrets) {
        const clear = opened(secret, teamId, sealed);
        if (clear !== null) return readSlot(clear);
      }
      return null;
    },
  };
}

function opened(secret: Buffer, teamId: string, sealed: Buffer): string | null {
  try {
    const decipher = createDecipheriv(CIPHER, secret, sealed.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(teamId));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)).toString('utf8') + decipher.final('utf8');
  } catch {
    return null;
  }
}

function readSlot(clear: string): SealedSlot {
  const [provider, place_id, booking_key, ...times] = JSON.parse(clear) as [string, string, string, ...number[]];
  const [start, end, expires_at] = times.map((time) => new Date(time).toISOString());
  return sealedSlot.parse({ provider, place_id, booking_key, start, end, expires_at });
}
