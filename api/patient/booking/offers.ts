/** What a patient can choose from: times at home, providers that find the time, service centers and times there. */
import { blocksBooking } from '../../../domain/appointments/appointment.ts';
import { directionsTo } from '../../../notifications/visit-time.ts';
import { activeAppointment } from '../../../store/appointments/read-appointments.ts';
import type { TeamDocument } from '../../../store/collections/access.ts';
import { phlebotomyAvailability, pscAvailability } from '../../appointments/availability.ts';
import { ask, providersOf } from '../../appointments/providers.ts';
import type { AvailabilityAnswer, PscInfo } from '../../appointments/schemas.ts';
import { pscInfo } from '../../appointments/service-centers.ts';
import type { ApiDeps } from '../../deps.ts';
import { ApiError } from '../../http/errors.ts';
import { typeOf, visitAddress } from './booking-state.ts';
import type { OpenedLink } from './opened-link.ts';

type Deps = Pick<ApiDeps, 'store' | 'catalogue' | 'bookingKeys' | 'logger'>;

type Center = PscInfo['patient_service_centers'][number];

/** How far around the patient service centers are looked for, in miles. */
const RADIUS = '50';

/** Times, as instants in UTC, and the zone of the place. */
export interface Times {
  slots: { key: string; start: string; end: string }[];
  time_zone: string | null;
  /** Whether a provider can be asked to find the time, as there is none to choose from. */
  on_request: boolean;
  /** What the phlebotomist may miss at the address (C3). */
  warnings: string[];
}

/** Fourteen days of times; of a service center where one is named. */
export async function timesFor(
  deps: Deps,
  { team, order }: OpenedLink,
  question: { start_date?: string | undefined; access_notes?: string | undefined; site_code?: string | undefined },
): Promise<Times> {
  const type = typeOf(order);
  if (type === 'patient_service_center') {
    const { site_code, start_date } = question;
    if (site_code === undefined) throw new ApiError('rule_broken', 'Please choose a service center first.');
    const answer = await pscAvailability(deps, team, order.lab_slug, { site_codes: [site_code], start_date }).catch(
      noTimes,
    );
    return { ...timesOf(answer), time_zone: answer.slots[0]?.location?.iana_timezone ?? null, on_request: false };
  }
  const active = await activeAppointment(deps.store, order._id, type);
  const { second_line, access_notes, ...address } = visitAddress(order, active);
  const notes = question.access_notes ?? access_notes;
  const body = { ...address, ...(second_line && { second_line }), ...(notes && { access_notes: notes }) };
  const answer = await phlebotomyAvailability(deps, team, body, question.start_date);
  const times = timesOf(answer);
  const canBook = !active || !blocksBooking(active, new Date());
  const provider = canBook && times.slots.length === 0 ? await onRequest(deps, team, address.zip_code) : null;
  return { ...times, time_zone: answer.timezone, on_request: provider !== null };
}

/** The provider that can be asked to find a time in that ZIP; null when there is none. */
export async function onRequest(deps: Deps, team: TeamDocument, zipCode: string) {
  const zip = zipCode.slice(0, 5);
  for (const provider of providersOf('phlebotomy', 'appointment-request')) {
    const coverage = await ask(deps, team, provider, (adapter, at, signal) => adapter.coverage(zip, at, signal));
    if (coverage?.served) return provider;
  }
  return null;
}

/** What a patient can go to, and around which ZIP that was looked for. */
export interface NearCenters {
  zip: string;
  /** The nearest first; none where none are known. */
  centres: (Center & { directions_url: string })[];
}

/**
 * Service centers of the order's laboratory.
 * @param zip Around which to look; the patient's own when absent.
 */
export async function centersNear(
  deps: Deps,
  { team, order }: OpenedLink,
  zip = order.order.address.zip.slice(0, 5),
): Promise<NearCenters> {
  const laboratory = deps.catalogue.laboratories.get(order.order.lab_id);
  if (!laboratory) return { zip, centres: [] };
  const near = { zip, radius: RADIUS, accountId: order.order.lab_account_id };
  const { patient_service_centers: centers } = await pscInfo(deps, team, laboratory, near);
  return {
    zip,
    centres: centers.map((center) => ({ ...center, directions_url: directionsTo(addressOf(center.metadata)) })),
  };
}

const addressOf = ({ first_line, second_line, city, state, zip_code }: Center['metadata']) => ({
  first_line,
  second_line: second_line ?? null,
  city,
  state,
  zip_code,
});

const timesOf = ({ slots, warnings }: AvailabilityAnswer) => ({
  slots: slots
    .flatMap((day) => day.slots)
    .map(({ booking_key: key, start, end }) => ({ key, start, end }))
    .sort((a, b) => a.start.localeCompare(b.start)),
  warnings,
});

function noTimes(error: unknown): AvailabilityAnswer {
  if (error instanceof ApiError && error.code === 'not_found') return { slots: [], timezone: null, warnings: [] };
  throw error;
}
