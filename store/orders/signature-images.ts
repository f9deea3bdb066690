/** Physicians' signatures, each kept once under the hash of its content: an order holds the hash, and no picture goes through Temporal. */
import { createHash } from 'node:crypto';
import { insertOnce } from '../collections/write.ts';
import type { Store } from '../open.ts';

/** The name that a picture is kept under: SHA-256, hex. */
export function signatureHash(image: Buffer): string {
  return createHash('sha256').update(image).digest('hex');
}

/** Keeps a picture. One that no order came to use does no harm. */
export async function keepSignature(store: Store, image: Buffer): Promise<void> {
  await insertOnce(store.signatureImages, { _id: signatureHash(image), content: image, created_at: new Date() });
}

/** The picture of that name; null where it was not kept. */
export async function findSignature(store: Store, hash: string): Promise<Buffer | null> {
  const kept = await store.signatureImages.findById(hash);
  return kept?.content ?? null;
}
