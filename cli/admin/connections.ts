/** `admin connection`: where laboratories are reached, and how they and we prove who we are (F12). */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { type Command, InvalidArgumentError, Option } from 'commander';
import ipaddr from 'ipaddr.js';
import {
  ACKNOWLEDGEMENTS,
  type Acknowledges,
  type Environment,
  type LabConnection,
  type OrderTransport,
} from '../../domain/catalogue/lab-connection.ts';
import {
  findLabConnection,
  hashOfPassword,
  labConnections,
  setLabConnection,
} from '../../store/connections/lab-connections.ts';
import { recordAudit } from '../../store/orders/audit.ts';
import { passwordReader } from './secrets.ts';
import { CannotDo, inSession, operator, requireLab, webAddress } from './session.ts';

interface ConnectionFlags {
  environment: Environment;
  acknowledges?: Acknowledges;
  url?: string;
  user?: string;
  password?: string;
  askPassword?: boolean;
  mllp?: { host: string; port: number };
  mllpTls?: boolean;
  mllpCa?: string;
  mllpCert?: string;
  mllpKey?: string;
  inboundUser?: string;
  inboundPassword?: string;
  askInboundPassword?: boolean;
  mllpFrom?: string[];
  /** Empty for none. */
  mllpClientCert?: string;
}

/** A connection without its secrets. */
const shown = ({ lab_slug, environment, orders, acknowledges, http, mllp }: LabConnection) => ({
  lab: lab_slug,
  environment,
  orders: orders.kind === 'http' ? `${orders.url} as ${orders.user}` : addressOf(orders),
  acknowledges,
  results: [
    ...(http ? [`HTTP as ${http.user}`] : []),
    ...(mllp
      ? [`MLLP from ${[...mllp.addresses, mllp.certificate && 'its certificate'].filter(Boolean).join(', ')}`]
      : []),
  ].join('; '),
});

const addressOf = ({ host, port, tls }: Extract<OrderTransport, { kind: 'mllp' }>) =>
  `${tls ? 'mllps' : 'mllp'}://${isIPv6(host) ? `[${host}]` : host}:${port}`;

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
        out.list((await labConnections(store)).map(shown), 'There are no connections yet.');
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
    .option('--url <address>', 'orders over HTTP: URL that accepts them', webAddress)
    .option('--user <name>', 'our user name at the laboratory')
    .addOption(new Option('--password <text>', 'our password at the laboratory').env('VENULE_LAB_PASSWORD'))
    .option('--ask-password', 'prompt for that password, or read it from a line of standard input')
    .option('--mllp <host:port>', 'orders over MLLP instead', hostAndPort)
    .option('--mllp-tls', 'with TLS; --no-mllp-tls without')
    .addOption(new Option('--no-mllp-tls').hideHelp())
    .option('--mllp-ca <file>', 'authority that signed the laboratory’s certificate, PEM; else the system’s', pem)
    .option('--mllp-cert <file>', 'our certificate, PEM', pem)
    .option('--mllp-key <file>', 'its key, PEM', pem)
    .addOption(
      new Option(
        '--acknowledges <how>',
        'answer: in its answer to the order; later: in a message or file of its own; none: never, so that a delivered order has its requisition',
      ).choices([...ACKNOWLEDGEMENTS]),
    )
    .option('--inbound-user <name>', 'results over HTTP: the laboratory’s user name for Venule')
    .addOption(
      new Option('--inbound-password <text>', 'the laboratory’s password for Venule').env(
        'VENULE_LAB_INBOUND_PASSWORD',
      ),
    )
    .option('--ask-inbound-password', 'prompt for that password, or read it from the next line of standard input')
    .option(
      '--mllp-from <addresses>',
      'results over MLLP: addresses and networks that the laboratory sends from, with commas; "none" for no more',
      networks,
    )
    .option(
      '--mllp-client-cert <file>',
      'and the certificate that it shows, PEM, or its SHA-256; "none" for no more',
      fingerprint,
    )
    .addHelpText(
      'after',
      `
A password given as an option can be seen by others on this machine; prefer the environment or --ask-….
The sandbox connections over HTTP point at the sandbox laboratories again whenever an API starts with
VENULE_SANDBOX_URL or VENULE_SANDBOX_PASSWORD, as under npm start; without these they stay as they were set.
Results over MLLP need VENULE_MLLP_PORT on the API. Laboratories that send from the same address are told apart by
MSH-3 and MSH-4.

Examples:
  admin connection set labcorp --url https://orders.lab.example/hl7 --user venule --ask-password \\
    --inbound-user labcorp --ask-inbound-password
  admin connection set quest --mllp orders.lab.example:2575 --mllp-tls --mllp-from 203.0.113.0/28
  VENULE_LAB_PASSWORD=… admin connection set labcorp --user venule`,
    )
    .action((lab: string, flags: ConnectionFlags, command: Command) =>
      inSession(command, async ({ store, out }) => {
        await requireLab(store, lab);
        const { environment } = flags;
        const passwords = await passwordsOf(flags);
        const before = await findLabConnection(store, lab, environment);
        const next = whole(lab, {
          lab_slug: lab,
          environment,
          orders: ordersOf(before, flags, passwords.outbound),
          acknowledges: flags.acknowledges ?? before?.acknowledges ?? 'answer',
          http: httpOf(before, flags, passwords.inbound),
          mllp: mllpOf(before, flags),
        });
        await setLabConnection(store, next);
        await recordAudit(store, { by: operator(), action: 'lab_connection.set', detail: { lab, environment } });
        out.show(shown(next));
      }),
    );
}

