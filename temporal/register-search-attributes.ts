/** Makes Temporal's server know the search attributes of journeys. */
import type { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';

/** `INDEXED_VALUE_TYPE_…` of Temporal’s API, with its name for the command line. */
const VALUE_TYPES = { KEYWORD: { type: 2, flag: 'Keyword' }, KEYWORD_LIST: { type: 7, flag: 'KeywordList' } } as const;

/** Search attributes as Temporal's command line names them, such as `OrderId` and `Keyword`. */
export const searchAttributeFlags = SEARCH_ATTRIBUTES.map(({ name, type }) => ({ name, type: VALUE_TYPES[type].flag }));

const ALREADY_EXISTS = 6;

/**
 * Registers the search attributes that the namespace lacks; safe to call at every start and from several programs.
 *
 * @throws Error with the command for a server that lets only its operators do this, as Temporal Cloud does
 */
export async function ensureSearchAttributes(
  connection: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<void> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const lacking = SEARCH_ATTRIBUTES.filter(({ name }) => customAttributes[name] === undefined);
    if (lacking.length === 0) return;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(lacking.map(({ name, type }) => [name, VALUE_TYPES[type].type])),
    });
  } catch (error) {
    if ((error as { code?: number }).code === ALREADY_EXISTS) return;
    const flags = searchAttributeFlags.map(({ name, type }) => `--name ${name} --type ${type}`).join(' ');
    throw new Error(
      `The search attributes could not be registered. An operator can: temporal operator search-attribute create --namespace ${namespace} ${flags}`,
      { cause: error },
    );
  }
}
