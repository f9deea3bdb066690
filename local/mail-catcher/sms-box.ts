/** SMS that were kept instead of sent, as the worker wrote them into the database. */
import mongoose from 'mongoose';

/** A kept SMS. */
export interface KeptSms {
  id: string;
  to: string;
  text: string;
  sent_at: Date;
}

/** Where kept SMS are read. */
export interface SmsBox {
  /** The latest that contain all the words, newest first; null while the database cannot be read. */
  list(words: readonly string[]): Promise<KeptSms[] | null>;
  close(): Promise<void>;
}

/** Most SMS that a list shows. */
const SHOWN = 200;
/** How many of the latest are looked through. */
const SEARCHED = 5_000;
const ANSWERS_WITHIN_MS = 2_000;

/** Reads the SMS of a database, which need not be there yet. */
export function openSmsBox(mongodbUri: string): SmsBox {
  const client = new mongoose.mongo.MongoClient(mongodbUri, { serverSelectionTimeoutMS: ANSWERS_WITHIN_MS });
  const messages = client.db().collection<Omit<KeptSms, 'id'> & { _id: string }>('sent_messages');
  return {
    async list(words) {
      const found: KeptSms[] = [];
      try {
        const latest = messages
          .find({})
          .sort({ sent_at: -1 })
          .limit(words.length > 0 ? SEARCHED : SHOWN);
        for await (const { _id: id, to, text, sent_at } of latest) {
          if (found.length === SHOWN) break;
          const written = `${to} ${text} ${id}`.toLowerCase();
          if (words.every((word) => written.includes(word))) found.push({ id, to, text, sent_at });
        }
        return found;
      } catch {
        return null;
      }
    },
    close: () => client.close(),
  };
}
