/**
 * The providers that draw blood by appointment. One that speaks docs/phlebotomy.md is an entry here; one with a wire of
 * its own is an adapter file besides.
 */
import {
  type AppointmentProvider,
  type AppointmentType,
  type PlaceLister,
  PROVIDER_TIERS,
  PROVIDER_TYPES,
  type ServiceType,
} from '../../domain/appointments/appointment.ts';
import { jsonOverHttp } from './json-over-http.ts';
import type { PhlebotomyAdapter } from './phlebotomy-adapter.ts';

/** What is true of a provider wherever it works. */
export interface PhlebotomyProvider {
  /** Whether it comes to the patient or the patient to it. */
  type: AppointmentType;
  /** Whether the patient picks a slot, or the provider finds the time. */
  tier: ServiceType;
  adapter: PhlebotomyAdapter;
}

export const PROVIDERS: Readonly<Record<AppointmentProvider, PhlebotomyProvider>> = {
  getlabs: { ...sort('getlabs'), adapter: jsonOverHttp('getlabs') },
  phlebfinders: { ...sort('phlebfinders'), adapter: jsonOverHttp('phlebfinders') },
  quest: { ...sort('quest'), adapter: jsonOverHttp('quest') },
};

const PLACES: Readonly<Record<PlaceLister, PhlebotomyAdapter>> = {
  labcorp: jsonOverHttp('labcorp'),
  bioreference: jsonOverHttp('bioreference'),
};

function sort(provider: AppointmentProvider) {
  return { type: PROVIDER_TYPES[provider], tier: PROVIDER_TIERS[provider] };
}

/** The adapter that carries bookings to a provider, and questions to a laboratory about its places. */
export function adapterFor(provider: AppointmentProvider | PlaceLister): PhlebotomyAdapter {
  return isPlaceLister(provider) ? PLACES[provider] : PROVIDERS[provider].adapter;
}

const isPlaceLister = (provider: string): provider is PlaceLister => Object.hasOwn(PLACES, provider);
