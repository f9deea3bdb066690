/** `/v3/lab_tests` and `/v3/lab_test`: laboratories, markers, lab tests, lab accounts. */
import type { QueryFilter } from 'mongoose';
import type { Laboratory, LabTest, Marker } from '../../domain/catalogue/catalogue.ts';
import type { Catalogue } from '../../store/catalogue/catalogue.ts';
import type { LabTestDocument } from '../../store/collections/catalogue.ts';
import type { Store } from '../../store/open.ts';
import {
  clientFacingLabTest as labTestAnswer,
  clientFacingMarker as markerAnswer,
} from '../../wire/catalogue-shapes.ts';
import {
  clientFacingLab,
  clientFacingLabAccount,
  clientFacingLabTest,
  clientFacingMarker,
  clientFacingMarkerComplete,
} from '../../wire/client-facing-catalogue.ts';
import { defineEndpoint } from '../http/endpoint.ts';
import { ApiError } from '../http/errors.ts';
import { labAccountOf, labAccountsOf } from '../orders/lab-account-choice.ts';
import { markerByCode, markersOfOrderSet } from '../orders/order-set.ts';
import {
  type LabTestListQuery,
  labAccountList,
  labAccountListQuery,
  labAccountQuery,
  labList,
  labMarkerPath,
  labTestList,
  labTestListQuery,
  labTestMarkersQuery,
  labTestPage,
  labTestPageQuery,
  labTestPath,
  markerListQuery,
  markerPage,
  orderSet,
  pageQuery,
} from './schemas.ts';

const tag = 'Catalog';

