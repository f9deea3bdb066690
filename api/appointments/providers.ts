/** Questions to phlebotomy providers while a caller waits. What changes anything goes through a journey instead. */
import {
  APPOINTMENT_PROVIDERS,
  type AppointmentProvider,
  type AppointmentType,
  PLACE_LISTERS,
  type PlaceLister,
  providerOfLab,
  type ServiceType,
} from '../../domain/appointments/appointment.ts';
import { PartnerUnreachable } from '../../partners/partner-unreachable.ts';
import {
  BookingRefused,
  type PhlebotomyAdapter,
  type PhlebotomyEndpoint,
} from '../../partners/phlebotomy/phlebotomy-adapter.ts';
import { adapterFor, PROVIDERS } from '../../partners/phlebotomy/registry.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import { findPhlebotomyConnection } from '../../store/connections/phlebotomy-connections.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../http/errors.ts';

/** How long a provider may take to answer, in milliseconds. */
const ANSWERS_WITHIN_MS = 10_000;

/** The providers that come to patients, or those that patients come to. */
export function providersOf(type: AppointmentType, tier?: ServiceType): AppointmentProvider[] {
  return APPOINTMENT_PROVIDERS.filter(
    (provider) => PROVIDERS[provider].type === type && (tier === undefined || PROVIDERS[provider].tier === tier),
  );
}

/** Who tells where a laboratory's service centers are; undefined where nobody does. */
export function placesOfLab(lab: string): AppointmentProvider | PlaceLister | undefined {
  return providerOfLab(lab) ?? PLACE_LISTERS.find((lister) => lister === lab);
}

/**
 * Asks a provider something.
 * @returns null when the team's environment has no connection to it, or when the provider does not serve what was asked
 * for
 * @throws ApiError `unavailable` when the provider does not decide, `rule_broken` with its words when it refuses
 */
export async function ask<Answer>(
  { store, logger }: Pick<ApiDeps, 'store' | 'logger'>,
  { environment }: Pick<TeamDocument, 'environment'>,
  provider: AppointmentProvider | PlaceLister,
  question: (adapter: PhlebotomyAdapter, at: PhlebotomyEndpoint, signal: AbortSignal) => Promise<Answer>,
): Promise<Answer | null> {
  const connection = await findPhlebotomyConnection(store, provider, environment);
  if (!connection) return null;
  const endpoint = { url: connection.url, key: connection.key, timeoutMs: ANSWERS_WITHIN_MS };
  try {
    return await question(adapterFor(provider), endpoint, new AbortController().signal);
  } catch (error) {
    if (error instanceof BookingRefused && error.code === 'not_served') return null;
    if (error instanceof BookingRefused) throw new ApiError('rule_broken', error.message);
    if (!(error instanceof PartnerUnreachable)) throw error;
    logger.warn({ provider, environment, fault: error.fault }, 'phlebotomy.unreachable');
    const retryAfter = error.retryAfterMs === null ? {} : { retryAfter: Math.ceil(error.retryAfterMs / 1000) };
    throw new ApiError('unavailable', `${provider} is not responding at the moment; please retry.`, retryAfter);
  }
}
