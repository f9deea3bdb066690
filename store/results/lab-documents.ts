/** The documents that a laboratory sent with its reports on an order: its own PDF of them, and whatever else (A7). */
import type { ReportedDocument } from '../../domain/results/lab-report.ts';
import { collectionOf } from '../collections/define.ts';
import type { LabMessageDocument } from '../collections/inbox.ts';
import { readFile } from '../inbox/lab-files.ts';
import type { Store } from '../open.ts';

/** A document with a content. */
export interface LabDocument {
  /** SHA-256 of the content, hex. */
  id: string;
  name: string;
  status: ReportedDocument['status'];
  media_type: string;
  bytes: number;
  received_at: Date;
}

/** What the only media type that a browser shows is called. */
export const PDF = 'application/pdf';

/**
 * The documents of an order, of reports that were taken in, newest first; the same content is listed once. What the
 * laboratory took back is `withdrawn`.
 */
export async function labDocuments(store: Store, orderId: string): Promise<LabDocument[]> {
  type Found = Pick<LabMessageDocument, 'received_at'> & { report: { documents?: ReportedDocument[] } };
  const reports = await collectionOf(store.labMessages)
    .find({ order_id: orderId, state: { $in: ['applied', 'late'] } })
    .project<Found>({ received_at: 1, 'report.documents': 1 })
    .sort({ received_at: 1 })
    .toArray();
  const byCode = new Map<string | null, Map<string, LabDocument>>();
  for (const { report, received_at } of reports) {
    for (const { code, hash, name, status, media_type, bytes } of report.documents ?? []) {
      const ofCode = byCode.get(code) ?? new Map<string, LabDocument>();
      byCode.set(code, ofCode);
      if (status === 'withdrawn') for (const document of ofCode.values()) document.status = status;
      if (hash === null || media_type === null) continue;
      ofCode.set(hash, { id: hash, name, status, media_type, bytes, received_at });
    }
  }
  const documents = [...byCode.values()].flatMap((ofCode) => [...ofCode.values()]);
  return documents.sort((one, other) => other.received_at.getTime() - one.received_at.getTime());
}

/** The newest PDF of an order's laboratory that it has not taken back; null where there is none. */
export async function newestLabPdf(store: Store, orderId: string): Promise<LabDocument | null> {
  const documents = await labDocuments(store, orderId);
  return documents.find(({ media_type, status }) => media_type === PDF && status !== 'withdrawn') ?? null;
}

/** Its content; null where it is kept no more (VENULE_KEEP_LAB_TEXTS). */
export const contentOf = (store: Store, { id }: LabDocument): Promise<Buffer | null> => readFile(store, id);
