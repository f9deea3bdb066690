/** `admin webhook`: where events are told, and what could not be. */
import type { Command } from 'commander';
import { recordAudit } from '../../store/orders/audit.ts';
import { allEndpoints } from '../../store/outbox/webhook-endpoints.ts';
import { type MessagePosition, recoverDeliveries } from '../../store/outbox/webhook-resend.ts';
import { type DeliveryChoice, listDeliveries, replayExhausted } from '../../store/outbox/webhook-review.ts';
import { Named } from './output.ts';
import {
  CannotDo,
  given,
  inSession,
  instant,
  operator,
  positive,
  type Session,
  teamCalled,
  teamNames,
} from './session.ts';

interface ChoiceFlags {
  team?: string;
  endpoint?: string;
}

async function choiceOf({ store }: Session, { team, endpoint }: ChoiceFlags): Promise<DeliveryChoice> {
  return given({ team_id: team && (await teamCalled(store, team))._id, endpoint_id: endpoint });
}

/** What `admin webhook` can do. */
export function addWebhookCommands(webhook: Command): void {
  webhook
    .command('endpoints')
    .description('list all endpoints; use the Management API to change them')
    .option('--team <team>', 'only this team (id or name)')
    .action((flags: ChoiceFlags, command: Command) =>
      inSession(command, async (session) => {
        const { team_id } = await choiceOf(session, flags);
        const [endpoints, teams] = await Promise.all([allEndpoints(session.store), teamNames(session.store)]);
        session.out.list(
          endpoints
            .filter((endpoint) => team_id === undefined || endpoint.team_id === team_id)
            .map((endpoint) => ({
              id: endpoint._id,
              team: new Named(endpoint.team_id, teams.get(endpoint.team_id)),
              url: endpoint.url,
              disabled: endpoint.disabled,
              disabled_at: endpoint.disabled_at,
              disabled_because: endpoint.disabled_because,
              failing_since: endpoint.failing_since,
              events: endpoint.filter_types ?? 'all',
              rate_limit: endpoint.rate_limit,
            })),
          'There are no webhook endpoints.',
        );
      }),
    );

  webhook
    .command('exhausted')
    .description('list deliveries that were given up on, newest first')
    .option('--team <team>', 'only this team (id or name)')
    .option('--endpoint <id>', 'only to this endpoint')
    .option('--limit <n>', 'maximum number', positive, 50)
    .action(({ limit, ...flags }: ChoiceFlags & { limit: number }, command: Command) =>
      inSession(command, async (session) => {
        const choice = await choiceOf(session, flags);
        const deliveries = await listDeliveries(session.store, 'exhausted', choice, limit);
        const urls = new Map((await allEndpoints(session.store)).map(({ _id, url }) => [_id, url]));
        session.out.list(
          deliveries.map(({ _id, endpoint_id, created_at, attempts }) => {
            const last = attempts.at(-1);
            return {
              id: _id,
              endpoint: new Named(endpoint_id, urls.get(endpoint_id)),
              created_at,
              attempts: attempts.length,
              last_attempt_at: last?.at,
              last_answer: last?.status_code ?? last?.error,
            };
          }),
          'There are no exhausted deliveries.',
        );
      }),
    );

  webhook
    .command('replay')
    .description('send exhausted deliveries again, starting the retry schedule over')
    .argument('[delivery...]', 'ids from admin webhook exhausted')
    .option('--team <team>', 'all deliveries of one team (id or name)')
    .option('--endpoint <id>', 'all deliveries to one endpoint')
    .option('--all', 'all deliveries')
    .addHelpText('after', '\nExample:\n  admin webhook replay --endpoint 0b5f…')
    .action((ids: string[], { all, ...flags }: ChoiceFlags & { all?: boolean }, command: Command) =>
      inSession(command, async (session) => {
        const choice = { ...(await choiceOf(session, flags)), ...(ids.length > 0 && { ids }) };
        if (Object.keys(choice).length === 0 && !all) {
          throw new CannotDo('Use ids, --team, --endpoint, or --all');
        }
        const replayed = await replayExhausted(session.store, choice);
        await recordAudit(session.store, {
          by: operator(),
          action: 'webhook.deliveries.replayed',
          team_id: choice.team_id ?? null,
          detail: { ...choice, replayed },
        });
        session.out.done(`${replayed} ${replayed === 1 ? 'delivery is' : 'deliveries are'} being sent again.`, {
          replayed,
        });
      }),
    );

  webhook
    .command('recover')
    .description('send an endpoint the webhooks it missed while it was disabled, or that were given up on')
    .argument('<endpoint>', 'the id from admin webhook endpoints')
    .requiredOption('--since <time>', 'start time, such as 2026-11-20 or 2026-11-20T09:00Z', instant)
    .option('--until <time>', 'end time; now by default', instant)
    .addHelpText('after', '\nExample:\n  admin webhook recover 0b5f… --since 2026-11-20')
    .action((id: string, { since, until = new Date() }: { since: Date; until?: Date }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const endpoint = (await allEndpoints(store)).find(({ _id }) => _id === id);
        if (!endpoint) throw new CannotDo(`There is no webhook endpoint ${id}; see admin webhook endpoints`);
        if (since > until) throw new CannotDo('--until must not be before --since');
        let recovered = 0;
        let after: MessagePosition | undefined;
        do {
          const page = await recoverDeliveries(
            store,
            endpoint,
            { since, until },
            { limit: 5_000, ...(after && { after }) },
          );
          recovered += page.recovered;
          after = page.next ?? undefined;
        } while (after);
        await recordAudit(store, {
          by: operator(),
          action: 'webhook.deliveries.recovered',
          team_id: endpoint.team_id,
          detail: { endpoint_id: id, since, until, recovered },
        });
        const waits = endpoint.disabled ? ' The endpoint is disabled: they wait until it is enabled.' : '';
        out.done(`${recovered} ${recovered === 1 ? 'delivery is' : 'deliveries are'} being sent.${waits}`, {
          recovered,
          disabled: endpoint.disabled,
        });
      }),
    );
}
