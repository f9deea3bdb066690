/**
 * The frames of MLLP (HL7 v2 transport, release 1): `<VT>` message `<FS><CR>`. Own lines, since the libraries there are
 * search all that has come again with every packet, or lose what comes in pieces (docs/decisions/0023).
 */
import { BoundedBody, type Excess } from '../../bounded-body.ts';

const VT = 0x0b;
const FS = 0x1c;
const CR = 0x0d;
const END = Buffer.from([FS, CR]);

/** A message in its frame. */
export const framed = (message: string): Buffer => Buffer.concat([Buffer.of(VT), Buffer.from(message), END]);

/** Finds frames in what comes, however it is cut. What stands between frames is passed over. */
export class FrameReader {
  readonly #body: BoundedBody;
  #isInside = false;
  /** The last byte was the FS that may end the frame. */
  #mayEnd = false;
  #outside = 0;

  /** @param limit How long a message can be, in bytes; of a longer one only its beginning is kept. */
  constructor(limit: number) {
    this.#body = new BoundedBody(limit);
  }

  /** Whether a frame has begun and not ended. */
  get isInside(): boolean {
    return this.#isInside;
  }

  /** How much has come of the frame that has begun, in bytes. */
  get length(): number {
    return this.#body.length;
  }

  /** How many bytes came outside of frames since the last one. */
  get outside(): number {
    return this.#outside;
  }

  /** The messages that end in this piece. */
  *read(piece: Buffer): Generator<Buffer | Excess> {
    let at = 0;
    while (at < piece.length) {
      if (!this.#isInside) {
        const start = piece.indexOf(VT, at);
        this.#outside += (start < 0 ? piece.length : start) - at;
        if (start < 0) return;
        this.#isInside = true;
        this.#outside = 0;
        at = start + 1;
      } else if (this.#mayEnd) {
        this.#mayEnd = false;
        if (piece[at] === CR) {
          at += 1;
          this.#isInside = false;
          yield this.#body.take();
        } else {
          this.#body.add(END.subarray(0, 1));
        }
      } else {
        const end = piece.indexOf(FS, at);
        const until = end < 0 ? piece.length : end;
        // A piece may be a view of a buffer that is used again.
        if (until > at) this.#body.add(piece.subarray(at, until));
        if (end < 0) return;
        this.#mayEnd = true;
        at = end + 1;
      }
    }
  }
}
