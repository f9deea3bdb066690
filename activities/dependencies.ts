import type { DocumentIssuer } from '../documents/issue-documents.ts';
import type { Environment } from '../domain/catalogue/lab-connection.ts';
import type { BookingUrl } from '../links/booking-url.ts';
import type { UnsubscribeUrl } from '../links/unsubscribe-url.ts';
import type { Mailer } from '../notifications/mailer.ts';
import type { SmsSender } from '../notifications/sms.ts';
import type { Excess } from '../partners/bounded-body.ts';
import type { SandboxLab } from '../partners/sandbox-controls.ts';
import type { Contact } from '../store/access/teams.ts';
import type { Catalogue } from '../store/catalogue/catalogue.ts';
import type { Store } from '../store/open.ts';

/** Everything that activities work on. */
export interface ActivityDependencies {
  store: Store;
  catalogue: Catalogue;
  mailer: Mailer;
  sms: SmsSender;
  documents: DocumentIssuer;
  /** Where the patient of an order books; null when there is nothing (more) to book. */
  bookingUrl: BookingUrl;
  /** Where a patient ends a team's mail. */
  unsubscribeUrl: UnsubscribeUrl;
  /** Whom patients of a team without a contact turn to. */
  standInContact: Contact;
  /** One call to a laboratory or a phlebotomy provider, in milliseconds. */
  partnerCallMs: number;
  /** Takes in what a laboratory says beside its answer to an order; answers with the acknowledgments to send back. */
  takeHl7In: (
    from: { lab_slug: string; environment: Environment },
    raw: Buffer | Excess,
    charset?: string,
  ) => Promise<string[]>;
  /** Told to go on when an order is simulated. */
  sandboxLab: SandboxLab;
}
