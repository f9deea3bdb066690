/** PDFs as they were issued: rendered once, kept for ever, so that a later change of layout alters no document. */
import { DateTime } from 'luxon';
import { specimenSource } from '../domain/catalogue/tubes.ts';
import { fastingNeeded } from '../domain/messages/fasting.ts';
import { isEnded } from '../domain/orders/transitions.ts';
import { isCorrection } from '../domain/results/lab-report.ts';
import type { OrderResult } from '../domain/results/results.ts';
import type { PaperUrl } from '../links/booking-url.ts';
import { type Contact, contactOf, logoOf } from '../store/access/teams.ts';
import type { Catalogue } from '../store/catalogue/catalogue.ts';
import type { TeamDocument } from '../store/collections/access.ts';
import type { LabMessageDocument } from '../store/collections/inbox.ts';
import type { IssuedDocument, OrderDocument, ResultDocument } from '../store/collections/orders.ts';
import { insert } from '../store/collections/write.ts';
import { isDuplicateKey } from '../store/duplicate-key.ts';
import type { Store } from '../store/open.ts';
import { findSignature } from '../store/orders/signature-images.ts';
import { isWithoutJourney } from '../store/results/added-results.ts';
import { combinedResult } from '../store/results/combined-result.ts';
import { drawDocument } from './drawing.ts';
import type { ReportedOrder } from './result-report/report-status.ts';
import type { ReportPanel } from './result-report/result-report.ts';

/** Bytes: MongoDB takes 16 MB a document. */
const LONGEST_KEPT = 15 * 1024 * 1024;

type RedrawState = NonNullable<ReportedOrder['redraw']> | null;

/** Issues documents; each answers null while there is nothing to print. */
export interface DocumentIssuer {
  /** The requisition of an order, once the lab has acknowledged it (A3). */
  requisition(orderId: string): Promise<Buffer | null>;
  /** The newest version of an order's result (A7). */
  result(orderId: string): Promise<Buffer | null>;
  /** The combined result of an order transaction (D9). */
  combined(transactionId: string): Promise<Buffer | null>;
}

/** What an installation's documents say besides. */
export interface DocumentWords {
  /** Whom patients of a team without a contact turn to. */
  standIn: Contact;
  paperUrl: PaperUrl;
}

