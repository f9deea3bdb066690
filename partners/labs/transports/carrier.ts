/** How a message travels to a laboratory, whatever is written in it. One carrier a transport; `registry.ts` picks it. */
import type { OrderTransport } from '../../../domain/catalogue/lab-connection.ts';
import type { Excess } from '../../bounded-body.ts';

/** One message on its way. */
export interface Carriage<Kind extends OrderTransport['kind']> {
  /** The connection's transport. */
  orders: Extract<OrderTransport, { kind: Kind }>;
  /** What errors call the laboratory, such as `Lab labcorp`. */
  lab: string;
  /** What this sending of the message is known by, as a file's name: letters, digits, and hyphens. */
  name: string;
  /** Our account number there, for what an operator must put right. */
  account: string;
  /** How long all of it may take, in milliseconds. */
  timeoutMs: number;
  /** How long an answer can be, in bytes; of a longer one its beginning is enough. */
  longestAnswer: number;
  /** Is waited for before more of an answer is read than so many bytes, until `over` is aborted. */
  makeRoom(bytes: number, over: AbortSignal): Promise<void>;
  /** Whether this is the answer to this message; where several things come on one line, others are passed over. */
  isAnswer(raw: Buffer | Excess): boolean;
  /** Whether an answer may be followed by another on the same line. */
  mayBeFollowed(answer: Buffer | Excess): boolean;
  /** Takes in whatever else comes on the line, byte for byte; answers with what to send back for it. */
  takeIn(raw: Buffer | Excess): Promise<string[]>;
  /** Ends it; its reason is thrown. */
  signal: AbortSignal;
}

/**
 * Delivers a message, once.
 * @returns What the laboratory answered, byte for byte, which may be no answer to this message; empty where it took the
 * message and said nothing.
 * @throws PartnerUnreachable when it is not known whether the laboratory has it; the reason of `signal` when it is aborted
 */
export type Carrier<Kind extends OrderTransport['kind']> = (
  message: string,
  on: Carriage<Kind>,
) => Promise<Buffer | Excess>;
