/** How a receiver knows that a webhook is ours: the headers and secrets of Svix, which Standard Webhooks libraries verify too (E4). */
import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

/** For how long the secret before the last rotation still signs, in milliseconds. */
export const SECRET_OVERLAP_MS = 24 * 60 * 60 * 1000;

/** A new signing secret: `whsec_` and 32 random bytes in base64. */
export function newSigningSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** Whether the text is `whsec_` and the base64 of 24 to 75 bytes, the lengths that the receivers' libraries promise to take. */
export function isSigningSecret(text: string): boolean {
  const [, encoded] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (encoded === undefined || encoded.length % 4 !== 0) return false;
  const { length } = Buffer.from(encoded, 'base64');
  return length >= 24 && length <= 75;
}

/**
 * The three headers that prove a message: one signature for each secret, so that a receiver which has not yet taken
 * over a rotated secret still accepts it.
 * @param messageId the same in every delivery of the message
 * @param at when this attempt is made; a receiver refuses one older than five minutes
 */
export function signatureHeaders(
  messageId: string,
  at: Date,
  body: string,
  secrets: readonly string[],
): Record<'svix-id' | 'svix-timestamp' | 'svix-signature', string> {
  return {
    'svix-id': messageId,
    'svix-timestamp': String(Math.floor(at.getTime() / 1000)),
    'svix-signature': secrets.map((secret) => new Webhook(secret).sign(messageId, at, body)).join(' '),
  };
}
