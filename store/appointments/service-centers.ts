/** Service centers as companies last told of them: callers name them by their codes alone. */
import type { AppointmentProvider, PlaceLister } from '../../domain/appointments/appointment.ts';
import type { ServiceCentreDocument } from '../collections/appointments.ts';
import { collectionOf } from '../collections/define.ts';
import type { Environment } from '../connections/lab-connections.ts';
import type { Store } from '../open.ts';

/** A service center, as much as an appointment needs to know. */
export type KnownCentre = Pick<ServiceCentreDocument, 'code' | 'name' | 'address' | 'location' | 'time_zone'>;

const idOf = (provider: AppointmentProvider | PlaceLister, environment: Environment, code: string) =>
  `${provider}:${environment}:${code}`;

/** Takes note of service centers that a company told of. */
export async function rememberServiceCentres(
  store: Store,
  provider: AppointmentProvider | PlaceLister,
  environment: Environment,
  centres: readonly KnownCentre[],
): Promise<void> {
  if (centres.length === 0) return;
  const updated_at = new Date();
  await collectionOf(store.serviceCentres).bulkWrite(
    centres.map(({ code, name, address, location, time_zone }) => ({
      replaceOne: {
        filter: { _id: idOf(provider, environment, code) },
        replacement: { provider, environment, code, name, address, location, time_zone, updated_at },
        upsert: true,
      },
    })),
    { ordered: false },
  );
}

/** The service centers with these codes that are known, by their codes. */
export async function findServiceCentres(
  store: Store,
  provider: AppointmentProvider,
  environment: Environment,
  codes: readonly string[],
): Promise<Map<string, ServiceCentreDocument>> {
  const ids = codes.map((code) => idOf(provider, environment, code));
  const found = await collectionOf(store.serviceCentres)
    .find({ _id: { $in: ids } })
    .toArray();
  return new Map(found.map((centre) => [centre.code, centre]));
}
