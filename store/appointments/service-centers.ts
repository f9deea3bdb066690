/** Service centers as providers last told of them: callers name them by their codes alone. */
import type { AppointmentProvider, PlaceLister } from '../../domain/appointments/appointment.ts';
import type { Environment } from '../../domain/catalogue/lab-connection.ts';
import type { ServiceCenterDocument } from '../collections/appointments.ts';
import { collectionOf } from '../collections/define.ts';
import type { Store } from '../open.ts';

/** A service center, as much as an appointment needs to know. */
export type KnownCenter = Pick<ServiceCenterDocument, 'code' | 'name' | 'address' | 'location' | 'time_zone'>;

const idOf = (provider: AppointmentProvider | PlaceLister, environment: Environment, code: string) =>
  `${provider}:${environment}:${code}`;

/** Takes note of service centers that a provider told of. */
export async function rememberServiceCenters(
  store: Store,
  provider: AppointmentProvider | PlaceLister,
  environment: Environment,
  centers: readonly KnownCenter[],
): Promise<void> {
  if (centers.length === 0) return;
  const updated_at = new Date();
  await store.serviceCenters.bulkWrite(
    centers.map(({ code, name, address, location, time_zone }) => {
      const _id = idOf(provider, environment, code);
      const replacement = { _id, provider, environment, code, name, address, location, time_zone, updated_at };
      return { replaceOne: { filter: { _id }, replacement, upsert: true } };
    }),
    { ordered: false, throwOnValidationError: true },
  );
}

/** The service centers with these codes that are known, by their codes. */
export async function findServiceCenters(
  store: Store,
  provider: AppointmentProvider,
  environment: Environment,
  codes: readonly string[],
): Promise<Map<string, ServiceCenterDocument>> {
  const ids = codes.map((code) => idOf(provider, environment, code));
  const found = await collectionOf(store.serviceCenters)
    .find({ _id: { $in: ids } })
    .toArray();
  return new Map(found.map((center) => [center.code, center]));
}
