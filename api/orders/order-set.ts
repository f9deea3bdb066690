/** From what a caller orders — lab tests, single markers or both — to one lab, one way of collecting, and its markers. */

import type { Laboratory, LabTest, Marker } from '../../domain/catalogue/catalogue.ts';
import type { CollectionMethod } from '../../domain/orders/status.ts';
import type { Catalogue } from '../../store/catalogue/catalogue.ts';
import { uuidByName } from '../../store/uuid-by-name.ts';
import { ApiError } from '../http/errors.ts';
import type { OrderSet } from '../lab-tests/schemas.ts';

/** What an order set comes to. */
export interface OrderedTests {
  laboratory: Laboratory;
  method: CollectionMethod;
  markers: Marker[];
  labTest: LabTest;
  /** Whether the lab test was put together for this order and is not in the catalogue. */
  isNew: boolean;
}

const refuse = (message: string) => new ApiError('rule_broken', message);

/** The lab tests of an order set, each visible to the team. */
async function labTestsOf(catalogue: Catalogue, teamId: string, ids: readonly string[]): Promise<LabTest[]> {
  await catalogue.know(ids);
  return [...new Set(ids)].map((id) => {
    const labTest = catalogue.labTests.get(id);
    if (!labTest || (labTest.team_id !== null && labTest.team_id !== teamId)) {
      throw new ApiError('not_found', `There is no lab test ${id}.`);
    }
    return labTest;
  });
}

/** The add-on's markers; given by the lab's test codes, at the lab that is known or the only one that has them all. */
function addOnMarkers(
  catalogue: Catalogue,
  addOn: NonNullable<OrderSet['add_on']>,
  labId: number | undefined,
): Marker[] {
  const { marker_ids = [], provider_ids = [] } = addOn;
  if (marker_ids.length > 0 && provider_ids.length > 0) {
    throw refuse('cannot set both marker_ids and provider_ids in add_on');
  }
  if (marker_ids.length === 0 && provider_ids.length === 0) {
    throw refuse('marker_ids or provider_ids must be set in add_on');
  }
  if (marker_ids.length > 0) {
    return marker_ids.map((id) => {
      const marker = catalogue.markers.get(id);
      if (!marker) throw new ApiError('not_found', `There is no marker ${id}.`);
      return marker;
    });
  }
  const labIds = labId === undefined ? [...catalogue.laboratories.keys()] : [labId];
  const offers = labIds.flatMap((id) => {
    const found = provider_ids.map((code) => markerByCode(catalogue, id, code));
    return found.every((marker) => marker !== undefined) ? [found] : [];
  });
  const [only, another] = offers;
  if (!only) throw new ApiError('not_found', `No laboratory has all of the test codes ${provider_ids.join(', ')}.`);
  if (another) throw refuse('cannot order lab_tests from multiple labs');
  return only;
}

/** A laboratory's marker by the laboratory's own test code. */
export function markerByCode(catalogue: Catalogue, labId: number, code: string): Marker | undefined {
  return [...catalogue.markers.values()].find((marker) => marker.lab_id === labId && marker.provider_id === code);
}

/** Every marker that an order set asks for, each once, in the order in which it asks. */
export async function markersOfOrderSet(
  catalogue: Catalogue,
  teamId: string,
  set: OrderSet,
  accountLab: string | undefined,
): Promise<{ labTests: LabTest[]; markers: Marker[] }> {
  const labTests = await labTestsOf(catalogue, teamId, set.lab_test_ids ?? []);
  const knownLab = labTests[0]?.lab_id ?? (accountLab ? catalogue.laboratoriesBySlug.get(accountLab)?.id : undefined);
  const ofTests = labTests.flatMap(({ marker_ids }) => marker_ids).map((id) => catalogue.markers.get(id));
  const added = set.add_on ? addOnMarkers(catalogue, set.add_on, knownLab) : [];
  const markers = [...new Set([...ofTests, ...added])].filter((marker) => marker !== undefined);
  return { labTests, markers };
}

/**
 * What an order is for (contract §2.2).
 * @param accountLab slug of the lab of the account that the caller named, if any
 * @throws ApiError `rule_broken` with the contract's words, `not_found` for what the team cannot see
 */
export async function orderedTests(
  catalogue: Catalogue,
  teamId: string,
  set: OrderSet,
  collectionMethod: CollectionMethod | undefined,
  accountLab: string | undefined,
): Promise<OrderedTests> {
  if (!set.add_on && !set.lab_test_ids?.length) throw refuse('lab_test_ids or add_on must be set in order_set');
  if (set.add_on && !collectionMethod) throw refuse('collection_method must be set if add_on is set');
  const { labTests, markers } = await markersOfOrderSet(catalogue, teamId, set, accountLab);

  const labIds = new Set([...labTests, ...markers].map(({ lab_id }) => lab_id));
  if (labIds.size > 1) throw refuse('cannot order lab_tests from multiple labs');
  const methods = new Set(labTests.map(({ method }) => method));
  if (collectionMethod) methods.add(collectionMethod);
  if (methods.size > 1) throw refuse('cannot order lab tests with multiple collection methods');

  const [labId] = labIds;
  const [method] = methods;
  const laboratory = labId === undefined ? undefined : catalogue.laboratories.get(labId);
  if (!laboratory || !method) throw refuse('The order has no markers');

  const [single] = labTests;
  if (single && labTests.length === 1 && !set.add_on)
    return { laboratory, method, markers, labTest: single, isNew: false };
  const inactive = labTests.find(({ is_active, status }) => !is_active || status !== 'active');
  if (inactive) throw refuse(`Lab test ${inactive.id} is not active`);
  const labTest = madeFor(teamId, laboratory, method, markers, labTests);
  return { laboratory, method, markers, labTest, isNew: true };
}

/** The lab test of a choice of markers: the same choice by the same team is the same lab test. */
function madeFor(
  teamId: string,
  laboratory: Laboratory,
  method: CollectionMethod,
  markers: readonly Marker[],
  parts: readonly LabTest[],
): LabTest {
  const choice = JSON.stringify([teamId, laboratory.id, method, markers.map(({ id }) => id)]);
  const id = uuidByName(choice, 'a');
  const names = [...parts.map(({ name }) => name), ...markers.map(({ name }) => name)];
  const now = new Date().toISOString();
  return {
    id,
    team_id: teamId,
    slug: `${laboratory.slug}-${id.replace('-', '').slice(0, 12)}`,
    name: names.length > 3 ? `${names.slice(0, 3).join(', ')} and more` : names.join(', '),
    description: '',
    lab_id: laboratory.id,
    method,
    sample_type: parts[0]?.sample_type ?? 'serum',
    price: markers.reduce((sum, { price }) => sum + Math.round(Number(price) * 100), 0) / 100,
    is_active: true,
    status: 'active',
    fasting: markers.some(({ fasting }) => fasting),
    auto_generated: true,
    marker_ids: markers.map(({ id: markerId }) => markerId),
    collection_instructions: parts[0]?.collection_instructions ?? null,
    created_at: now,
    updated_at: now,
  };
}
