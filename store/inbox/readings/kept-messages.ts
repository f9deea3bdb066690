/** The messages of a laboratory that are kept, to be read anew. */
import type mongoose from 'mongoose';
import type { Environment } from '../../../domain/catalogue/lab-connection.ts';
import { collectionOf } from '../../collections/define.ts';
import type { LabMessageTextDocument } from '../../collections/inbox.ts';
import type { Store } from '../../open.ts';
import { cameAs } from '../as-it-came.ts';
import { readFile } from '../lab-files.ts';

/** A body as it came, with one message or several. */
export interface KeptMessage {
  lab_slug: string;
  environment: Environment;
  /** SHA-256 of its bytes: the `content_hash` of its reports. */
  content_hash: string;
  raw: Buffer;
  /** What the transport said of its characters; absent where it said nothing. */
  charset?: string;
  /** Why something of it was not taken in; null where all was. */
  refused: string | null;
  received_at: Date;
}

/** Which messages are read anew. */
export interface KeptChoice {
  lab_slug: string;
  environment: Environment;
  since: Date;
}

/** How many are fetched at once: one may have megabytes. */
const AT_ONCE = 8;

/** A laboratory's messages, oldest first; those of which no text is kept, or too little, and those that were never read are left out. */
export async function* keptMessages(store: Store, choice: KeptChoice): AsyncGenerator<KeptMessage> {
  const { lab_slug, environment, since } = choice;
  const texts = collectionOf(store.labMessageTexts)
    .find({
      lab_slug,
      environment,
      received_at: { $gte: since },
      bytes: { $exists: false },
      not_read: { $exists: false },
      to_read: { $exists: false },
    })
    .sort({ received_at: 1 })
    .batchSize(AT_ONCE);
  for await (const text of texts) {
    const kept = await keptAs(store, text);
    if (kept) yield kept;
  }
  yield* keptWithReports(store, choice);
}

/** What a text is of; null where its content is not there whole. */
export async function keptAs(store: Store, text: LabMessageTextDocument): Promise<KeptMessage | null> {
  const { _id, lab_slug, environment, charset, refused, received_at } = text;
  const raw = text.raw === null ? await readFile(store, _id) : bytesOf(text.raw);
  if (!raw) return null;
  const kept = { lab_slug, environment, content_hash: _id, raw, refused, received_at };
  return { ...kept, ...(charset !== undefined && { charset }) };
}

/** One of them; null where its text is no longer kept. */
export async function keptMessage(
  store: Store,
  report: { lab_slug: string; content_hash: string; raw?: string; received_at: Date },
  environment: Environment,
): Promise<KeptMessage | null> {
  const { lab_slug, content_hash, received_at } = report;
  const text = await collectionOf(store.labMessageTexts).findOne({ _id: content_hash });
  const short = text?.raw ?? report.raw;
  const raw = short === undefined ? text && (await readFile(store, content_hash)) : bytesOf(short);
  if (!raw || text?.bytes !== undefined) return null;
  return {
    lab_slug,
    environment,
    content_hash,
    raw,
    ...(text?.charset !== undefined && { charset: text.charset }),
    refused: text?.refused ?? null,
    received_at: text?.received_at ?? received_at,
  };
}

/** Messages from before their text was kept by itself: it is with each of their reports. */
async function* keptWithReports(
  store: Store,
  { lab_slug, environment, since }: KeptChoice,
): AsyncGenerator<KeptMessage> {
  const reports = collectionOf(store.labMessages)
    .find({ lab_slug, received_at: { $gte: since }, raw: { $exists: true } })
    .project<{ content_hash: string; raw: string; received_at: Date; order_id: string | null }>({
      content_hash: 1,
      raw: 1,
      received_at: 1,
      order_id: 1,
    })
    .sort({ received_at: 1 })
    .batchSize(AT_ONCE);
  let last = '';
  for await (const { content_hash, raw, received_at, order_id } of reports) {
    if (content_hash === last) continue;
    last = content_hash;
    if (order_id !== null && (await environmentOf(store, order_id)) !== environment) continue;
    yield { lab_slug, environment, content_hash, raw: Buffer.from(raw), refused: null, received_at };
  }
}

/** Which connection an order's messages come on. */
export async function environmentOf(store: Store, orderId: string): Promise<Environment> {
  const found = await collectionOf(store.orders).findOne(
    { _id: orderId },
    { projection: { 'order.options.sandbox': 1 } },
  );
  return found?.order.options.sandbox ? 'sandbox' : 'production';
}

function bytesOf(raw: string | mongoose.mongo.Binary): Buffer {
  const came = cameAs({ raw });
  return typeof came === 'string' ? Buffer.from(came) : (came ?? Buffer.alloc(0));
}
