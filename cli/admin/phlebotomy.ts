/** `admin phlebotomy`: where phlebotomy providers are reached, and what they sent us that no journey took in. */
import { Argument, type Command, Option } from 'commander';
import { APPOINTMENT_PROVIDERS, type AppointmentProvider } from '../../domain/appointments/appointment.ts';
import type { Environment } from '../../domain/catalogue/lab-connection.ts';
import type { PhlebotomyConnectionDocument } from '../../store/collections/connections.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { PhlebotomyEventDocument } from '../../store/collections/inbox.ts';
import { findPhlebotomyConnection, setPhlebotomyConnection } from '../../store/connections/phlebotomy-connections.ts';
import { listPhlebotomyEvents, listUnreadableEvents, unreadableEventBody } from '../../store/inbox/phlebotomy-inbox.ts';
import { recordAudit } from '../../store/orders/audit.ts';
import { passwordReader } from './secrets.ts';
import { CannotDo, given, inSession, operator, positive, webAddress } from './session.ts';

interface SetFlags {
  environment: Environment;
  url?: string;
  key?: string;
  secret?: string;
  askKey?: boolean;
  askSecret?: boolean;
}

interface EventFlags {
  state?: PhlebotomyEventDocument['state'];
  provider?: AppointmentProvider;
  order?: string;
  limit: number;
}

const shown = ({ provider, environment, url, secrets }: Omit<PhlebotomyConnectionDocument, '_id'>) => ({
  provider,
  environment,
  url,
  secrets: secrets.length,
});

/** What `admin phlebotomy` can do. */
export function addPhlebotomyCommands(phlebotomy: Command): void {
  phlebotomy
    .command('list')
    .description('list all connections; keys and secrets are never shown')
    .action((_options, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const all = await collectionOf(store.phlebotomyConnections).find().sort({ _id: 1 }).toArray();
        out.list(all.map(shown), 'There are no connections yet.');
      }),
    );

  phlebotomy
    .command('set')
    .description('add or change a connection; options that are left out stay the same')
    .addArgument(new Argument('<provider>', 'the provider').choices(APPOINTMENT_PROVIDERS))
    .addOption(
      new Option('--environment <name>', 'sandbox or production orders')
        .choices(['sandbox', 'production'])
        .default('production'),
    )
    .option('--url <address>', 'its URL, up to /v1/', webAddress)
    .addOption(new Option('--key <text>', 'our key for the provider').env('VENULE_PHLEBOTOMY_KEY'))
    .option('--ask-key', 'prompt for that key, or read it from a line of standard input')
    .addOption(
      new Option(
        '--secret <text>',
        'the secret that it signs events with, whsec_…; the previous one remains valid, too',
      ).env('VENULE_PHLEBOTOMY_SECRET'),
    )
    .option('--ask-secret', 'prompt for that secret, or read it from the next line of standard input')
    .addHelpText(
      'after',
      `
The sandbox connections point at the sandbox providers again whenever the API starts.

Example:
  admin phlebotomy set getlabs --url https://api.provider.example --ask-key --ask-secret`,
    )
    .action((provider: AppointmentProvider, flags: SetFlags, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const { environment, url } = flags;
        const { key, secret } = await secretsOf(flags);
        const before = await findPhlebotomyConnection(store, provider, environment);
        const missing = Object.entries({ url, key, secret }).filter(([, value]) => !value);
        if (!before && missing.length > 0) {
          const options = missing.map(([name]) => `--${name}`).join(', ');
          throw new CannotDo(
            `${provider} has no ${environment} connection yet, so these are also required: ${options}`,
          );
        }
        const [newest] = before?.secrets ?? [];
        const secrets = secret ? [...new Set([secret, ...(newest ? [newest] : [])])] : (before?.secrets ?? []);
        const connection = {
          provider,
          environment,
          url: url ?? before?.url ?? '',
          key: key ?? before?.key ?? '',
          secrets,
        };
        await setPhlebotomyConnection(store, connection);
        const detail = { provider, environment };
        await recordAudit(store, { by: operator(), action: 'phlebotomy_connection.set', detail });
        out.show(shown(connection));
      }),
    );

  phlebotomy
    .command('events')
    .description('list events from providers, newest first')
    .addOption(
      new Option('--state <state>', 'stored: not delivered to a journey yet; kept: not used by any journey').choices([
        'stored',
        'delivered',
        'kept',
      ]),
    )
    .addOption(new Option('--provider <name>', 'only from this provider').choices(APPOINTMENT_PROVIDERS))
    .option('--order <id>', 'only for this order')
    .option('--limit <n>', 'maximum number', positive, 50)
    .addHelpText('after', '\nExample:\n  admin phlebotomy events --state kept')
    .action(({ state, provider, order, limit }: EventFlags, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const events = await listPhlebotomyEvents(store, given({ state, provider, order_id: order }), limit);
        out.list(
          events.map((event) => ({
            id: event._id,
            received_at: event.received_at,
            says: event.report.status,
            occurred_at: event.report.occurred_at,
            state: event.state,
            why: event.kept_because ?? event.last_error,
            appointment: event.appointment_id ?? event.reference,
            order: event.order_id,
          })),
          'Nothing found.',
        );
      }),
    );

  phlebotomy
    .command('refused')
    .description('events that could not be read, newest first')
    .argument('[id]', 'print this one as received; it may name a patient')
    .addOption(new Option('--provider <name>', 'only from this provider').choices(APPOINTMENT_PROVIDERS))
    .option('--limit <n>', 'maximum number', positive, 50)
    .action((id: string | undefined, { provider, limit }: Pick<EventFlags, 'provider' | 'limit'>, command: Command) =>
      inSession(command, async ({ store, out }) => {
        if (id !== undefined) {
          const body = await unreadableEventBody(store, id);
          if (body === null) throw new CannotDo(`There is no such event ${id}; see admin phlebotomy refused`);
          const raw = typeof body === 'string' ? body : body.toString('latin1');
          return out.done(raw, { id, raw });
        }
        const events = await listUnreadableEvents(store, given({ provider }), limit);
        out.list(
          events.map(({ _id, received_at, provider: from, environment, event_id, unreadable_because }) => ({
            id: _id,
            received_at,
            provider: from,
            environment,
            event_id,
            why: unreadable_because,
          })),
          'Nothing found.',
        );
      }),
    );
}

async function secretsOf(flags: SetFlags) {
  const found = { key: flags.key, secret: flags.secret };
  if (flags.askKey || flags.askSecret) {
    const reader = passwordReader();
    try {
      if (flags.askKey) found.key = await reader.read('our key for the provider');
      if (flags.askSecret) found.secret = await reader.read('secret that the provider signs with');
    } finally {
      reader.close();
    }
  }
  if (found.secret && !/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(found.secret)) {
    throw new CannotDo('A secret must be whsec_ followed by base64');
  }
  return found;
}
