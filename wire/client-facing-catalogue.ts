/** The catalogue in the shapes of the wire. */
import type { LabAccount, Laboratory, LabTest, Marker } from '../domain/catalogue/catalogue.ts';
import type {
  ClientFacingLab,
  ClientFacingLabAccount,
  ClientFacingLabTest,
  ClientFacingMarker,
  ClientFacingMarkerComplete,
} from './catalogue-shapes.ts';

/** As much of the catalogue as a lab test is told with. */
export interface Surroundings {
  readonly laboratories: ReadonlyMap<number, Laboratory>;
  readonly markers: ReadonlyMap<number, Marker>;
}

export function clientFacingLab(laboratory: Laboratory): ClientFacingLab {
  return {
    id: laboratory.id,
    slug: laboratory.slug,
    name: laboratory.name,
    first_line_address: laboratory.first_line_address,
    city: laboratory.city,
    zipcode: laboratory.zipcode,
    collection_methods: laboratory.collection_methods,
    sample_types: laboratory.sample_types,
    logo_url: null,
  };
}

export function clientFacingMarker(marker: Marker): ClientFacingMarker {
  return {
    id: marker.id,
    name: marker.name,
    slug: marker.slug,
    description: marker.description,
    lab_id: marker.lab_id,
    provider_id: marker.provider_id,
    type: marker.type,
    unit: marker.unit,
    price: marker.price,
    aoe: marker.aoe,
    a_la_carte_enabled: marker.a_la_carte_enabled,
    common_tat_days: marker.common_tat_days,
    worst_case_tat_days: marker.worst_case_tat_days,
    is_orderable: marker.is_orderable,
  };
}

/** A marker with the results that it yields. */
export function clientFacingMarkerComplete(marker: Marker): ClientFacingMarkerComplete {
  return {
    ...clientFacingMarker(marker),
    expected_results: marker.expected_results.map((expected) => ({
      id: expected.id,
      name: expected.name,
      slug: expected.slug,
      lab_id: marker.lab_id,
      provider_id: expected.provider_id,
      required: expected.required,
      loinc: expected.loinc,
    })),
  };
}

/**
 * A lab test with its laboratory and markers.
 * @param markerIds the markers to show where they are not the lab test's own, as on a redraw (D6)
 */
export function clientFacingLabTest(
  labTest: LabTest,
  catalogue: Surroundings,
  markerIds: readonly number[] = labTest.marker_ids,
): ClientFacingLabTest {
  const laboratory = catalogue.laboratories.get(labTest.lab_id);
  const markers = markerIds.map((id) => catalogue.markers.get(id)).filter((marker) => marker !== undefined);
  return {
    id: labTest.id,
    slug: labTest.slug,
    name: labTest.name,
    description: labTest.description,
    sample_type: labTest.sample_type,
    method: labTest.method,
    price: labTest.price,
    is_active: labTest.is_active,
    status: labTest.status,
    fasting: labTest.fasting,
    lab: laboratory ? clientFacingLab(laboratory) : null,
    markers: markers.map(clientFacingMarker),
    is_delegated: false,
    auto_generated: labTest.auto_generated,
    has_collection_instructions: labTest.collection_instructions !== null,
    common_tat_days: longest(markers.map((marker) => marker.common_tat_days)),
    worst_case_tat_days: longest(markers.map((marker) => marker.worst_case_tat_days)),
  };
}

/** Turnaround of a panel: its slowest marker's, unknown when any marker's is. */
function longest(days: (number | null)[]): number | null {
  return days.reduce(
    (slowest, next) => (slowest === null || next === null ? null : Math.max(slowest, next)),
    days[0] ?? null,
  );
}

export function clientFacingLabAccount(account: LabAccount): ClientFacingLabAccount {
  return {
    id: account.id,
    lab: account.lab,
    org_id: account.org_id,
    status: account.status,
    delegated_flow: account.delegated_flow,
    provider_account_id: account.provider_account_id,
    account_name: account.account_name,
    default_clinical_notes: account.default_clinical_notes,
    business_units: account.business_units,
    allowed_billing: account.allowed_billing,
    team_id_allowlist: account.team_id_allowlist,
  };
}
