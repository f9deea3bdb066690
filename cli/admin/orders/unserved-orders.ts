/** `admin order unserved`: open orders whose way of collecting has no journey yet, from versions that accepted them. */
import type { Command } from 'commander';
import { ApiError } from '../../../api/http/errors.ts';
import { cancelOrder } from '../../../api/orders/cancel-order.ts';
import { NOT_COLLECTED_YET } from '../../../domain/orders/checks.ts';
import { LOW_LEVEL_STATUSES } from '../../../domain/orders/status.ts';
import { isEnded } from '../../../domain/orders/transitions.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import { recordAudit } from '../../../store/orders/audit.ts';
import { Named } from '../output.ts';
import { CannotDo, inSession, operator, positive, teamNames, withJourneys } from '../session.ts';

/** The statuses in which such an order is not over. */
const OPEN = NOT_COLLECTED_YET.map((collection_method) => ({
  collection_method,
  last_status: { $in: LOW_LEVEL_STATUSES.filter((status) => !isEnded(status, collection_method)) },
}));

/** How many of those that could not be canceled are named. */
const NAMED_AT_MOST = 20;

/** Adds `unserved` and `cancel-unserved` to `order`. */
export function addUnservedOrderCommands(order: Command): void {
  order
    .command('unserved')
    .description('list open test kit orders, oldest first; these are not supported yet')
    .option('--limit <n>', 'maximum number', positive, 50)
    .action(({ limit }: { limit: number }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const [orders, teams] = await Promise.all([
          store.orders.find({ $or: OPEN }).sort({ created_at: 1, _id: 1 }).limit(limit).lean<OrderDocument[]>(),
          teamNames(store),
        ]);
        out.list(
          orders.map(({ _id, placer_order_number, collection_method, last_status, team_id, created_at }) => ({
            id: _id,
            requisition: placer_order_number,
            method: collection_method,
            status: last_status,
            team: new Named(team_id, teams.get(team_id)),
            created_at,
          })),
          'There are no open test kit orders.',
        );
      }),
    );

  order
    .command('cancel-unserved')
    .description('cancel every open test kit order, in your name')
    .option('--reason <text>', 'the reason, for the audit log')
    .action(({ reason }: { reason?: string }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        let canceled = 0;
        let refused = 0;
        const named: string[] = [];
        await withJourneys(async (journeys) => {
          for await (const document of collectionOf(store.orders).find({ $or: OPEN }).sort({ _id: 1 })) {
            const { _id, team_id } = document;
            try {
              await cancelOrder({ store, journeys }, document, operator());
            } catch (error) {
              if (!(error instanceof ApiError)) throw error;
              refused += 1;
              if (refused <= NAMED_AT_MOST) named.push(`${_id}: ${error.message}`);
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
            canceled += 1;
          }
        });
        if (refused > 0) {
          throw new CannotDo(`${canceled} canceled; ${refused} could not be canceled, such as:\n${named.join('\n')}`);
        }
        out.done(`${canceled} canceled.`, { canceled });
      }),
    );
}
