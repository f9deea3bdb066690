/** Where laboratories are reached, and how they and we prove who we are (F12). */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Environment, LabConnection } from '../../domain/catalogue/lab-connection.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { collectionOf } from '../collections/define.ts';
import { insertOnce } from '../collections/write.ts';
import type { Store } from '../open.ts';

export const hashOfPassword = (password: string) => createHash('sha256').update(password).digest('hex');

const idOf = ({ lab_slug, environment }: Pick<LabConnection, 'lab_slug' | 'environment'>) =>
  `${lab_slug}:${environment}`;

/** Adds a connection or replaces it. */
export async function setLabConnection(store: Store, connection: LabConnection): Promise<void> {
  await collectionOf(store.labConnections).updateOne(
    { _id: idOf(connection) },
    { $set: connection, $unset: OF_EARLIER_VERSIONS },
    { upsert: true },
  );
}

/**
 * Points laboratories' sandbox connections at the sandbox lab. A connection that is there already stays as it is, since
 * its operator may have set it, unless `replace`; one that its operator has put on another wire stays in any case.
 */
export async function connectSandboxLabs(
  store: Store,
  catalogue: Catalogue,
  sandbox: { url: string; user: string; password: string; replace?: boolean },
): Promise<void> {
  const { user, password } = sandbox;
  for (const lab_slug of catalogue.laboratoriesBySlug.keys()) {
    const connection: LabConnection = {
      lab_slug,
      environment: 'sandbox',
      orders: { kind: 'http', url: `${sandbox.url}/labs/${lab_slug}/hl7`, user, password },
      acknowledges: 'answer',
      http: { user, password_hash: hashOfPassword(password) },
      mllp: null,
      sftp: null,
    };
    await insertOnce(store.labConnections, { _id: idOf(connection), ...connection });
    if (!sandbox.replace) continue;
    const known = await findLabConnection(store, lab_slug, 'sandbox');
    if (known?.orders.kind !== 'http') continue;
    await setLabConnection(store, { ...known, orders: connection.orders, http: connection.http });
  }
}

/** How that lab is reached from that environment; null when no operator has said. */
export async function findLabConnection(
  store: Store,
  lab_slug: string,
  environment: Environment,
): Promise<LabConnection | null> {
  const found = await collectionOf(store.labConnections).findOne({ _id: idOf({ lab_slug, environment }) });
  return found && connectionIn(found);
}

/** Every connection, by laboratory and environment. */
export async function labConnections(store: Store): Promise<LabConnection[]> {
  const all = await collectionOf(store.labConnections).find().sort({ _id: 1 }).toArray();
  return all.map(connectionIn);
}

/** The environment that a lab's credentials are for, or null when they are wrong (F12). */
export async function environmentOfLab(
  store: Store,
  lab: string,
  user: string,
  password: string,
): Promise<Environment | null> {
  const connections = await collectionOf(store.labConnections).find({ lab_slug: lab }).toArray();
  const given = Buffer.from(hashOfPassword(password));
  const proven = connections
    .map(connectionIn)
    .find(({ http }) => http?.user === user && timingSafeEqual(Buffer.from(http.password_hash), given));
  return proven?.environment ?? null;
}

/** What a connection was before there was anything but HTTP. */
interface EarlierConnection {
  lab_slug: string;
  environment: Environment;
  url: string;
  user: string;
  password: string;
  inbound_user: string;
  inbound_password_hash: string;
}

const OF_EARLIER_VERSIONS = { url: '', user: '', password: '', inbound_user: '', inbound_password_hash: '' } as const;

function connectionIn(document: LabConnection | EarlierConnection): LabConnection {
  if ('orders' in document) {
    const { lab_slug, environment, orders, acknowledges, http, mllp, sftp } = document;
    return { lab_slug, environment, orders, acknowledges, http, mllp, sftp };
  }
  const { lab_slug, environment, url, user, password, inbound_user, inbound_password_hash } = document;
  return {
    lab_slug,
    environment,
    orders: { kind: 'http', url, user, password },
    acknowledges: 'answer',
    http: { user: inbound_user, password_hash: inbound_password_hash },
    mllp: null,
    sftp: null,
  };
}
