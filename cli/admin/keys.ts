/** `admin key`: who may call the API and the Management API. */
import type { Command } from 'commander';
import {
  createApiKey,
  createManagementKey,
  listApiKeys,
  listManagementKeys,
  revokeApiKey,
} from '../../store/access/teams.ts';
import type { ApiKeyDocument } from '../../store/collections/access.ts';
import { recordAudit } from '../../store/orders/audit.ts';
import { CannotDo, inSession, operator, type Session, teamCalled } from './session.ts';

const shown = ({ _id, prefix, label, created_at, deleted_at }: ApiKeyDocument) => ({
  id: _id,
  begins: `${prefix}…`,
  label,
  created_at,
  revoked_at: deleted_at,
});

/** A team was named, or the Management API; not both, not neither. */
function whose(team: string | undefined, management: boolean | undefined): void {
  if ((team === undefined) === !management) throw new CannotDo('Name a team, or use --management');
}

/** What `admin key` can do. */
export function addKeyCommands(key: Command): void {
  key
    .command('list')
    .description('list the keys of a team or of the Management API')
    .argument('[team]', 'its id or name')
    .option('--management', 'keys of the Management API')
    .action((who: string | undefined, { management }: { management?: boolean }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        whose(who, management);
        const keys = who
          ? await listApiKeys(store, (await teamCalled(store, who))._id)
          : await listManagementKeys(store);
        out.list(keys.map(shown), 'There are no keys.');
      }),
    );

  key
    .command('create')
    .description('create a key; it is shown only once')
    .argument('[team]', 'its id or name')
    .option('--management', 'a key for the Management API')
    .option('--label <text>', 'label that says what it is for', '')
    .addHelpText('after', '\nExample:\n  admin key create Sandbox --label "staging backend"')
    .action(
      (who: string | undefined, { management, label }: { management?: boolean; label: string }, command: Command) =>
        inSession(command, async (session) => {
          whose(who, management);
          const { key: made, document } = await makeKey(session, who, label);
          session.out.done(`${made}\n\nThis is the only time it is shown. Its id is ${document._id}.`, {
            key: made,
            ...shown(document),
          });
        }),
    );

  key
    .command('revoke')
    .description('revoke a key')
    .argument('<key-id>', 'the id from admin key list')
    .action((id: string, _options, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const revoked = await revokeApiKey(store, id);
        if (!revoked) throw new CannotDo(`There is no key with the id ${id}; see admin key list`);
        await recordAudit(store, {
          by: operator(),
          action: 'key.revoked',
          team_id: revoked.team_id,
          detail: { key_id: id },
        });
        out.done(`Key ${revoked.prefix}… was revoked. Running APIs notice within seconds.`, shown(revoked));
      }),
    );
}

async function makeKey({ store }: Session, who: string | undefined, label: string) {
  const team = who ? await teamCalled(store, who) : undefined;
  const made = team ? await createApiKey(store, team, label) : await createManagementKey(store, label);
  const detail = { key_id: made.document._id };
  await recordAudit(store, { by: operator(), action: 'key.created', team_id: team?._id ?? null, detail });
  return made;
}