/** Issues the documents of this store's orders. */
export function createDocumentIssuer(
  store: Store,
  catalogue: Catalogue,
  { standIn, paperUrl }: DocumentWords,
): DocumentIssuer {
  async function issued(id: string, kind: IssuedDocument['kind'], render: () => Promise<Buffer>): Promise<Buffer> {
    const held = () => store.issuedDocuments.findById(id);
    const before = await held();
    if (before) return before.content;
    const document = { _id: id, kind, content: await render(), created_at: new Date() };
    // The same content gives the same bytes: what is too long to keep is drawn again.
    if (document.content.length > LONGEST_KEPT) return document.content;
    try {
      await insert(store.issuedDocuments, document);
      return document.content;
    } catch (error) {
      const other = isDuplicateKey(error) ? await held() : null;
      if (!other) throw error;
      return other.content;
    }
  }

  async function surroundings(document: OrderDocument) {
    const { order } = document;
    await catalogue.know([order.lab_test_id]);
    const team = await store.teams.findById(document.team_id).orFail().lean<TeamDocument>();
    const laboratory = catalogue.laboratories.get(order.lab_id);
    const account = catalogue.labAccounts.get(order.lab_account_id);
    const labTest = catalogue.labTests.get(order.lab_test_id);
    if (!laboratory || !account || !labTest)
      throw new Error(`The catalog no longer has what order ${order.id} refers to`);
    const markers = order.markers.flatMap(({ marker_id }) => catalogue.markers.get(marker_id) ?? []);
    return {
      order,
      laboratory,
      account,
      labTest,
      markers,
      team: {
        name: team.name,
        contact: { ...contactOf(team, standIn), address: team.contact.address ?? null },
        logo: logoOf(team),
      },
    };
  }

  async function report(
    title_kind: 'order' | 'combined',
    result: OrderResult,
    documents: readonly OrderDocument[],
    corrected: boolean,
    redraw: RedrawState = null,
  ) {
    const everything = await Promise.all(documents.map(surroundings));
    const [first] = everything;
    if (!first) throw new Error('A result report needs at least one order');
    const panels = new Map<number, ReportPanel>();
    for (const { order, markers } of everything) {
      for (const { id, name, specimen } of markers) {
        const owed = order.markers.find((ordered) => ordered.marker_id === id)?.result_slugs ?? [];
        const known = panels.get(id)?.result_slugs ?? [];
        panels.set(id, { name, result_slugs: [...new Set([...known, ...owed])], specimen: specimenSource(specimen) });
      }
    }
    const reported = documents.map((document) => {
      const { placer_order_number, origin } = document.order;
      return { placer_order_number, origin, redraw, ended_as: endingWithout(document) };
    });
    const content = {
      title_kind,
      result,
      orders: reported,
      patient: first.order.patient,
      patient_id: first.order.user_id,
      physician: first.order.physician,
      laboratory: first.laboratory,
      account_number: first.account.provider_account_id,
      team: first.team,
      time_zone: first.order.options.time_zone,
      panels: [...panels.values()],
      corrected,
      sandbox: first.order.options.sandbox,
    };
    return drawDocument({ kind: 'result', content });
  }

  const newestOf = (orderId: string) =>
    store.results.findOne({ order_id: orderId }).sort({ version: -1 }).lean<ResultDocument>();

  /** What has become of the redraw of an order; null where there is none. */
  async function redrawOf({ _id, transaction_id }: OrderDocument): Promise<RedrawState> {
    const redraw = await store.orders
      .findOne({ transaction_id, origin: 'redraw', 'order.parent_id': _id })
      .lean<OrderDocument>();
    if (!redraw) return null;
    if (!isEnded(redraw.last_status, redraw.collection_method)) return 'open';
    const newest = await newestOf(redraw._id);
    return newest && newest.result.results.length > 0 ? 'reported' : 'without_results';
  }

  /** Whether the laboratory corrected what was added to an order that had ended without a result: no event says so. */
  async function isCorrectedAfterItsEnd(document: OrderDocument): Promise<boolean> {
    if (!endingWithout(document)) return false;
    const applied = await store.labMessages
      .find({ order_id: document._id, state: 'applied' })
      .lean<LabMessageDocument[]>();
    return applied.some(({ report }) => isCorrection(report));
  }

  return {
    async requisition(orderId) {
      const document = await store.orders.findById(orderId).lean<OrderDocument>();
      const event = document?.events.find(({ status }) => status === 'requisition_created');
      if (!document || !event) return null;
      const canceled = document.last_status === 'cancelled';
      return issued(`${orderId}:requisition:${canceled ? 'canceled' : 1}`, 'requisition', async () => {
        const { order, laboratory, account, labTest, markers, team } = await surroundings(document);
        const parent = order.parent_id
          ? await store.orders.findById(order.parent_id).orFail().lean<OrderDocument>()
          : null;
        const signed = order.physician?.signature_hash;
        const validUntil = DateTime.fromISO(event.created_at)
          .plus({ milliseconds: order.requisition_valid_for })
          .toUTC();
        const content = {
          order,
          laboratory,
          account,
          markers,
          lab_test_name: labTest.name,
          fasting: fastingNeeded(labTest, markers),
          collection_instructions: labTest.collection_instructions,
          issued_at: event.created_at,
          valid_until: validUntil.toISO() ?? event.created_at,
          canceled,
          redraw_of: parent && { placer_order_number: parent.placer_order_number },
          team,
          signature: signed === undefined ? null : await findSignature(store, signed),
          booking_url: await paperUrl(document, validUntil.toJSDate()),
        };
        return drawDocument({ kind: 'requisition', content });
      });
    },

    async result(orderId) {
      const newest = await newestOf(orderId);
      const document = newest && (await store.orders.findById(orderId).lean<OrderDocument>());
      if (!newest || !document) return null;
      const redraw = await redrawOf(document);
      const state = redraw ? `redraw_${redraw}` : endingWithout(document);
      const corrected =
        document.events[newest.event_number - 1]?.status === 'corrected' || (await isCorrectedAfterItsEnd(document));
      return issued([orderId, 'result', newest.version, ...(state ? [state] : [])].join(':'), 'result', () =>
        report('order', newest.result, [document], corrected, redraw),
      );
    },

    async combined(transactionId) {
      const combined = await combinedResult(store, catalogue, transactionId);
      if (!combined) return null;
      const ending = combined.orders.map(endingWithout).find((ended) => ended !== null);
      const id = [transactionId, 'combined_result', combined.revision, ...(ending ? [ending] : [])].join(':');
      return issued(id, 'combined_result', () =>
        report('combined', combined.result, combined.orders, combined.corrected),
      );
    },
  };
}

/** How an order ended to which results were added afterwards; null for every other (docs/decisions/0016). */
function endingWithout(document: OrderDocument): 'canceled' | 'failed' | null {
  if (document.result_version === 0 || !isWithoutJourney(document)) return null;
  return document.last_status === 'cancelled' ? 'canceled' : 'failed';
}
