/** `admin order unserved`: open orders whose way of collecting has no journey yet, from versions that accepted them. */
import type { Command } from 'commander';
import { ApiError } from '../../api/errors.ts';
import { cancelOrder } from '../../api/orders/cancel-order.ts';
import { NOT_COLLECTED_YET } from '../../domain/checks.ts';
import { isEnded } from '../../domain/transitions.ts';
import { recordAudit } from '../../store/audit.ts';
import type { OrderDocument } from '../../store/documents.ts';
import type { Store } from '../../store/store.ts';
import { Named } from './output.ts';
import { CannotDo, inSession, operator, teamNames, withJourneys } from './session.ts';

/** Test kits and on-site orders that are not over, oldest first. */
async function unservedOrders(store: Store): Promise<OrderDocument[]> {
  const orders = await store.orders
    .find({ collection_method: { $in: NOT_COLLECTED_YET } })
    .sort({ created_at: 1 })
    .lean<OrderDocument[]>();
  return orders.filter(({ last_status, collection_method }) => !isEnded(last_status, collection_method));
}

/** Adds `unserved` and `cancel-unserved` to `order`. */
export function addUnservedOrderCommands(order: Command): void {
  order
    .command('unserved')
    .description('list open test kit and on-site orders, oldest first; these are not supported yet')
    .action((_options, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const [orders, teams] = await Promise.all([unservedOrders(store), teamNames(store)]);
        out.list(
          orders.map(({ _id, placer_order_number, collection_method, last_status, team_id, created_at }) => ({
            id: _id,
            requisition: placer_order_number,
            method: collection_method,
            status: last_status,
            team: new Named(team_id, teams.get(team_id)),
            created_at,
          })),
          'There are no open test kit or on-site orders.',
        );
      }),
    );

  order
    .command('cancel-unserved')
    .description('cancel every order that "order unserved" lists, in your name')
    .option('--reason <text>', 'the reason, for the audit log')
    .action(({ reason }: { reason?: string }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const canceled: string[] = [];
        const refused: string[] = [];
        await withJourneys(async (journeys) => {
          for (const document of await unservedOrders(store)) {
            const { _id, team_id } = document;
            try {
              await cancelOrder({ store, journeys }, document, operator());
            } catch (error) {
              if (!(error instanceof ApiError)) throw error;
              refused.push(`${_id}: ${error.message}`);
              continue;
            }
            const detail = { reason: reason ?? null };
            await recordAudit(store, {
              by: operator(),
              action: 'order.cancelled_by_hand',
              team_id,
              order_id: _id,
              detail,
            });
            canceled.push(_id);
          }
        });
        if (refused.length > 0) {
          throw new CannotDo(`${canceled.length} canceled; these could not be canceled:\n${refused.join('\n')}`);
        }
        out.done(`${canceled.length} canceled.`, { canceled });
      }),
    );
}
