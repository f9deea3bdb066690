/** `npm run admin -- …`: what an operator sets, looks up and puts right. */
import { Command, CommanderError } from 'commander';
import { ApiError } from '../api/http/errors.ts';
import { ConfigError } from '../config/config.ts';
import { CannotSettle } from '../store/inbox/held-tests.ts';
import { CannotDeliver } from '../store/inbox/inbox-review.ts';
import { addBookingLinkCommands } from './admin/booking-links.ts';
import { addInboxCommands } from './admin/inbox.ts';
import { addKeyCommands } from './admin/keys.ts';
import { addConnectionCommands } from './admin/laboratories/connections.ts';
import { addLabAccountCommands } from './admin/laboratories/lab-accounts.ts';
import { addProfileCommands } from './admin/laboratories/profiles.ts';
import { addMessageCommands } from './admin/messages.ts';
import { addOrderCommands } from './admin/orders/orders.ts';
import { addPhlebotomyCommands } from './admin/phlebotomy.ts';
import { addRetentionCommands } from './admin/retention.ts';
import { CannotDo } from './admin/session.ts';
import { addTeamCommands } from './admin/teams.ts';
import { addWebhookCommands } from './admin/webhooks.ts';

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

addTeamCommands(program);
addKeyCommands(program);
addLabAccountCommands(program);
addConnectionCommands(program);
addProfileCommands(program);
addPhlebotomyCommands(program);
addInboxCommands(program);
addWebhookCommands(program);
addOrderCommands(program);
addMessageCommands(program);
addBookingLinkCommands(program);
addRetentionCommands(program);

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
    return;
  }
  const expected = [CannotDo, CannotDeliver, CannotSettle, ConfigError, ApiError].some((kind) => error instanceof kind);
  process.stderr.write(`${expected ? (error as Error).message : (error as Error).stack}\n`);
  process.exitCode = FAILED;
});
