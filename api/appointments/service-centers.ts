/** Who draws blood around a ZIP: phlebotomists who come, and service centers to go to (contract §2.5). */
import { type AppointmentProvider, companyOfLab, type PlaceLister } from '../../domain/appointments/appointment.ts';
import { BILLING_TYPES, type BillingType, type Laboratory } from '../../domain/catalogue/catalogue.ts';
import type { NearServiceCentre } from '../../partners/phlebotomy/phlebotomy-adapter.ts';
import {
  findServiceCentres,
  type KnownCentre,
  rememberServiceCentres,
} from '../../store/appointments/service-centers.ts';
import type { Catalogue } from '../../store/catalogue/catalogue.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import type { ApiDeps } from '../deps.ts';
import { labAccountOf, labAccountsOf } from '../orders/lab-account-choice.ts';
import { ask, companiesOf, placesOfLab } from './providers.ts';
import type { AreaInfo, AreaQuery, LabLocationCapability, PscInfo } from './schemas.ts';

/** As many as are answered at once (contract §2.5). */
const MOST_CENTRES = 30;
/** What a laboratory's service centers can do: be booked, or nothing but take who walks in. */
const capabilitiesOf = (lab: string): LabLocationCapability[] =>
  companyOfLab(lab) ? ['appointment_scheduling_via_junction'] : [];

type Deps = Pick<ApiDeps, 'store' | 'catalogue' | 'logger'>;

/**
 * A company's service centers around a ZIP, the nearest first; null when the team has no connection to it.
 * @throws ApiError as `ask` does
 */
export async function centresAround(
  deps: Pick<ApiDeps, 'store' | 'logger'>,
  team: TeamDocument,
  provider: AppointmentProvider | PlaceLister,
  zip: string,
  radius_miles: number,
): Promise<NearServiceCentre[] | null> {
  const centres = await ask(deps, team, provider, (adapter, at, signal) =>
    adapter.locations({ zip: zip.slice(0, 5), radius_miles }, at, signal),
  );
  if (centres) await rememberServiceCentres(deps.store, provider, team.environment, centres);
  return centres;
}

/**
 * The company's service centers with these codes, by their codes: as it last told of them, or as it says now. Null when
 * one has to be asked for and the team has no connection to the company.
 * @throws ApiError as `ask` does
 */
export async function centresNamed(
  { store, logger }: Pick<ApiDeps, 'store' | 'logger'>,
  team: TeamDocument,
  provider: AppointmentProvider,
  codes: readonly string[],
): Promise<Map<string, KnownCentre> | null> {
  const known: Map<string, KnownCentre> = await findServiceCentres(store, provider, team.environment, codes);
  const others = codes.filter((code) => !known.has(code));
  if (others.length === 0) return known;
  const told = await ask({ store, logger }, team, provider, (adapter, at, signal) =>
    adapter.locationsByCode(others, at, signal),
  );
  if (!told) return null;
  await rememberServiceCentres(store, provider, team.environment, told);
  return new Map([...known, ...told.map((centre) => [centre.code, centre] as const)]);
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
  const centres = (lister && canAll && (await centresAround(deps, team, lister, zip, Number(radius)))) || [];
  return {
    lab_id: laboratory.id,
    slug: laboratory.slug,
    patient_service_centers: centres.slice(0, MOST_CENTRES).map((centre) => ({
      metadata: {
        name: centre.name,
        first_line: centre.address.first_line,
        second_line: centre.address.second_line,
        city: centre.address.city,
        state: centre.address.state,
        zip_code: centre.address.zip_code,
        phone_number: centre.phone,
        fax_number: null,
        hours: centre.hours,
        website: null,
      },
      distance: Math.round(centre.distance_miles),
      site_code: centre.code,
      supported_bill_types: billTypes(deps.catalogue, team, laboratory, accountId, centre.address.state),
      location: centre.location,
      capabilities: can,
    })),
  };
}

/** Which companies come to a ZIP, and which laboratories have service centers around it. */
export async function areaInfo(deps: Deps, team: TeamDocument, query: AreaQuery): Promise<AreaInfo> {
  const { zip_code, radius, lab, labs, lab_account_id } = query;
  const wanted = [...(labs ?? []), ...(lab ? [lab] : [])];
  const laboratories = [...deps.catalogue.laboratories.values()].filter(
    ({ slug, collection_methods }) =>
      collection_methods.includes('walk_in_test') && (wanted.length === 0 || wanted.includes(slug)),
  );
  const [coverages, centralLabs] = await Promise.all([
    Promise.all(
      companiesOf('phlebotomy').map(async (name) => ({
        name,
        coverage: await ask(deps, team, name, (adapter, at, signal) => adapter.coverage(zip_code, at, signal)),
      })),
    ),
    Promise.all(
      laboratories.map(async (laboratory) => {
        const lister = placesOfLab(laboratory.slug);
        const centres = (lister && (await centresAround(deps, team, lister, zip_code, Number(radius)))) || [];
        const capabilities = centres.length > 0 ? capabilitiesOf(laboratory.slug) : [];
        const details = {
          patient_service_centers: {
            appointment_with_vital: capabilities.length > 0,
            within_radius: centres.length,
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
