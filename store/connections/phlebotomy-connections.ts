/** Where phlebotomy providers are reached, and what they sign their events with. */
import {
  APPOINTMENT_PROVIDERS,
  type AppointmentProvider,
  PLACE_LISTERS,
  type PlaceLister,
} from '../../domain/appointments/appointment.ts';
import type { Environment } from '../../domain/catalogue/lab-connection.ts';
import type { PhlebotomyConnectionDocument } from '../collections/connections.ts';
import type { Store } from '../open.ts';

/** Adds a connection or replaces it. */
export async function setPhlebotomyConnection(
  store: Store,
  connection: Omit<PhlebotomyConnectionDocument, '_id'>,
): Promise<void> {
  const _id = `${connection.provider}:${connection.environment}`;
  await store.phlebotomyConnections.updateOne({ _id }, { $set: connection }, { upsert: true });
}

/** Points every provider's sandbox connection at the sandbox providers. */
export async function connectSandboxPhlebotomy(
  store: Store,
  sandbox: { url: string; key: string; secret: string },
): Promise<void> {
  for (const provider of [...APPOINTMENT_PROVIDERS, ...PLACE_LISTERS]) {
    await setPhlebotomyConnection(store, {
      provider,
      environment: 'sandbox',
      url: `${sandbox.url}/phlebotomy/${provider}`,
      key: sandbox.key,
      secrets: [sandbox.secret],
    });
  }
}

/** How that provider is reached from that environment; null when no operator has said. */
export function findPhlebotomyConnection(
  store: Store,
  provider: AppointmentProvider | PlaceLister,
  environment: Environment,
): Promise<PhlebotomyConnectionDocument | null> {
  return store.phlebotomyConnections.findById(`${provider}:${environment}`).lean<PhlebotomyConnectionDocument>().exec();
}

/** A provider's connections in every environment. */
export function phlebotomyConnectionsOf(
  store: Store,
  provider: AppointmentProvider,
): Promise<PhlebotomyConnectionDocument[]> {
  return store.phlebotomyConnections.find({ provider }).lean<PhlebotomyConnectionDocument[]>().exec();
}
