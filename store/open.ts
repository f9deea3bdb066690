/** The open database: one model for each collection. */
import mongoose, { type Connection } from 'mongoose';
import { accessCollections } from './collections/access.ts';
import { alertsCollections } from './collections/alerts.ts';
import { appointmentsCollections } from './collections/appointments.ts';
import { catalogueCollections } from './collections/catalogue.ts';
import { connectionsCollections } from './collections/connections.ts';
import { inboxCollections } from './collections/inbox.ts';
import { messagesCollections } from './collections/messages.ts';
import { migrationsCollections } from './collections/migrations.ts';
import { orderMessagesCollections } from './collections/order-messages.ts';
import { ordersCollections } from './collections/orders.ts';
import { outboxCollections } from './collections/outbox.ts';

const models = (connection: Connection) => ({
  ...ordersCollections(connection),
  ...inboxCollections(connection),
  ...outboxCollections(connection),
  ...messagesCollections(connection),
  ...catalogueCollections(connection),
  ...appointmentsCollections(connection),
  ...accessCollections(connection),
  ...connectionsCollections(connection),
  ...orderMessagesCollections(connection),
  ...alertsCollections(connection),
  ...migrationsCollections(connection),
});

/** The database, open. */
export type Store = {
  connection: Connection;
  /** Where callers reach this installation, for links in answers and webhooks; null where nobody said. */
  publicUrl: string | null;
} & ReturnType<typeof models>;

/**
 * How long the database may be silent, in milliseconds: one that is there but does not answer must not hold callers up.
 * A read or a write is tried once more, on a new connection.
 */
const SILENT_AT_MOST = { socketTimeoutMS: 5_000, connectTimeoutMS: 3_000, serverSelectionTimeoutMS: 5_000 };

/**
 * Opens the database and makes sure of its indexes.
 * @param uri MongoDB connection string of a replica set (transactions need one).
 * @param publicUrl Where callers reach this installation.
 * @throws MongooseServerSelectionError when no server answers within ten seconds.
 */
export async function openStore(uri: string, publicUrl: string | null = null): Promise<Store> {
  await makeIndexes(uri);
  const connection = await mongoose.createConnection(uri, { ...SILENT_AT_MOST, maxPoolSize: 50 }).asPromise();
  return { connection, publicUrl, ...models(connection) };
}

/** On a connection of their own: an index of a large collection takes as long as it takes. */
async function makeIndexes(uri: string): Promise<void> {
  const patient = await mongoose.createConnection(uri, { serverSelectionTimeoutMS: 10_000 }).asPromise();
  try {
    await Promise.all(Object.values(models(patient)).map((model) => model.createIndexes()));
  } finally {
    await patient.close();
  }
}

/** Closes every connection to the database. */
export async function closeStore(store: Store): Promise<void> {
  await store.connection.close();
}
