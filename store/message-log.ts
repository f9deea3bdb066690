/** Where SMS go while there is no account with a carrier: kept, and shown to operators. */
import { rows, type Store } from './store.ts';

/** A sender that keeps messages; the same reference again changes nothing. */
export function loggedSms(store: Store) {
  return {
    async send({ to, text, reference }: { to: string; text: string; reference: string }): Promise<void> {
      const message = { to, text, sent_at: new Date() };
      await rows(store.sentMessages).updateOne({ _id: reference }, { $setOnInsert: message }, { upsert: true });
    },
  };
}