const contains = (part: string) => new RegExp(part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i');

/** The database's words for the filters of a list of lab tests. */
function labTestFilter(catalogue: Catalogue, teamId: string, query: LabTestListQuery): QueryFilter<LabTestDocument> {
  const conditions: QueryFilter<LabTestDocument>[] = [{ team_id: { $in: [null, teamId] } }];
  if (query.generation_method !== 'all') conditions.push({ auto_generated: query.generation_method === 'auto' });
  if (query.lab_slug) conditions.push({ lab_id: catalogue.laboratoriesBySlug.get(query.lab_slug)?.id ?? -1 });
  if (query.collection_method) conditions.push({ method: query.collection_method });
  if (query.status) conditions.push({ status: query.status });
  if (query.name) conditions.push({ name: contains(query.name) });
  for (const id of query.marker_ids ?? []) conditions.push({ marker_ids: id });
  for (const code of query.provider_ids ?? []) {
    const ids = [...catalogue.markers.values()].filter(({ provider_id }) => provider_id === code).map(({ id }) => id);
    conditions.push({ marker_ids: { $in: ids } });
  }
  return { $and: conditions };
}

async function findLabTests(
  store: Store,
  catalogue: Catalogue,
  teamId: string,
  query: LabTestListQuery,
  window: { skip: number; limit: number },
) {
  const direction = query.order_direction === 'desc' ? -1 : 1;
  const rows = await store.labTests
    .find(labTestFilter(catalogue, teamId, query))
    .sort({ [query.order_key ?? 'name']: direction, _id: direction })
    .skip(window.skip)
    .limit(window.limit)
    .lean<LabTestDocument[]>();
  return rows.map(({ _id, ...rest }) => clientFacingLabTest({ ...rest, id: _id } as LabTest, catalogue));
}

/** The lab test, if the team may see it. */
async function labTestOf(catalogue: Catalogue, teamId: string, id: string): Promise<LabTest> {
  await catalogue.know([id]);
  const labTest = catalogue.labTests.get(id);
  if (!labTest || (labTest.team_id !== null && labTest.team_id !== teamId)) {
    throw new ApiError('not_found', `There is no lab test ${id}.`);
  }
  return labTest;
}

/** Where the caller names an account, what it asks about must be at that account's laboratory. */
function atLabOfAccount(catalogue: Catalogue, teamId: string, accountId: string | undefined): Laboratory | undefined {
  if (accountId === undefined) return undefined;
  return catalogue.laboratoriesBySlug.get(labAccountOf(catalogue, teamId, accountId).lab);
}

function pageOf(markers: readonly Marker[], { page, size }: { page: number; size: number }) {
  return {
    markers: markers.slice((page - 1) * size, page * size).map(clientFacingMarkerComplete),
    total: markers.length,
    page,
    size,
    pages: Math.ceil(markers.length / size),
  };
}

/** Endpoints of the catalogue. */
export const labTestEndpoints = [
  defineEndpoint({
    method: 'get',
    path: '/v3/lab_tests',
    operationId: 'listLabTests',
    tag,
    summary: 'List every lab test that the team can order',
    deprecated: true,
    request: { query: labTestListQuery },
    response: labTestList,
    async handler({ deps: { store, catalogue }, team, query }) {
      return findLabTests(store, catalogue, team._id, query, { skip: 0, limit: 10_000 });
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/lab_test',
    operationId: 'listLabTestsByPage',
    tag,
    summary: 'List the lab tests that the team can order, page by page',
    request: { query: labTestPageQuery },
    response: labTestPage,
    errors: ['not_found', 'rule_broken'],
    async handler({ deps: { store, catalogue }, team, query }) {
      const laboratory = atLabOfAccount(catalogue, team._id, query.lab_account_id);
      const filters = laboratory ? { ...query, lab_slug: laboratory.slug } : query;
      const skip = query.next_cursor === undefined ? 0 : offsetIn(query.next_cursor);
      const limit = query.lab_test_limit;
      const found = await findLabTests(store, catalogue, team._id, filters, { skip, limit: limit + 1 });
      return { data: found.slice(0, limit), next_cursor: found.length > limit ? cursorAt(skip + limit) : null };
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/lab_test/lab_account',
    operationId: 'listLabAccounts',
    tag,
    summary: 'List the lab accounts that the team can order with',
    request: { query: labAccountListQuery },
    response: labAccountList,
    async handler({ deps: { catalogue }, team, query }) {
      const accounts = labAccountsOf(catalogue, team._id).filter(
        ({ id, status }) =>
          (query.lab_account_id === undefined || id === query.lab_account_id) &&
          (query.status === undefined || status === query.status),
      );
      return { data: accounts.map(clientFacingLabAccount) };
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/lab_tests/labs',
    operationId: 'listLabs',
    tag,
    summary: 'List the laboratories',
    request: {},
    response: labList,
    async handler({ deps: { catalogue } }) {
      return [...catalogue.laboratories.values()].map(clientFacingLab);
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/lab_tests/markers',
    operationId: 'listMarkers',
    tag,
    summary: 'List the markers that can be ordered',
    request: { query: markerListQuery },
    response: markerPage,
    errors: ['not_found'],
    async handler({ deps: { catalogue }, team, query }) {
      const laboratory = atLabOfAccount(catalogue, team._id, query.lab_account_id);
      const name = query.name ? contains(query.name) : undefined;
      const isAtLab = ({ lab_id }: Marker) => {
        if (laboratory && lab_id !== laboratory.id) return false;
        if (query.lab_slug !== undefined) return catalogue.laboratoriesBySlug.get(query.lab_slug)?.id === lab_id;
        return query.lab_id?.includes(lab_id) ?? true;
      };
      const found = [...catalogue.markers.values()].filter(
        (marker) =>
          marker.is_active &&
          marker.is_orderable &&
          isAtLab(marker) &&
          (!name || name.test(marker.name) || name.test(marker.provider_id)) &&
          (query.a_la_carte_enabled === undefined || marker.a_la_carte_enabled === query.a_la_carte_enabled),
      );
      return pageOf(found, query);
    },
  }),

  defineEndpoint({
    method: 'post',
    path: '/v3/lab_tests/list_order_set_markers',
    operationId: 'listMarkersOfOrderSet',
    tag,
    summary: 'List the markers in an order set',
    request: { query: pageQuery, body: orderSet },
    response: markerPage,
    errors: ['not_found', 'rule_broken'],
    async handler({ deps: { catalogue }, team, query, body }) {
      const laboratory = atLabOfAccount(catalogue, team._id, body.lab_account_id);
      const { markers } = await markersOfOrderSet(catalogue, team._id, body, laboratory?.slug);
      return pageOf(markers, query);
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/lab_tests/:lab_test_id',
    operationId: 'getLabTest',
    tag,
    summary: 'Get a lab test',
    request: { params: labTestPath, query: labAccountQuery },
    response: labTestAnswer,
    errors: ['not_found'],
    async handler({ deps: { catalogue }, team, params, query }) {
      atLabOfAccount(catalogue, team._id, query.lab_account_id);
      return clientFacingLabTest(await labTestOf(catalogue, team._id, params.lab_test_id), catalogue);
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/lab_tests/:lab_test_id/markers',
    operationId: 'listMarkersOfLabTest',
    tag,
    summary: 'List the markers of a lab test',
    request: { params: labTestPath, query: labTestMarkersQuery },
    response: markerPage,
    errors: ['not_found'],
    async handler({ deps: { catalogue }, team, params, query }) {
      atLabOfAccount(catalogue, team._id, query.lab_account_id);
      const { marker_ids } = await labTestOf(catalogue, team._id, params.lab_test_id);
      const markers = marker_ids.map((id) => catalogue.markers.get(id)).filter((marker) => marker !== undefined);
      return pageOf(markers, query);
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/lab_tests/:lab_id/markers/:provider_id',
    operationId: 'getMarker',
    tag,
    summary: 'Get a marker by the laboratory’s own test code',
    request: { params: labMarkerPath, query: labAccountQuery },
    response: markerAnswer,
    errors: ['not_found'],
    async handler({ deps: { catalogue }, team, params: { lab_id, provider_id }, query }) {
      atLabOfAccount(catalogue, team._id, query.lab_account_id);
      const marker = markerByCode(catalogue, lab_id, provider_id);
      if (!marker) throw new ApiError('not_found', `Laboratory ${lab_id} has no test ${provider_id}.`);
      return clientFacingMarker(marker);
    },
  }),
];

const cursorAt = (offset: number) => Buffer.from(String(offset)).toString('base64url');

function offsetIn(cursor: string): number {
  const offset = Buffer.from(cursor, 'base64url').toString();
  if (!/^\d{1,7}$/.test(offset)) throw new ApiError('rule_broken', 'next_cursor must come from a previous response.');
  return Number(offset);
}
