/** What the webhook dispatcher is measured against: a POST for each message, and one update when it was answered. */
import mongoose from 'mongoose';
import { Agent, request } from 'undici';
import { loadConfig } from '../../config/config.ts';
import { serve } from '../program.ts';

/** What is to be posted. */
export interface BareWebhooks {
  url: string;
  body: string;
  count: number;
  /** How many are under way at the same time. */
  concurrency: number;
}

serve(async () => {
  const { mongodbUri } = loadConfig();
  const connection = await mongoose.createConnection(mongodbUri, { maxPoolSize: 50 }).asPromise();
  const rows = connection.collection<{ _id: number; state: string }>('bare_webhooks');
  const agent = new Agent({ pipelining: 1 });
  return {
    abilities: {
      /** Makes the rows that are updated. */
      async prepare({ count }: BareWebhooks) {
        await rows.deleteMany({});
        await rows.insertMany(Array.from({ length: count }, (_, _id) => ({ _id, state: 'pending' })));
      },
      /** @returns how long it took, in milliseconds */
      async deliver({ url, body, count, concurrency }: BareWebhooks): Promise<number> {
        const began = performance.now();
        let next = 0;
        const sender = async () => {
          for (let _id = next++; _id < count; _id = next++) {
            const answer = await request(url, {
              method: 'POST',
              dispatcher: agent,
              headers: { 'content-type': 'application/json', 'svix-id': `bare-${_id}` },
              body,
            });
            await answer.body.dump();
            if (answer.statusCode !== 200) throw new Error(`The receiver answered ${answer.statusCode}`);
            await rows.updateOne({ _id }, { $set: { state: 'delivered' } });
          }
        };
        await Promise.all(Array.from({ length: concurrency }, sender));
        return performance.now() - began;
      },
    },
    async close() {
      await agent.close();
      await connection.close();
    },
  };
});
