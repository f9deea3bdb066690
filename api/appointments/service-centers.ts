/** Who draws blood around a ZIP: phlebotomists who come, and service centers to go to (contract §2.5). */
import { type AppointmentProvider, type PlaceLister, providerOfLab } from '../../domain/appointments/appointment.ts';
import { BILLING_TYPES, type BillingType, type Laboratory } from '../../domain/catalogue/catalogue.ts';
import type { NearServiceCenter } from '../../partners/phlebotomy/phlebotomy-adapter.ts';
import {
  findServiceCenters,
  type KnownCenter,
  rememberServiceCenters,
} from '../../store/appointments/service-centers.ts';
import type { Catalogue } from '../../store/catalogue/catalogue.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import type { ApiDeps } from '../deps.ts';
import { labAccountOf, labAccountsOf } from '../orders/lab-account-choice.ts';
import { ask, placesOfLab, providersOf } from './providers.ts';
import type { AreaInfo, AreaQuery, LabLocationCapability, PscInfo } from './schemas.ts';

/** As many as are answered at once (contract §2.5). */
const MOST_CENTERS = 30;
/** What a laboratory's service centers can do: be booked, or nothing but take who walks in. */
const capabilitiesOf = (lab: string): LabLocationCapability[] =>
  providerOfLab(lab) ? ['appointment_scheduling_via_junction'] : [];

type Deps = Pick<ApiDeps, 'store' | 'catalogue' | 'logger'>;

/**
 * A provider's service centers around a ZIP, the nearest first; null when the team has no connection to it.
 * @throws ApiError as `ask` does
 */
export async function centersAround(
  deps: Pick<ApiDeps, 'store' | 'logger'>,
  team: TeamDocument,
  provider: AppointmentProvider | PlaceLister,
  zip: string,
  radius_miles: number,
): Promise<NearServiceCenter[] | null> {
  const centers = await ask(deps, team, provider, (adapter, at, signal) =>
    adapter.locations({ zip: zip.slice(0, 5), radius_miles }, at, signal),
  );
  if (centers) await rememberServiceCenters(deps.store, provider, team.environment, centers);
  return centers;
}

/**
 * The provider's service centers with these codes, by their codes: as it last told of them, or as it says now. Null when
 * one has to be asked for and the team has no connection to the provider.
 * @throws ApiError as `ask` does
 */
export async function centersNamed(
  { store, logger }: Pick<ApiDeps, 'store' | 'logger'>,
  team: TeamDocument,
  provider: AppointmentProvider,
  codes: readonly string[],
): Promise<Map<string, KnownCenter> | null> {
  const known: Map<string, KnownCenter> = await findServiceCenters(store, provider, team.environment, codes);
  const others = codes.filter((code) => !known.has(code));
  if (others.length === 0) return known;
  const told = await ask({ store, logger }, team, provider, (adapter, at, signal) =>
    adapter.locationsByCode(others, at, signal),
  );
  if (!told) return null;
  await rememberServiceCenters(store, provider, team.environment, told);
  return new Map([...known, ...told.map((center) => [center.code, center] as const)]);
}

/**
 * A laboratory's service centers around a ZIP that can do all of that, the nearest first; none of a laboratory that
 * nobody lists them of.
 */
export async function pscInfo(
  deps: Deps,
  team: TeamDocument,
  laboratory: Laboratory,
  near: {
    zip: string;
    radius: string;
    capabilities?: readonly LabLocationCapability[] | undefined;
    accountId?: string | undefined;
  },
): Promise<PscInfo> {
  const { zip, radius, capabilities = [], accountId } = near;
  const lister = placesOfLab(laboratory.slug);
  const can = capabilitiesOf(laboratory.slug);
  const canAll = capabilities.every((capability) => can.includes(capability));
  const centers = (lister && canAll && (await centersAround(deps, team, lister, zip, Number(radius)))) || [];
  return {
    lab_id: laboratory.id,
    slug: laboratory.slug,
    patient_service_centers: centers.slice(0, MOST_CENTERS).map((center) => ({
      metadata: {
        name: center.name,
        first_line: center.address.first_line,
        second_line: center.address.second_line,
        city: center.address.city,
        state: center.address.state,
        zip_code: center.address.zip_code,
        phone_number: center.phone,
        fax_number: null,
        hours: center.hours,
        website: null,
      },
      distance: Math.round(center.distance_miles),
      site_code: center.code,
      supported_bill_types: billTypes(deps.catalogue, team, laboratory, accountId, center.address.state),
      location: center.location,
      capabilities: can,
    })),
  };
}

/** Which providers come to a ZIP, and which laboratories have service centers around it. */
export async function areaInfo(deps: Deps, team: TeamDocument, query: AreaQuery): Promise<AreaInfo> {
  const { zip_code, radius, lab, labs, lab_account_id } = query;
  const wanted = [...(labs ?? []), ...(lab ? [lab] : [])];
  const laboratories = [...deps.catalogue.laboratories.values()].filter(
    ({ slug, collection_methods }) =>
      collection_methods.includes('walk_in_test') && (wanted.length === 0 || wanted.includes(slug)),
  );
  const [coverages, centralLabs] = await Promise.all([
    Promise.all(
      providersOf('phlebotomy').map(async (name) => ({
        name,
        coverage: await ask(deps, team, name, (adapter, at, signal) => adapter.coverage(zip_code, at, signal)),
      })),
    ),
    Promise.all(
      laboratories.map(async (laboratory) => {
        const lister = placesOfLab(laboratory.slug);
        const centers = (lister && (await centersAround(deps, team, lister, zip_code, Number(radius)))) || [];
        const capabilities = centers.length > 0 ? capabilitiesOf(laboratory.slug) : [];
        const details = {
          patient_service_centers: {
            appointment_with_vital: capabilities.length > 0,
            within_radius: centers.length,
            radius,
            capabilities,
          },
          supported_bill_types: billTypes(deps.catalogue, team, laboratory, lab_account_id),
          lab_id: laboratory.id,
        };
        return [laboratory.slug, details] as const;
      }),
    ),
  ]);
  const providers = coverages.flatMap(({ name, coverage }) =>
    coverage?.served ? [{ name, service_types: coverage.service_types }] : [],
  );
  return {
    zip_code,
    phlebotomy: { is_served: providers.length > 0, providers },
    central_labs: Object.fromEntries(centralLabs),
  };
}

/** How the team may bill at a laboratory, in one state or at all. */
function billTypes(
  catalogue: Catalogue,
  team: TeamDocument,
  { slug }: Laboratory,
  accountId: string | undefined,
  state?: string,
): BillingType[] {
  const accounts = accountId
    ? [labAccountOf(catalogue, team._id, accountId)]
    : labAccountsOf(catalogue, team._id).filter(({ status }) => status === 'active');
  return BILLING_TYPES.filter((type) =>
    accounts.some(({ lab, allowed_billing }) => {
      const states: readonly string[] = (lab === slug && allowed_billing[type]) || [];
      return state ? states.includes(state) : states.length > 0;
    }),
  );
}
