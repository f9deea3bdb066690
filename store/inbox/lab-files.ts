/**
 * What is too long for one document of the database: the documents inside laboratories' messages, and messages of many
 * megabytes. Each is kept once, by its content, in pieces, and is there whole or not at all.
 */
import type { ClientSession } from 'mongoose';
import { freeYoungMemory } from '../../young-memory.ts';
import { collectionOf } from '../collections/define.ts';
import type { LabFilePieceDocument } from '../collections/inbox.ts';
import { insertMissing } from '../collections/write.ts';
import type { Store } from '../open.ts';

/** Bytes of a piece, all but the last. */
const PIECE = 2 * 1024 * 1024;

const pieceId = (hash: string, number: number) => `${hash}:${String(number).padStart(4, '0')}`;
const piecesOf = (hash: string) => ({ _id: { $gte: `${hash}:`, $lt: `${hash};` } });

/**
 * Keeps a file; one that is there stays as it is. What a crash leaves of one is used when it is sent again.
 * @param hash SHA-256 of the content, hex
 */
export async function keepFile(store: Store, hash: string, content: Buffer): Promise<void> {
  const received_at = new Date();
  const files = collectionOf(store.labFiles);
  const { matchedCount } = await files.updateOne({ _id: hash }, { $set: { received_at } });
  if (matchedCount > 0) return;
  for (let number = 0; number * PIECE < content.length; number += 1) {
    const piece: LabFilePieceDocument = {
      _id: pieceId(hash, number),
      content: content.subarray(number * PIECE, (number + 1) * PIECE),
    };
    await insertMissing(store.labFilePieces, [piece]);
    // The database's driver has copied it more than once.
    if (content.length > PIECE) freeYoungMemory();
  }
  await files.updateOne({ _id: hash }, { $set: { bytes: content.length, received_at } }, { upsert: true });
}

/** A file's content; null when it is not kept. */
export async function readFile(store: Store, hash: string): Promise<Buffer | null> {
  const file = await collectionOf(store.labFiles).findOne({ _id: hash });
  if (!file) return null;
  const content = Buffer.allocUnsafe(file.bytes);
  let at = 0;
  for await (const piece of collectionOf(store.labFilePieces).find(piecesOf(hash)).sort({ _id: 1 })) {
    const bytes = piece.content as unknown as { buffer: Uint8Array };
    content.set(bytes.buffer, at);
    at += bytes.buffer.length;
  }
  return at === file.bytes ? content : null;
}

/** Forgets a file that was not sent since. @returns whether there was one */
export async function forgetFile(
  store: Store,
  session: ClientSession,
  hash: string,
  sentBefore: Date,
): Promise<boolean> {
  const { deletedCount } = await collectionOf(store.labFiles).deleteOne(
    { _id: hash, received_at: { $lt: sentBefore } },
    { session },
  );
  if (deletedCount === 0) return false;
  await collectionOf(store.labFilePieces).deleteMany(piecesOf(hash), { session });
  return true;
}
