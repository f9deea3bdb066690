/** What the API is made with. */
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { JourneyPolicy } from '../domain/policy.ts';
import type { BookingKeys } from '../store/appointments/booking-keys.ts';
import type { Catalogue } from '../store/catalogue/catalogue.ts';
import type { UserDocument } from '../store/collections/access.ts';
import type { Store } from '../store/open.ts';
import type { Remembered } from '../store/remembered.ts';
import type { Journeys } from '../temporal/journeys.ts';
import type { Doorkeeper } from './http/doors/doorkeeper.ts';
import type { GuessLimit } from './http/doors/guess-limit.ts';
import type { SandboxSimulations } from './orders/sandbox-walks.ts';

/** The PDFs that have been issued, or are issued when first asked for; null where there is none (yet). */
export interface IssuedDocuments {
  /** What the patient carries to the service center (A3). */
  requisition(orderId: string): Promise<Buffer | null>;
  /** The newest result of an order (A7). */
  result(orderId: string): Promise<Buffer | null>;
  /** The combined result of an order transaction (D9, D10). */
  combined(transactionId: string): Promise<Buffer | null>;
}

/** The parts that requests are answered with. */
export interface ApiDeps {
  store: Store;
  catalogue: Catalogue;
  /** Users by their id. */
  users: Remembered<UserDocument>;
  bookingKeys: BookingKeys;
  journeys: Journeys;
  simulations: SandboxSimulations;
  /** The durations that new journeys are given. */
  policy: JourneyPolicy;
  documents: IssuedDocuments;
  /** Whether Temporal answers at this moment; for `GET /readyz`. */
  temporalAnswers(): Promise<boolean>;
  config: Pick<Config, 'publicUrl' | 'standInContact' | 'sandboxUrl' | 'sandboxCredentials' | 'sandboxPhlebotomy'>;
  logger: Logger;
}

/** Who stands at the doors: against too much at once, and against guessing. */
export interface Doors {
  doorkeeper: Doorkeeper;
  guesses: GuessLimit;
}
