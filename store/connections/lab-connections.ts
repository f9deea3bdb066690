/** Where laboratories are reached, and how they and we prove who we are (F12). */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { LabConnectionDocument } from '../collections/connections.ts';
import type { Store } from '../open.ts';

export type Environment = LabConnectionDocument['environment'];

export const hashOfPassword = (password: string) => createHash('sha256').update(password).digest('hex');

/** What an operator says of a connection; a password is only kept as it must be. */
export interface NewLabConnection {
  lab_slug: string;
  environment: Environment;
  url: string;
  user: string;
  password: string;
  inbound_user: string;
  inbound_password: string;
}

/** Adds a connection or replaces it. */
export async function setLabConnection(store: Store, connection: NewLabConnection): Promise<void> {
  const { _id, ...fields } = documentOf(connection);
  await store.labConnections.updateOne({ _id }, { $set: fields }, { upsert: true });
}

/**
 * Points laboratories' sandbox connections at the sandbox lab. A connection that is there already stays as it is, since
 * its operator may have set it, unless `replace`.
 */
export async function connectSandboxLabs(
  store: Store,
  catalogue: Catalogue,
  sandbox: { url: string; user: string; password: string; replace?: boolean },
): Promise<void> {
  for (const slug of catalogue.laboratoriesBySlug.keys()) {
    const { _id, ...fields } = documentOf({
      lab_slug: slug,
      environment: 'sandbox',
      url: `${sandbox.url}/labs/${slug}/hl7`,
      user: sandbox.user,
      password: sandbox.password,
      inbound_user: sandbox.user,
      inbound_password: sandbox.password,
    });
    const update = sandbox.replace ? { $set: fields } : { $setOnInsert: fields };
    await store.labConnections.updateOne({ _id }, update, { upsert: true });
  }
}

function documentOf({ inbound_password, ...connection }: NewLabConnection): LabConnectionDocument {
  return {
    _id: `${connection.lab_slug}:${connection.environment}`,
    ...connection,
    inbound_password_hash: hashOfPassword(inbound_password),
  };
}

/** How that lab is reached from that environment; null when no operator has said. */
export function findLabConnection(
  store: Store,
  lab: string,
  environment: Environment,
): Promise<LabConnectionDocument | null> {
  return store.labConnections.findById(`${lab}:${environment}`).lean<LabConnectionDocument>().exec();
}

/** The environment that a lab's credentials are for, or null when they are wrong (F12). */
export async function environmentOfLab(
  store: Store,
  lab: string,
  user: string,
  password: string,
): Promise<Environment | null> {
  const connections = await store.labConnections
    .find({ lab_slug: lab, inbound_user: user })
    .lean<LabConnectionDocument[]>();
  const given = Buffer.from(hashOfPassword(password));
  const proven = connections.find((connection) =>
    timingSafeEqual(Buffer.from(connection.inbound_password_hash), given),
  );
  return proven?.environment ?? null;
}
