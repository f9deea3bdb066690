/** What Venule asks of a laboratory, whatever its wire. One adapter a wire; `registry.ts` picks it. */
import type { LabAccount, Laboratory, Marker } from '../../domain/catalogue/catalogue.ts';
import type { Acknowledges, OrderTransport } from '../../domain/catalogue/lab-connection.ts';
import type { LabProfile } from '../../domain/catalogue/lab-profile.ts';
import type { Order } from '../../domain/orders/order.ts';
import type { ReportedDocument } from '../../domain/results/lab-report.ts';
import type { Excess } from '../bounded-body.ts';

/** Where a lab takes orders, and as whom we come (F12). */
export interface LabEndpoint<Kind extends OrderTransport['kind'] = OrderTransport['kind']> {
  orders: Extract<OrderTransport, { kind: Kind }>;
  acknowledges: Acknowledges;
  /** How long one call may take in all, in milliseconds. */
  timeoutMs: number;
  /**
   * Takes in what the laboratory says beside its answer, as what it sends by itself; answers with the acknowledgments to
   * send back. Absent where nothing is stored. `charset` is what its bytes are in, where that is known.
   */
  takeIn?: (raw: Buffer | Excess, charset?: string) => Promise<string[]>;
  /**
   * Keeps what an answer carries beside its decision, which counts only then. Absent where nothing is stored.
   * @param raw The answer as it came; the beginning of one that is too long.
   */
  keepCarried?: (raw: Buffer | Excess, carried: CarriedDocuments, decision: AcknowledgementCode) => Promise<void>;
}

/** The laboratory's own requisition (eReq), and whatever else it sends with an acknowledgment. */
export interface CarriedDocuments {
  documents: ReportedDocument[];
  /** Their contents, by hash. */
  contents: ReadonlyMap<string, Buffer>;
  /** Why something in it is no document: places and what is expected there, never a value. */
  problems: string[];
}

/** Everything a lab needs to know about an order. */
export interface LabOrderMessage {
  order: Order;
  laboratory: Laboratory;
  account: LabAccount;
  /** The catalogue's markers of the order, in any order; others are ignored. */
  markers: readonly Marker[];
  /** What the laboratory wants differently than docs/hl7.md has it. */
  profile: LabProfile;
  /** ISO instant of the first attempt; a retry gives the same, so that it is the same message (F4). */
  sentAt: string;
  /** How many errors (AE) the lab has answered to it, each of which has it sent again; none unless given. */
  errors_before?: number;
  /** It is a test of the line (MSH-11 `T`), of which the laboratory makes no order. */
  is_test?: boolean;
}

/** The lab's answer: accepted, error (try again), or rejected (do not). */
export type AcknowledgementCode = 'AA' | 'AE' | 'AR';

export interface LabAcknowledgement {
  code: AcknowledgementCode;
  /** The lab's words; empty when it had none. */
  text: string;
  /** The lab's own number for the order, when its answer carries one. */
  filler_order_number: string | null;
  /** False where the lab has only taken the message over (commit codes) and may still reject the order. */
  is_final: boolean;
}

/** What is known after a message was delivered: the lab's decision, or that it comes later (`acknowledges`). */
export type LabAnswer = LabAcknowledgement | { code: 'awaited' };

/** An order, or its cancellation. */
export type OrderPurpose = 'NW' | 'CA';

/**
 * One wire to laboratories. Both calls answer with whatever the lab decided and throw
 * `PartnerUnreachable` when there is no decision; an aborted `signal` is rethrown as its reason. Sending
 * again is safe: the placer order number and the message are the same (F4).
 */
export interface LaboratoryAdapter<Kind extends OrderTransport['kind'] = OrderTransport['kind']> {
  /** What an acknowledgment names the message by: the same however often it is sent. */
  idOf(order: LabOrderMessage, purpose: OrderPurpose): string;
  submit(order: LabOrderMessage, at: LabEndpoint<Kind>, signal: AbortSignal): Promise<LabAnswer>;
  cancel(order: LabOrderMessage, at: LabEndpoint<Kind>, signal: AbortSignal): Promise<LabAnswer>;
}
