/**
 * Tokens in the links that patients get: 32 bytes that nobody can guess, made from a secret and what the link is for, so
 * that a mail that is sent again carries the same link. Only a token's hash is stored: a copy of the database opens no
 * page.
 */
import { createHash, createHmac } from 'node:crypto';

/** The token of a link; the same for the same secret and purpose. */
export function linkToken(secret: Buffer, purpose: string): string {
  return createHmac('sha256', secret).update(purpose).digest('base64url');
}

/** Under which a token is stored. Found by its hash: how long a look-up takes says nothing about the tokens that there are. */
export function linkId(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
