/** What a partner sends, as it arrives: whole as long as it keeps the limit, and what is kept of it when it does not (G1). */
import { createHash, type Hash } from 'node:crypto';
import { freeYoungMemory } from '../young-memory.ts';

/** The room for a body in pieces, in bytes; it is doubled until the body is long, which has all the room that it may need. */
const SMALLEST_ROOM = 4 * 1024;
const LONG = 1024 * 1024;
/** Pieces that were copied are freed whenever so many bytes more have come. */
const FREED_EVERY = 4 * 1024 * 1024;
/** How much is kept of what is over the limit, in bytes. */
const KEPT_OF_EXCESS = 64 * 1024;

/** A body over the limit: only this is kept of it. */
export class Excess {
  /** How it begins. */
  readonly head: Buffer;
  /** How long it was. */
  readonly bytes: number;
  /** SHA-256 of all of it, hex. */
  readonly sha256: string;

  constructor(head: Buffer, bytes: number, sha256: string) {
    this.head = head;
    this.bytes = bytes;
    this.sha256 = sha256;
  }
}

/**
 * Takes a body piece by piece, and never holds more of it than the limit. A long one is put together where it stays, so
 * that it is never there twice.
 */
export class BoundedBody {
  readonly #limit: number;
  /** A body in one piece, as it came; else where the pieces are put together. */
  #held: Buffer | undefined;
  #isOwn = false;
  #length = 0;
  #excess: { head: Buffer; hash: Hash } | undefined;

  /** @param limit In bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How much has come, in bytes. */
  get length(): number {
    return this.#length;
  }

  /** How much room is held for it, in bytes. */
  get room(): number {
    return this.#held?.length ?? 0;
  }

  add(part: Buffer): void {
    const before = this.#length;
    this.#length += part.length;
    if (this.#excess) {
      this.#excess.hash.update(part);
    } else if (this.#length > this.#limit) {
      const held = this.#held?.subarray(0, before) ?? Buffer.alloc(0);
      const head = Buffer.concat([held, part], Math.min(KEPT_OF_EXCESS, this.#length));
      this.#excess = { head, hash: createHash('sha256').update(held).update(part) };
      this.#held = undefined;
    } else if (this.#held) {
      part.copy(this.#roomFor(this.#held, before), before);
      if (Math.floor(before / FREED_EVERY) < Math.floor(this.#length / FREED_EVERY)) freeYoungMemory();
    } else {
      this.#held = part;
      this.#isOwn = false;
    }
  }

  /** What came, and begins anew. */
  take(): Buffer | Excess {
    const taken = this.#excess
      ? new Excess(this.#excess.head, this.#length, this.#excess.hash.digest('hex'))
      : (this.#held?.subarray(0, this.#length) ?? Buffer.alloc(0));
    this.#held = undefined;
    this.#excess = undefined;
    this.#length = 0;
    return taken;
  }

  #roomFor(held: Buffer, before: number): Buffer {
    if (this.#isOwn && held.length >= this.#length) return held;
    const doubled = Math.max(SMALLEST_ROOM, 2 * this.#length);
    // Memory that nothing was written to yet costs nothing.
    const room = Buffer.allocUnsafeSlow(Math.min(this.#limit, doubled > LONG ? this.#limit : doubled));
    held.copy(room, 0, 0, before);
    this.#held = room;
    this.#isOwn = true;
    return room;
  }
}

/**
 * Reads a stream to its end.
 * @param limit In bytes; what is longer is read on, but only its beginning is kept.
 */
export async function readBounded(stream: AsyncIterable<Buffer>, limit: number): Promise<Buffer | Excess> {
  const body = new BoundedBody(limit);
  for await (const part of stream) body.add(part);
  return body.take();
}
