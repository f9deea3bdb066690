/** `npm run admin -- …`: what an operator sets, looks up and puts right. */
import { Command, CommanderError } from 'commander';

const FAILED = 1;
const WRONG_USAGE = 2;

const program = new Command('admin')
  .description(
    'Manages Venule: teams, keys, laboratories, phlebotomy providers, orders, messages, incoming lab messages, and webhooks.',
  )
  .option('--json', 'print JSON instead of tables')
  .exitOverride()
  .showHelpAfterError('(see --help)')
  .addHelpText(
    'after',
    `
Uses the database in MONGODB_URI; without it, the database of the npm start that is running on this machine
(VENULE_DATA_DIR, by default .venule).

Examples:
  npm run admin -- team list
  npm run admin -- team create "Desert Telehealth" --environment production
  npm run admin -- key create "Desert Telehealth" --label backend
  npm run admin -- order find "bell"
  npm run admin -- inbox list --state unmatched
  npm run --silent admin -- --json webhook exhausted

Exit codes: 0 success, ${FAILED} failure, ${WRONG_USAGE} wrong usage.`,
  );

/** The groups of commands. Only those that are asked for are loaded: the whole of Venule takes a second. */
const GROUPS: { name: string; about: string; add: () => Promise<(group: Command) => void> }[] = [
  {
    name: 'team|teams',
    about: 'teams and their settings',
    add: async () => (await import('./admin/teams.ts')).addTeamCommands,
  },
  {
    name: 'key|keys',
    about: 'API keys and management keys',
    add: async () => (await import('./admin/keys.ts')).addKeyCommands,
  },
  {
    name: 'lab-account|lab-accounts',
    about: 'accounts at the laboratories, for billing',
    add: async () => (await import('./admin/laboratories/lab-accounts.ts')).addLabAccountCommands,
  },
  {
    name: 'connection|connections',
    about: 'connections to laboratories, with their credentials',
    add: async () => (await import('./admin/laboratories/connections.ts')).addConnectionCommands,
  },
  {
    name: 'profile|profiles',
    about: 'what a laboratory writes differently than docs/hl7.md says: docs/lab-profiles.md',
    add: async () => (await import('./admin/laboratories/profiles.ts')).addProfileCommands,
  },
  {
    name: 'phlebotomy',
    about: 'connections to phlebotomy providers, and events from them',
    add: async () => (await import('./admin/phlebotomy.ts')).addPhlebotomyCommands,
  },
  {
    name: 'inbox',
    about: 'what laboratories sent, and what happened to it; alone, it shows what waits and which of them are silent',
    add: async () => (await import('./admin/inbox.ts')).addInboxCommands,
  },
  {
    name: 'webhook|webhooks',
    about: 'webhook endpoints and deliveries',
    add: async () => (await import('./admin/webhooks.ts')).addWebhookCommands,
  },
  {
    name: 'order|orders',
    about: 'orders: find, follow, cancel, restart',
    add: async () => (await import('./admin/orders/orders.ts')).addOrderCommands,
  },
  {
    name: 'message|messages',
    about: 'mail and SMS to patients; how a laboratory’s message is read',
    add: async () => (await import('./admin/messages.ts')).addMessageCommands,
  },
  {
    name: 'booking-link|booking-links',
    about: 'links to patients’ booking pages',
    add: async () => (await import('./admin/booking-links.ts')).addBookingLinkCommands,
  },
  {
    name: 'retention',
    about: 'show what a worker would delete today, without deleting anything',
    add: async () => (await import('./admin/retention.ts')).addRetentionCommands,
  },
];

for (const { name: names, about, add } of GROUPS) {
  const [name = '', alias] = names.split('|');
  const group = program.command(name).description(about);
  if (alias) group.alias(alias);
  if (process.argv.some((word) => word === name || word === alias)) (await add())(group);
}

/** Whether an error's message says what would help, so that where it was thrown says no more. */
async function isExpected(error: unknown): Promise<boolean> {
  const kinds = await Promise.all([
    import('./admin/session.ts').then(({ CannotDo }) => CannotDo),
    import('../store/inbox/inbox-review.ts').then(({ CannotDeliver }) => CannotDeliver),
    import('../store/inbox/held-tests.ts').then(({ CannotSettle }) => CannotSettle),
    import('../config/config.ts').then(({ ConfigError }) => ConfigError),
    import('../api/http/errors.ts').then(({ ApiError }) => ApiError),
  ]);
  return kinds.some((kind) => error instanceof kind);
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
  } else {
    const { message, stack } = error as Error;
    process.stderr.write(`${(await isExpected(error)) ? message : stack}\n`);
    process.exitCode = FAILED;
  }
}
