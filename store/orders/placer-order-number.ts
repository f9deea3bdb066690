/** The number under which a lab knows an order. */
import { randomBytes } from 'node:crypto';

/** Crockford's alphabet: no letter that reads like a digit. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A new placer order number: `V` and eleven characters (55 random bits), fit for a barcode and for reading aloud. */
export function newPlacerOrderNumber(): string {
  const characters = Array.from(randomBytes(11), (byte) => ALPHABET[byte & 31]);
  return `V${characters.join('')}`;
}
