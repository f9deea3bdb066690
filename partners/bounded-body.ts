/** What a partner sends, as it arrives: whole as long as it keeps the limit, and what is kept of it when it does not (G1). */
import { createHash } from 'node:crypto';

/** So many pieces in a row are made one, so that a body in tiny pieces costs little more than its length. */
const MERGED_AT = 1_024;
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

/** Takes a body piece by piece, and never holds more of it than the limit. */
export class BoundedBody {
  readonly #limit: number;
  #parts: Buffer[] = [];
  #length = 0;
  /** Of the parts, so many at the end are as they came. */
  #unmerged = 0;
  #head: Buffer | undefined;
  #hash: ReturnType<typeof createHash> | undefined;

  /** @param limit In bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How much has come, in bytes. */
  get length(): number {
    return this.#length;
  }

  /** In how many pieces it is held. */
  get parts(): number {
    return this.#parts.length;
  }

  add(part: Buffer): void {
    this.#length += part.length;
    if (this.#hash) {
      this.#hash.update(part);
      return;
    }
    this.#parts.push(part);
    this.#unmerged += 1;
    if (this.#unmerged === MERGED_AT) {
      this.#parts.push(Buffer.concat(this.#parts.splice(-MERGED_AT)));
      this.#unmerged = 0;
    }
    if (this.#length <= this.#limit) return;
    this.#hash = createHash('sha256');
    for (const each of this.#parts) this.#hash.update(each);
    this.#head = Buffer.concat(this.#parts, Math.min(KEPT_OF_EXCESS, this.#length));
    this.#parts = [];
  }

  /** What came, and begins anew. */
  take(): Buffer | Excess {
    const taken = this.#hash
      ? new Excess(this.#head as Buffer, this.#length, this.#hash.digest('hex'))
      : (this.#parts.length === 1 && this.#parts[0]) || Buffer.concat(this.#parts, this.#length);
    this.#parts = [];
    this.#length = 0;
    this.#unmerged = 0;
    this.#head = undefined;
    this.#hash = undefined;
    return taken;
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
