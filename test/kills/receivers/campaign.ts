/** A receiver under load that dies at random, by a seed; then all that it has acknowledged is looked for. */
import { setTimeout as pause } from 'node:timers/promises';
import { closeStore, openStore, type Store } from '../../../store/open.ts';
import { until } from '../../support/until.ts';
import { Chance } from '../random.ts';
import type { Message } from './messages.ts';
import { faultsInStore } from './oracle.ts';
import { ReceiverProcess } from './receiver-process.ts';
import { type Receiver, underLoad } from './receivers.ts';

/** How long the next acknowledgments may take while a receiver starts, in milliseconds. */
const GOES_ON_WITHIN = 90_000;

export interface Outcome {
  /** How many messages, by transport. */
  acknowledged: Record<string, number>;
  /** The fewest that were acknowledged on any transport between one kill and the next. */
  fewest: number;
  /** Messages that a kill had left without an acknowledgment, and that were sent again. */
  sentAgain: number;
  /** What is wrong, a line each; nothing when all is well. */
  faults: string[];
}

export interface CampaignOptions {
  receiver: Receiver;
  seed: number;
  kills: number;
  /** Of a database with nothing in it. */
  mongodbUri: string;
  /** An empty folder. */
  dataDir: string;
  /** Called when everything has been compared, with what was sent and a way to compare again. */
  look?: (found: {
    store: Store;
    sent: Message[];
    archive: string | null;
    compare: () => Promise<string[]>;
  }) => Promise<void>;
}

/** @param tell called with a line of progress now and then */
export async function killReceivers(
  { receiver: name, seed, kills, mongodbUri, dataDir, look }: CampaignOptions,
  tell: (line: string) => void = () => {},
): Promise<Outcome> {
  const chance = new Chance(seed);
  const store = await openStore(mongodbUri);
  const load = await underLoad(name, { store, chance: new Chance(seed + 1), dataDir });
  const receiver = new ReceiverProcess(
    load.script,
    { TEMPORAL_ADDRESS: '127.0.0.1:9', MONGODB_URI: mongodbUri, VENULE_DATA_DIR: dataDir, ...load.env },
    `${dataDir}/receiver.log`,
  );
  try {
    await receiver.start();
    let trouble: Error | null = null;
    const sending = load.send();
    sending.catch((error: Error) => {
      trouble = error;
    });
    let fewest = Number.POSITIVE_INFINITY;
    let before = load.acknowledged();
    /** On the transport where it is the fewest. */
    const further = () =>
      Math.min(...Object.entries(load.acknowledged()).map(([transport, now]) => now - (before[transport] ?? 0)));
    for (let count = 1; count <= kills; count += 1) {
      const enough = chance.between(1, 30);
      await until(() => {
        if (trouble) throw trouble;
        if (receiver.failure) throw new Error(receiver.failure);
        return further() >= enough;
      }, GOES_ON_WITHIN);
      await pause(chance.between(0, 60));
      await receiver.kill();
      fewest = Math.min(fewest, further());
      before = load.acknowledged();
      tell(`kill ${count} of ${kills}`);
      await load.afterKill();
      await receiver.start();
    }
    load.stop();
    const sent = await sending;
    if (receiver.failure) throw new Error(receiver.failure);
    const messages = sent.map(({ message }) => message);
    tell(`comparing ${messages.length} messages`);
    const compare = async () => [...(await faultsInStore(store, messages)), ...(await load.faults(messages))];
    const deadline = Date.now() + load.settledWithin;
    let faults = await compare();
    while (faults.length > 0 && Date.now() < deadline) {
      await pause(200);
      faults = await compare();
    }
    await look?.({ store, sent: messages, archive: load.archive, compare });
    const sentAgain = sent.filter(({ sendings }) => sendings > 1).length;
    return { acknowledged: load.acknowledged(), fewest, sentAgain, faults };
  } finally {
    load.stop();
    await receiver.kill();
    await load.close();
    await store.connection.dropDatabase();
    await closeStore(store);
  }
}
