/** What an order is found by in Temporal UI: ids and codes only, never personal data. */
import type { Connection } from '@temporalio/client';

/** Search attributes of every journey; each of them is a Keyword. */
export const SEARCH_ATTRIBUTES = [
  'TeamId',
  'OrderId',
  'OrderStatus',
  'TransactionStatus',
  'Lab',
  'CollectionMethod',
] as const;

/** `INDEXED_VALUE_TYPE_KEYWORD` of Temporal’s API. */
const KEYWORD = 2;
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
    const lacking = SEARCH_ATTRIBUTES.filter((name) => customAttributes[name] === undefined);
    if (lacking.length === 0) return;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(lacking.map((name) => [name, KEYWORD])),
    });
  } catch (error) {
    if ((error as { code?: number }).code === ALREADY_EXISTS) return;
    const flags = SEARCH_ATTRIBUTES.map((name) => `--name ${name} --type Keyword`).join(' ');
    throw new Error(
      `The search attributes could not be registered. An operator can: temporal operator search-attribute create --namespace ${namespace} ${flags}`,
      { cause: error },
    );
  }
}
