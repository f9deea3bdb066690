/** What an order is found by in Temporal UI: ids and codes only, never personal data. */
import type { Connection } from '@temporalio/client';

/** `INDEXED_VALUE_TYPE_KEYWORD` and `INDEXED_VALUE_TYPE_KEYWORD_LIST` of Temporal’s API, with their names for its command line. */
const KEYWORD = { type: 2, name: 'Keyword' };
const KEYWORD_LIST = { type: 7, name: 'KeywordList' };

/** Search attributes of every journey, with their types. */
export const SEARCH_ATTRIBUTES = {
  TeamId: KEYWORD,
  OrderId: KEYWORD,
  OrderStatus: KEYWORD,
  TransactionStatus: KEYWORD,
  Lab: KEYWORD,
  CollectionMethod: KEYWORD,
  Identifiers: KEYWORD_LIST,
} as const;

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
    const lacking = Object.entries(SEARCH_ATTRIBUTES).filter(([name]) => customAttributes[name] === undefined);
    if (lacking.length === 0) return;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(lacking.map(([name, { type }]) => [name, type])),
    });
  } catch (error) {
    if ((error as { code?: number }).code === ALREADY_EXISTS) return;
    const flags = Object.entries(SEARCH_ATTRIBUTES)
      .map(([name, { name: type }]) => `--name ${name} --type ${type}`)
      .join(' ');
    throw new Error(
      `The search attributes could not be registered. An operator can: temporal operator search-attribute create --namespace ${namespace} ${flags}`,
      { cause: error },
    );
  }
}
