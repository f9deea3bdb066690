/** `admin connection`: where partners are reached, and how they and we prove who we are (F12). */
import { type Command, Option } from 'commander';
import type { LabConnectionDocument } from '../../store/collections/connections.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { type Environment, findLabConnection, hashOfPassword } from '../../store/connections/lab-connections.ts';
import { recordAudit } from '../../store/orders/audit.ts';
import { passwordReader } from './secrets.ts';
import { CannotDo, given, inSession, operator, requireLab, webAddress } from './session.ts';

interface ConnectionFlags {
  environment: Environment;
  url?: string;
  user?: string;
  password?: string;
  askPassword?: boolean;
  inboundUser?: string;
  inboundPassword?: string;
  askInboundPassword?: boolean;
}

const shown = ({ lab_slug, environment, url, user, inbound_user }: Omit<LabConnectionDocument, '_id'>) => ({
  lab: lab_slug,
  environment,
  url,
  user,
  inbound_user,
});

/** Adds `connection` to the program. */
export function addConnectionCommands(program: Command): void {
  const connection = program
    .command('connection')
    .alias('connections')
    .description('connections to laboratories, with their credentials');

  connection
    .command('list')
    .description('list all connections; passwords are never shown')
    .action((_options, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const all = await collectionOf(store.labConnections).find().sort({ _id: 1 }).toArray();
        out.list(all.map(shown), 'There are no connections yet.');
      }),
    );

  connection
    .command('set')
    .description('add or change a connection; options that are left out stay the same')
    .argument('<lab>', 'the laboratory, such as labcorp')
    .addOption(
      new Option('--environment <name>', 'sandbox or production orders')
        .choices(['sandbox', 'production'])
        .default('production'),
    )
    .option('--url <address>', 'URL that accepts our orders', webAddress)
    .option('--user <name>', 'our user name at the laboratory')
    .addOption(new Option('--password <text>', 'our password at the laboratory').env('VENULE_LAB_PASSWORD'))
    .option('--ask-password', 'prompt for that password, or read it from a line of standard input')
    .option('--inbound-user <name>', 'the laboratory’s user name for Venule')
    .addOption(
      new Option('--inbound-password <text>', 'the laboratory’s password for Venule').env(
        'VENULE_LAB_INBOUND_PASSWORD',
      ),
    )
    .option('--ask-inbound-password', 'prompt for that password, or read it from the next line of standard input')
    .addHelpText(
      'after',
      `
A password given as an option can be seen by others on this machine; prefer the environment or --ask-….
The sandbox connections point at the sandbox laboratories again whenever an API starts with VENULE_SANDBOX_URL or
VENULE_SANDBOX_PASSWORD, as under npm start; without these they stay as they were set.

Examples:
  admin connection set labcorp --url https://orders.lab.example/hl7 --user venule --ask-password \\
    --inbound-user labcorp --ask-inbound-password
  VENULE_LAB_PASSWORD=… admin connection set labcorp --user venule`,
    )
    .action((lab: string, flags: ConnectionFlags, command: Command) =>
      inSession(command, async ({ store, out }) => {
        await requireLab(store, lab);
        const { environment } = flags;
        const passwords = await passwordsOf(flags);
        const before = await findLabConnection(store, lab, environment);
        const next = {
          ...before,
          lab_slug: lab,
          environment,
          ...given({
            url: flags.url,
            user: flags.user,
            password: passwords.outbound,
            inbound_user: flags.inboundUser,
            inbound_password_hash: passwords.inbound && hashOfPassword(passwords.inbound),
          }),
        };
        requireWhole(next, lab, environment);
        const { _id, ...fields } = { ...next, _id: `${lab}:${environment}` };
        await store.labConnections.updateOne({ _id }, { $set: fields }, { upsert: true });
        await recordAudit(store, { by: operator(), action: 'lab_connection.set', detail: { lab, environment } });
        out.show(shown(fields));
      }),
    );
}

async function passwordsOf(flags: ConnectionFlags) {
  const found = { outbound: flags.password, inbound: flags.inboundPassword };
  if (!flags.askPassword && !flags.askInboundPassword) return found;
  const reader = passwordReader();
  try {
    if (flags.askPassword) found.outbound = await reader.read('password for us at the laboratory');
    if (flags.askInboundPassword) found.inbound = await reader.read('password for the laboratory at Venule');
  } finally {
    reader.close();
  }
  return found;
}

const NEEDED = {
  url: '--url',
  user: '--user',
  password: '--password',
  inbound_user: '--inbound-user',
  inbound_password_hash: '--inbound-password',
} as const;

function requireWhole(
  connection: Partial<LabConnectionDocument>,
  lab: string,
  environment: Environment,
): asserts connection is LabConnectionDocument {
  const missing = Object.entries(NEEDED).filter(([field]) => !connection[field as keyof typeof NEEDED]);
  if (missing.length === 0) return;
  const options = missing.map(([, option]) => option).join(', ');
  throw new CannotDo(`${lab} has no ${environment} connection yet, so these are also required: ${options}`);
}
