/** What the checks need to know of an order, read from the database and the catalogue. */
import { todayIn } from '../../domain/calendar.ts';
import type { OrderFacts } from '../../domain/orders/checks.ts';
import type { Order } from '../../domain/orders/order.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { TeamDocument } from '../collections/access.ts';
import type { Store } from '../open.ts';

/**
 * The facts about an order as they are now.
 * @param now decides which day it is in the team's time zone (F2)
 * @param team the order's team, where the caller holds it already
 */
export async function orderFacts(
  store: Store,
  catalogue: Catalogue,
  order: Order,
  now: Date,
  team?: TeamDocument,
): Promise<OrderFacts> {
  await catalogue.know([order.lab_test_id]);
  const { options } = team ?? (await store.teams.findById(order.team_id).orFail().lean<TeamDocument>());
  return {
    order,
    labTest: catalogue.labTests.get(order.lab_test_id),
    laboratory: catalogue.laboratoriesBySlug.get(order.lab_slug),
    labAccount: catalogue.labAccounts.get(order.lab_account_id),
    markers: order.markers
      .map(({ marker_id }) => catalogue.markers.get(marker_id))
      .filter((marker) => marker !== undefined),
    minorOrderingEnabled: options.minor_ordering_enabled,
    today: todayIn(order.options.time_zone, now),
  };
}
