/**
 * How whole documents are written: checked against their collection's schema, then handed to the driver as they are.
 * Mongoose's own way costs twice the processor time of the write (docs/architecture.md, "Speaking to MongoDB").
 */
import type { Model, mongo } from 'mongoose';
import { isDuplicateKey } from '../duplicate-key.ts';
import { collectionOf } from './define.ts';

/** A document is not what its collection holds: a fault of ours. Names fields, never a value. */
class WrongDocument extends Error {
  override name = 'WrongDocument';

  constructor(collection: string, fields: readonly string[]) {
    super(`A document for ${collection} is wrong in ${fields.join(', ')}`);
  }
}

/**
 * The document, which has every field that it must have, no other than the schema names, and each of its type.
 * @throws WrongDocument
 */
export async function checked<T extends { _id: unknown }>(model: Model<T>, document: T): Promise<T> {
  const { schema } = model;
  const unknown = Object.keys(document).filter((field) => schema.path(field) === undefined);
  if (unknown.length > 0) throw new WrongDocument(model.collection.name, unknown);
  await new model(document).validate().catch((error: { errors?: Record<string, unknown> }) => {
    throw error.errors ? new WrongDocument(model.collection.name, Object.keys(error.errors)) : error;
  });
  return document;
}

/**
 * Inserts a document, or many in one message.
 * @throws WrongDocument; what `isDuplicateKey` recognizes where one of them is there already
 */
export async function insert<T extends { _id: unknown }>(
  model: Model<T>,
  documents: T | readonly T[],
  options: mongo.BulkWriteOptions = {},
): Promise<void> {
  const all = await Promise.all([documents].flat().map((document) => checked(model, document as T)));
  const [only] = all;
  const collection = collectionOf(model);
  type Insertable = mongo.OptionalUnlessRequiredId<T>;
  if (all.length === 1) await collection.insertOne(only as Insertable, options);
  else if (all.length > 1) await collection.insertMany(all as Insertable[], options);
}

/**
 * Inserts what is not there yet, in one message; what is there stays as it is.
 * @returns how many were inserted
 * @throws WrongDocument
 */
export async function insertMissing<T extends { _id: unknown }>(
  model: Model<T>,
  documents: readonly T[],
  options: mongo.BulkWriteOptions = {},
): Promise<number> {
  try {
    await insert(model, documents, { ...options, ordered: false });
    return documents.length;
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    return (error as { insertedCount?: number }).insertedCount ?? 0;
  }
}

/**
 * Inserts a document unless one of its id is there, which stays as it is.
 * @returns whether there was none
 * @throws WrongDocument
 */
export async function insertOnce<T extends { _id: unknown }>(model: Model<T>, document: T): Promise<boolean> {
  const { _id, ...rest } = await checked(model, document);
  const { upsertedCount } = await collectionOf(model).updateOne(
    { _id } as mongo.Filter<T>,
    { $setOnInsert: rest } as unknown as mongo.UpdateFilter<T>,
    { upsert: true },
  );
  return upsertedCount > 0;
}

/**
 * Writes the next version of a document. It may have been stored by an earlier version of Venule, so it may lack what
 * today's have; what it has is of its type.
 * @param options `upsert` inserts it where there is none
 * @throws WrongDocument
 */
export async function replace<T extends { _id: unknown }>(
  model: Model<T>,
  document: T,
  options: mongo.ReplaceOptions,
): Promise<void> {
  try {
    model.castObject(document);
  } catch (error) {
    const { errors } = error as { errors?: Record<string, unknown> };
    throw errors ? new WrongDocument(model.collection.name, Object.keys(errors)) : error;
  }
  await collectionOf(model).replaceOne({ _id: document._id } as mongo.Filter<T>, document, options);
}