type Half<T> = { [Field in keyof T]: T[Field] | undefined };
type HalfOrders = Half<Extract<OrderTransport, { kind: 'http' }>> | Extract<OrderTransport, { kind: 'mllp' }>;

function ordersOf(before: LabConnection | null, flags: ConnectionFlags, password: string | undefined): HalfOrders {
  const { url, user, mllp, mllpTls, mllpCa, mllpCert, mllpKey } = flags;
  if (mllp && (url || user || password))
    throw new CannotDo('Orders go over HTTP (--url) or over MLLP (--mllp), not both');
  const known = before?.orders;
  const isMllp = mllp !== undefined || (known?.kind === 'mllp' && !url);
  if (!isMllp) {
    const former = known?.kind === 'http' ? known : undefined;
    const [given] =
      Object.entries({ mllpTls, mllpCa, mllpCert, mllpKey }).find(([, value]) => value !== undefined) ?? [];
    if (given)
      throw new CannotDo(
        `--${given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is for orders over MLLP (--mllp)`,
      );
    return {
      kind: 'http',
      url: url ?? former?.url,
      user: user ?? former?.user,
      password: password ?? former?.password,
    };
  }
  const former = known?.kind === 'mllp' ? known : undefined;
  const place = mllp ?? (former as { host: string; port: number });
  const withTls = mllpTls ?? Boolean(former?.tls ?? mllpCa ?? mllpCert);
  const certificate = mllpCert ?? former?.tls?.certificate ?? null;
  const key = mllpKey ?? former?.tls?.key ?? null;
  if (Boolean(certificate) !== Boolean(key)) throw new CannotDo('--mllp-cert and --mllp-key are given together');
  const tls = withTls ? { ca: mllpCa ?? former?.tls?.ca ?? null, certificate, key } : null;
  return { kind: 'mllp', host: place.host, port: place.port, tls };
}

function httpOf(before: LabConnection | null, { inboundUser }: ConnectionFlags, password: string | undefined) {
  const former = before?.http ?? null;
  if (inboundUser === undefined && password === undefined) return former;
  return {
    user: inboundUser ?? former?.user,
    password_hash: password === undefined ? former?.password_hash : hashOfPassword(password),
  };
}

function mllpOf(before: LabConnection | null, { mllpFrom, mllpClientCert }: ConnectionFlags): LabConnection['mllp'] {
  const addresses = mllpFrom ?? before?.mllp?.addresses ?? [];
  const certificate = mllpClientCert === undefined ? (before?.mllp?.certificate ?? null) : mllpClientCert || null;
  return addresses.length === 0 && certificate === null ? null : { addresses, certificate };
}

/** @throws CannotDo naming the options that are missing */
function whole(
  lab: string,
  next: Omit<LabConnection, 'orders' | 'http'> & {
    orders: HalfOrders;
    http: Half<NonNullable<LabConnection['http']>> | null;
  },
): LabConnection {
  const { orders, http, mllp } = next;
  const noResults = http === null && mllp === null;
  const missing = [
    ...(orders.kind === 'http'
      ? [
          ...(orders.url ? [] : ['--url (or --mllp)']),
          ...(orders.user ? [] : ['--user']),
          ...(orders.password ? [] : ['--password']),
        ]
      : []),
    ...(noResults || (http && !http.user) ? ['--inbound-user'] : []),
    ...(noResults || (http && !http.password_hash)
      ? [`--inbound-password${noResults ? ' (or --mllp-from)' : ''}`]
      : []),
  ];
  if (missing.length === 0) return next as LabConnection;
  throw new CannotDo(
    `${lab} has no ${next.environment} connection yet, so these are also required: ${missing.join(', ')}`,
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

function hostAndPort(text: string): { host: string; port: number } {
  const url = URL.canParse(`mllp://${text}`) ? new URL(`mllp://${text}`) : null;
  if (url?.hostname && url.port && `${url.host}` === text)
    return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) };
  throw new InvalidArgumentError('Use host:port, such as orders.lab.example:2575.');
}

function pem(path: string): string {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new InvalidArgumentError(`${path} cannot be read.`);
  }
  if (text.includes('-----BEGIN ')) return text;
  throw new InvalidArgumentError(`${path} is not PEM.`);
}

function networks(text: string): string[] {
  if (text === 'none') return [];
  const all = text.split(',').map((each) => each.trim());
  if (all.every((each) => ipaddr.isValid(each) || ipaddr.isValidCIDR(each))) return all;
  throw new InvalidArgumentError('Use addresses or networks such as 203.0.113.7,10.20.0.0/16.');
}

/** SHA-256 of a certificate, from its file or as people copy it; empty for none. */
function fingerprint(text: string): string {
  if (text === 'none') return '';
  const digits = text.replaceAll(':', '').toLowerCase();
  if (/^[\da-f]{64}$/.test(digits)) return digits;
  try {
    return new X509Certificate(pem(text)).fingerprint256.replaceAll(':', '').toLowerCase();
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw error;
    throw new InvalidArgumentError(`${text} is not a certificate.`);
  }
}
