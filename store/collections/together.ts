/**
 * Writes of different requests in one message (docs/architecture.md, "Speaking to MongoDB"): what comes in while one
 * message is on its way waits for it, and then goes out together. Whoever writes alone waits for nobody.
 */
import mongoose, { type Model } from 'mongoose';
import { isDuplicateKey } from '../duplicate-key.ts';
import { collectionOf } from './define.ts';
import { checked } from './write.ts';

const { MongoBulkWriteError, MongoServerError } = mongoose.mongo;
type Collection<T extends { _id: unknown }> = mongoose.mongo.Collection<T>;

/** So many go out in one message; one of more than 16 MB the driver divides by itself. */
const MOST = 100;
/** For so long, in milliseconds, a message that is not answered holds up those that come after it. */
const HOLDS_UP_MS = 250;

/** What became of one item: the error is its own. */
type Outcome = Error | undefined;
type Send<Item> = (items: Item[]) => Promise<Outcome[]>;

/**
 * Collects items while others are on their way.
 * @param send Answers with an outcome for each item, in their order; what it throws is the outcome of all of them.
 */
function together<Item>(send: Send<Item>): (item: Item) => Promise<void> {
  const waiting: { item: Item; settle(outcome: Outcome): void }[] = [];
  let isBusy = false;

  async function goOn(): Promise<void> {
    const batch = waiting.splice(0, MOST);
    let isHeld = true;
    const next = () => {
      if (!isHeld) return;
      isHeld = false;
      isBusy = waiting.length > 0;
      if (isBusy) void goOn();
    };
    const late = setTimeout(next, HOLDS_UP_MS).unref();
    const outcomes = await send(batch.map(({ item }) => item)).catch((error: Error) => batch.map(() => error));
    clearTimeout(late);
    for (const [index, { settle }] of batch.entries()) settle(outcomes[index]);
    next();
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, settle: (outcome) => (outcome ? reject(outcome) : resolve()) });
      if (isBusy) return;
      isBusy = true;
      // What the same turn of the event loop brings is in the first message already.
      setImmediate(() => void goOn());
    });
}

/** One of each for a collection, made when it is first needed. */
function forEachModel<Item>(sendTo: (collection: Collection<{ _id: unknown }>) => Send<Item>) {
  const made = new WeakMap<object, (item: Item) => Promise<void>>();
  return <T extends { _id: unknown }>(model: Model<T>, item: Item): Promise<void> => {
    const held = made.get(model) ?? together(sendTo(collectionOf(model) as unknown as Collection<{ _id: unknown }>));
    made.set(model, held);
    return held(item);
  };
}

const inserting = forEachModel<{ _id: unknown }>((collection) => async (documents) => {
  const [only] = documents;
  if (only && documents.length === 1) {
    await collection.insertOne(only);
    return [undefined];
  }
  return outcomesOf(documents.length, collection.insertMany(documents, { ordered: false }));
});

interface Update {
  filter: object;
  update: object;
}

const updating = forEachModel<Update>((collection) => async (updates) => {
  const [only] = updates;
  if (only && updates.length === 1) {
    await collection.updateOne(only.filter, only.update);
    return [undefined];
  }
  const operations = updates.map((updateOne) => ({ updateOne }));
  return outcomesOf(updates.length, collection.bulkWrite(operations, { ordered: false }));
});

/** Of a message that was carried out in part, what became of each of its items. @throws what speaks of all of them. */
async function outcomesOf(count: number, answer: Promise<unknown>): Promise<Outcome[]> {
  const outcomes: Outcome[] = Array.from({ length: count });
  try {
    await answer;
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) throw error;
    const failed = [error.writeErrors].flat();
    if (failed.length === 0) throw error;
    for (const { index, code, errmsg } of failed) {
      outcomes[index] = new MongoServerError({ message: errmsg ?? 'Not written', code });
    }
  }
  return outcomes;
}

/**
 * Inserts a document unless one of its id is there, which stays as it is; in one message with those of other requests.
 * @returns whether there was none
 * @throws WrongDocument; what the document itself was refused for, never another's; what failed the message as a whole
 */
export async function insertTogether<T extends { _id: unknown }>(model: Model<T>, document: T): Promise<boolean> {
  const item = await checked(model, document);
  try {
    await inserting(model, item);
    return true;
  } catch (error) {
    const isThere = isDuplicateKey(error) && (await model.exists({ _id: document._id }));
    if (!isThere) throw error;
    return false;
  }
}

/** Changes the document that the filter finds, if any; in one message with the changes of other requests. */
export async function updateTogether<T extends { _id: unknown }>(
  model: Model<T>,
  filter: mongoose.mongo.Filter<T>,
  update: mongoose.mongo.UpdateFilter<T>,
): Promise<void> {
  await updating(model, { filter, update });
}
