/** What partners send, kept byte for byte (G1): as text where it is UTF-8, so that people can read it, else as bytes. */
import { isUtf8 } from 'node:buffer';
import mongoose from 'mongoose';

type Kept = string | mongoose.mongo.Binary;

/** A body as it is kept. */
export function asItCame(raw: Buffer): Kept {
  return isUtf8(raw) ? raw.toString('utf8') : new mongoose.mongo.BSON.Binary(raw);
}

/** What came, from the document that keeps it; null where there is none. */
export function cameAs(kept: { raw: Kept } | null): string | Buffer | null {
  if (kept === null) return null;
  return typeof kept.raw === 'string' ? kept.raw : Buffer.from(kept.raw.buffer);
}
