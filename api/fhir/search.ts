/** A page of what a search finds, as a Bundle; and a resource by its id. */
import type { Resource } from '@medplum/fhirtypes';
import type { TeamDocument } from '../../store/collections/access.ts';
import { positionAfter, type WalkPosition } from '../../store/walk.ts';
import { orderIdIn } from '../../wire/fhir/systems.ts';
import { orderOf } from '../orders/endpoints.ts';
import type { ServedType } from './search-parameters.ts';
import { meets, type PagePosition, type SearchRequest, writePosition } from './search-request.ts';
import { type FhirDeps, SOURCES, type Source, type Walked } from './served.ts';

/** Orders or users that are walked past for a page at most; what is beyond them is behind the next link. */
const WALKED_AT_MOST = 500;
const AT_ONCE = 25;
/** Bytes of a page, beyond which nothing more is put on it. */
const PAGE_BYTES = 8 * 1024 * 1024;

/** `[base]/fhir/r4`. */
export const baseOf = ({ config }: Pick<FhirDeps, 'config'>) => `${config.publicUrl}/fhir/r4`;

/** @returns the Bundle as JSON */
export async function search(deps: FhirDeps, team: TeamDocument, request: SearchRequest): Promise<string> {
  const { entries, next } = await pageOf(deps, team, request, SOURCES[request.type]);
  const base = baseOf(deps);
  const address = (parameters: readonly (readonly [string, string])[]) => {
    const query = new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value])).toString();
    return `${base}/${request.type}${query && `?${query}`}`;
  };
  const page = request.page ? [['_page', writePosition(request.page)] as const] : [];
  const link = [
    { relation: 'self', url: address([...request.used, ...page]) },
    ...(next ? [{ relation: 'next', url: address([...request.used, ['_page', writePosition(next)]]) }] : []),
  ];
  const isWhole = !request.page && !next;
  const bundle = { resourceType: 'Bundle', type: 'searchset', ...(isWhole && { total: entries.length }), link };
  const head = JSON.stringify(bundle).slice(0, -1);
  return entries.length === 0 ? `${head}}` : `${head},"entry":[${entries.join(',')}]}`;
}

interface Page {
  /** Each as JSON. */
  entries: string[];
  /** Where the next page begins; null after the last. */
  next: PagePosition | null;
}

async function pageOf(deps: FhirDeps, team: TeamDocument, request: SearchRequest, source: Source): Promise<Page> {
  const { type, conditions, count } = request;
  const walk = await source.walk(deps.store, team, conditions);
  const base = baseOf(deps);
  const entries: string[] = [];
  let bytes = 0;
  let after: WalkPosition | null = request.page?.after ?? null;
  let within = request.page?.within ?? null;
  for (let walked = 0; walked < WALKED_AT_MOST; ) {
    const documents = await walk.next(after, AT_ONCE);
    for (const document of documents) {
      walked += 1;
      const found = (await source.project(deps, document, team)).filter((resource) => meets(resource, conditions));
      const served = within?.id === document._id ? within.served : 0;
      within = null;
      for (const [index, resource] of found.slice(served).entries()) {
        if (entries.length === count || bytes > PAGE_BYTES) {
          const at = served + index;
          return { entries, next: { after, within: at > 0 ? { id: document._id, served: at } : null } };
        }
        const fullUrl = `${base}/${type}/${resource.id}`;
        const entry = JSON.stringify({ fullUrl, resource, search: { mode: 'match' } });
        bytes += entry.length;
        entries.push(entry);
      }
      after = positionAfter(document, walk, after);
    }
    if (documents.length < AT_ONCE) return { entries, next: null };
  }
  return { entries, next: { after, within: null } };
}

/**
 * A team's resource by its id; null where there is none.
 * @throws ApiError, JourneysUnavailable as `orderOf`: an order that is accepted and not yet written is never denied
 */
export async function read(deps: FhirDeps, team: TeamDocument, type: ServedType, id: string): Promise<Resource | null> {
  const documentId = type === 'Appointment' ? await orderOfAppointment(deps, team, id) : orderIdIn(id);
  if (documentId === null || !UUID.test(documentId)) return null;
  const document =
    type === 'Patient'
      ? await deps.store.users.findOne({ _id: documentId, team_id: team._id }).lean<Walked>()
      : await orderOf(deps, team._id, documentId);
  const resources = document ? await SOURCES[type].project(deps, document, team) : [];
  return resources.find((resource) => resource.id === id) ?? null;
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

async function orderOfAppointment({ store }: FhirDeps, team: TeamDocument, id: string): Promise<string | null> {
  const held = await store.appointments.findOne({ _id: id, team_id: team._id }).select({ order_id: 1 }).lean();
  return held?.order_id ?? null;
}
