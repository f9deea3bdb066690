/** `admin lab-account`: the accounts that orders are billed to at the laboratories. */
import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  BILLING_TYPES,
  type BillingType,
  DELEGATED_FLOWS,
  LAB_ACCOUNT_STATUSES,
} from '../../../domain/catalogue/catalogue.ts';
import { US_STATES } from '../../../domain/people/us-states.ts';
import { ORGANISATION } from '../../../store/access/teams.ts';
import type { LabAccountDocument } from '../../../store/collections/catalogue.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import { insert } from '../../../store/collections/write.ts';
import type { Store } from '../../../store/open.ts';
import { recordAudit } from '../../../store/orders/audit.ts';
import { CannotDo, given, inSession, operator, repeated, requireLab, teamCalled } from '../session.ts';

type Billing = LabAccountDocument['allowed_billing'];

interface AccountFlags {
  number?: string;
  name?: string;
  status?: LabAccountDocument['status'];
  delegatedFlow?: LabAccountDocument['delegated_flow'];
  clinicalNotes?: string;
  businessUnit?: string[];
  bill?: Billing;
  team?: string[];
  everyTeam?: boolean;
}

/** `client_bill=AZ,CA`, `client_bill=all`, `client_bill=none`. */
function billing(text: string, before: Billing = {}): Billing {
  const [, type, list] = /^(\w+)=(.+)$/.exec(text) ?? [];
  const known = BILLING_TYPES.find((candidate) => candidate === type) as BillingType | undefined;
  if (!known || !list)
    throw new InvalidArgumentError(`Use <type>=<states>, where the type is one of ${BILLING_TYPES.join(', ')}.`);
  if (list === 'none') return { ...before, [known]: [] };
  const states =
    list === 'all'
      ? [...US_STATES]
      : list
          .toUpperCase()
          .split(',')
          .map((state) => state.trim());
  const unknown = states.filter((state) => !(US_STATES as readonly string[]).includes(state));
  if (unknown.length > 0) throw new InvalidArgumentError(`Not a state: ${unknown.join(', ')}.`);
  return { ...before, [known]: states };
}

function withAccountOptions(command: Command): Command {
  return command
    .option('--name <text>', 'name of the account')
    .addOption(new Option('--status <status>', 'only an active account accepts orders').choices(LAB_ACCOUNT_STATUSES))
    .addOption(new Option('--delegated-flow <flow>', 'whose physician places the order').choices(DELEGATED_FLOWS))
    .option('--clinical-notes <text>', 'added at the beginning of every order’s clinical notes')
    .option('--business-unit <name>', 'can be repeated', repeated)
    .option(
      '--bill <type=states>',
      'states in which a billing type is allowed: client_bill=AZ,CA, =all, or =none; can be repeated',
      billing,
    )
    .option('--team <team>', 'a team that may use it (id or name); can be repeated', repeated)
    .option('--every-team', 'every team may use it');
}

async function fieldsOf(store: Store, flags: AccountFlags) {
  const teams = flags.everyTeam
    ? []
    : flags.team && (await Promise.all(flags.team.map((who) => teamCalled(store, who))));
  return given({
    provider_account_id: flags.number,
    account_name: flags.name,
    status: flags.status,
    delegated_flow: flags.delegatedFlow,
    default_clinical_notes: flags.clinicalNotes,
    business_units: flags.businessUnit,
    team_id_allowlist: teams?.map(({ _id }) => _id),
  });
}

const states = (list: string[] | undefined) =>
  list?.length === US_STATES.length ? 'all' : (list ?? []).join(' ') || 'none';

function shown({ _id, lab, provider_account_id, account_name, status, ...rest }: LabAccountDocument) {
  return {
    id: _id,
    lab,
    number: provider_account_id,
    name: account_name,
    status,
    delegated_flow: rest.delegated_flow,
    business_units: rest.business_units,
    clinical_notes: rest.default_clinical_notes,
    teams: rest.team_id_allowlist.length > 0 ? rest.team_id_allowlist : 'every team',
    ...Object.fromEntries(BILLING_TYPES.map((type) => [type, states(rest.allowed_billing[type])])),
  };
}

const SOON = '\nRunning APIs notice within half a minute.\n';

/** What `admin lab-account` can do. */
export function addLabAccountCommands(account: Command): void {
  account
    .command('list')
    .description('list all accounts')
    .option('--lab <slug>', 'only at this laboratory')
    .action(({ lab }: { lab?: string }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const accounts = await collectionOf(store.labAccounts).find(given({ lab })).sort({ lab: 1, _id: 1 }).toArray();
        out.list(
          accounts
            .map(shown)
            .map(({ id, lab, number, name, status, teams }) => ({ id, lab, number, name, status, teams })),
          'There are no lab accounts.',
        );
      }),
    );

  account
    .command('show')
    .description('show an account, with the states where it may bill')
    .argument('<id>')
    .action((id: string, _options, command: Command) =>
      inSession(command, async ({ store, out }) => out.show(shown(await accountOf(store, id)))),
    );

  withAccountOptions(
    account
      .command('add')
      .description('add an account; by default active, not delegated, with client billing in every state')
      .requiredOption('--lab <slug>', 'the laboratory, such as labcorp')
      .requiredOption('--number <text>', 'our account number at the laboratory'),
  )
    .addHelpText(
      'after',
      `${SOON}\nExample:\n  admin lab-account add --lab quest --number 97502311 --team "Desert Telehealth" --bill client_bill=AZ,NM`,
    )
    .action((flags: AccountFlags & { lab: string }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        await requireLab(store, flags.lab);
        const added = {
          _id: randomUUID(),
          lab: flags.lab,
          org_id: ORGANISATION,
          status: 'active',
          delegated_flow: 'not_delegated',
          account_name: null,
          default_clinical_notes: null,
          business_units: [],
          team_id_allowlist: [],
          ...(await fieldsOf(store, flags)),
          allowed_billing: flags.bill ?? { client_bill: [...US_STATES] },
        } as LabAccountDocument;
        await insert(store.labAccounts, added);
        await recordAudit(store, {
          by: operator(),
          action: 'lab_account.added',
          detail: { lab_account_id: added._id },
        });
        out.show(shown(added));
      }),
    );

  withAccountOptions(
    account.command('set').description('change an account; options that are left out stay the same').argument('<id>'),
  )
    .option('--number <text>', 'our account number at the laboratory')
    .addHelpText('after', `${SOON}\nExample:\n  admin lab-account set 5d0… --status suspended`)
    .action((id: string, flags: AccountFlags, command: Command) =>
      inSession(command, async ({ store, out }) => {
        if (Object.keys(flags).length === 0) throw new CannotDo('Nothing to set; see admin lab-account set --help');
        await accountOf(store, id);
        const allowed = Object.entries(flags.bill ?? {}).map(([type, list]) => [`allowed_billing.${type}`, list]);
        await collectionOf(store.labAccounts).updateOne(
          { _id: id },
          { $set: { ...(await fieldsOf(store, flags)), ...Object.fromEntries(allowed) } },
        );
        const detail = { lab_account_id: id, set: Object.keys(flags) };
        await recordAudit(store, { by: operator(), action: 'lab_account.changed', detail });
        out.show(shown(await accountOf(store, id)));
      }),
    );
}

async function accountOf(store: Store, id: string): Promise<LabAccountDocument> {
  const found = await collectionOf(store.labAccounts).findOne({ _id: id });
  if (!found) throw new CannotDo(`There is no lab account ${id}; see admin lab-account list`);
  return found;
}
