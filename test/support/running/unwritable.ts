/** A collection that refuses every message as a whole, as a database does that has no primary. */
import { randomUUID } from 'node:crypto';
import type { Model } from 'mongoose';

/** Does something while nothing can be written to a collection, which is put back as it was. */
export async function whileUnwritable<R>(
  { db, collection }: Pick<Model<never>, 'db' | 'collection'>,
  what: () => Promise<R>,
): Promise<R> {
  const [database, { name }] = [db.db, collection];
  if (!database) throw new Error('The database is not open');
  const aside = `${name}-${randomUUID()}`;
  await database.renameCollection(name, aside);
  // A view can be read like a collection, and refuses to be written to.
  await database.createCollection(name, { viewOn: aside, pipeline: [] });
  try {
    return await what();
  } finally {
    await database.dropCollection(name);
    await database.renameCollection(aside, name);
  }
}
