/**
 * The companies that draw blood by appointment. One that speaks docs/phlebotomy.md is an entry here; one with a wire of
 * its own is an adapter file besides.
 */
import type { AppointmentProvider, AppointmentType, ServiceType } from '../../domain/appointment.ts';
import { jsonOverHttp } from './json-over-http.ts';
import type { PhlebotomyAdapter } from './phlebotomy-adapter.ts';

/** What is true of a company wherever it works. */
export interface PhlebotomyProvider {
  /** Whether it comes to the patient or the patient to it. */
  type: AppointmentType;
  /** Whether the patient picks a slot, or the company finds the time. */
  tier: ServiceType;
  adapter: PhlebotomyAdapter;
}

export const PROVIDERS: Readonly<Record<AppointmentProvider, PhlebotomyProvider>> = {
  getlabs: { type: 'phlebotomy', tier: 'appointment-ready', adapter: jsonOverHttp('getlabs') },
  phlebfinders: { type: 'phlebotomy', tier: 'appointment-request', adapter: jsonOverHttp('phlebfinders') },
  quest: { type: 'patient_service_center', tier: 'appointment-ready', adapter: jsonOverHttp('quest') },
};

/** The adapter that carries bookings to a company. */
export function adapterFor(provider: AppointmentProvider): PhlebotomyAdapter {
  return PROVIDERS[provider].adapter;
}
