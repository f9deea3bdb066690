/** A text of many megabytes in a message, such as a document in base64: it stays among the bytes until it is asked for. */
export class LongText {
  /** Of its bytes, within its quotes. */
  readonly length: number;
  readonly #bytes: Buffer;

  /** @param bytes As they stand in the message, quotes aside. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.length = bytes.length;
  }

  /** A part of a text of plain letters, by its bytes. */
  slice(from: number, until: number): string {
    return this.#bytes.toString('latin1', from, until);
  }

  /** Whether it is written with escapes: its bytes are not its letters then. */
  get isEscaped(): boolean {
    return this.#bytes.includes(0x5c);
  }

  toString(): string {
    return JSON.parse(`"${this.#bytes.toString('utf8')}"`) as string;
  }
}
