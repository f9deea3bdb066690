/** `admin connection`: where laboratories are reached, and how they and we prove who we are (F12). */
import { isIPv6 } from 'node:net';
import { type Command, Option } from 'commander';
import {
  ACKNOWLEDGEMENTS,
  type Acknowledges,
  type Environment,
  type LabConnection,
  type OrderTransport,
  type SftpPickUp,
  type SftpServer,
} from '../../../domain/catalogue/lab-connection.ts';
import {
  findLabConnection,
  hashOfPassword,
  labConnections,
  setLabConnection,
} from '../../../store/connections/lab-connections.ts';
import { recordAudit } from '../../../store/orders/audit.ts';
import { passwordReader } from '../secrets.ts';
import { CannotDo, inSession, operator, requireLab, webAddress } from '../session.ts';
import { checkKeys, checkSenders } from './connection-checks.ts';
import { fingerprint, folder, hostAndPort, hostKey, networks, pem, userAtHost } from './connection-options.ts';
import { addConnectionTest } from './connection-test.ts';

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
  sftp?: { user: string; host: string; port: number };
  sftpHostKey?: string;
  sftpKey?: string;
  sftpPassword?: string;
  askSftpPassword?: boolean;
  sftpOrders?: string;
  sftpResults?: string;
  sftpArchive?: string;
}

/** A connection without its secrets. */
const shown = ({ lab_slug, environment, orders, acknowledges, http, mllp, sftp }: LabConnection) => ({
  lab: lab_slug,
  environment,
  orders: addressOf(orders),
  acknowledges,
  results: [
    ...(http ? [`HTTP as ${http.user}`] : []),
    ...(mllp
      ? [`MLLP from ${[...mllp.addresses, mllp.certificate && 'its certificate'].filter(Boolean).join(', ')}`]
      : []),
    ...(sftp ? [folderAt(sftp.server, sftp.folder)] : []),
  ].join('; '),
});

function addressOf(orders: OrderTransport): string {
  if (orders.kind === 'http') return `${orders.url} as ${orders.user}`;
  if (orders.kind === 'sftp') return folderAt(orders.server, orders.folder);
  const { host, port, tls } = orders;
  return `${tls ? 'mllps' : 'mllp'}://${bracketed(host)}:${port}`;
}

const folderAt = ({ user, host, port }: SftpServer, path: string) =>
  `sftp://${user}@${bracketed(host)}:${port}/${path.replace(/^\//, '')}`;

const bracketed = (host: string) => (isIPv6(host) ? `[${host}]` : host);

/** What `admin connection` can do. */
export function addConnectionCommands(connection: Command): void {
  connection
    .command('list')
    .description('list all connections; passwords are never shown')
    .action((_options, command: Command) =>
      inSession(command, async ({ store, out }) => {
        out.list((await labConnections(store)).map(shown), 'There are no connections yet.');
      }),
    );

  addConnectionTest(connection);

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
        'answer: in its answer to the order; later: in a message or file of its own; none: never, so that a delivered order has its requisition; "answer" again when orders go another way',
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
    .option('--sftp <user@host>', 'orders or results as files: our account on the laboratory’s server', userAtHost)
    .option('--sftp-host-key <fingerprint>', 'SHA256:… of the server’s key; ask the laboratory', hostKey)
    .option('--sftp-key <file>', 'our private key', pem)
    .addOption(new Option('--sftp-password <text>', 'or our password there').env('VENULE_LAB_SFTP_PASSWORD'))
    .option('--ask-sftp-password', 'prompt for that password, or read it from the next line of standard input')
    .option('--sftp-orders <folder>', 'where orders are dropped, instead of HTTP or MLLP', folder)
    .option('--sftp-results <folder>', 'where the laboratory leaves results and acknowledgments', folder)
    .option('--sftp-archive <folder>', 'where they go once they are taken in', folder)
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
  admin connection set bioreference --sftp venule@files.lab.example --sftp-host-key SHA256:… --sftp-key id_ed25519 \\
    --sftp-orders /orders --acknowledges later --sftp-results /results --sftp-archive /results/done
  VENULE_LAB_PASSWORD=… admin connection set labcorp --user venule`,
    )
    .action((lab: string, flags: ConnectionFlags, command: Command) =>
      inSession(command, async ({ store, out }) => {
        await requireLab(store, lab);
        const { environment } = flags;
        const passwords = await passwordsOf(flags);
        const before = await findLabConnection(store, lab, environment);
        const orders = ordersOf(before, flags, passwords);
        const next = whole(lab, {
          lab_slug: lab,
          environment,
          orders,
          acknowledges:
            flags.acknowledges ?? (before && before.orders.kind === orders.kind ? before.acknowledges : 'answer'),
          http: httpOf(before, flags, passwords.inbound),
          mllp: mllpOf(before, flags),
          sftp: sftpOf(before, flags, passwords.sftp),
        });
        checkKeys(next);
        const isOther = (one: LabConnection) => one.lab_slug !== lab || one.environment !== environment;
        checkSenders(next, (await labConnections(store)).filter(isOther));
        await setLabConnection(store, next);
        await recordAudit(store, { by: operator(), action: 'lab_connection.set', detail: { lab, environment } });
        out.show(shown(next));
      }),
    );
}

type Half<T> = { [Field in keyof T]: T[Field] | undefined };
type HalfOrders = Half<Extract<OrderTransport, { kind: 'http' }>> | Exclude<OrderTransport, { kind: 'http' }>;
type Passwords = Awaited<ReturnType<typeof passwordsOf>>;

/** Which transport the options are about; the one there was, where they are about none. */
function kindOf(
  before: LabConnection | null,
  { url, user, mllp, sftpOrders }: ConnectionFlags,
): OrderTransport['kind'] {
  const ways = [
    ...(url || (user && before?.orders.kind !== 'http') ? (['http'] as const) : []),
    ...(mllp ? (['mllp'] as const) : []),
    ...(sftpOrders ? (['sftp'] as const) : []),
  ];
  if (ways.length > 1) {
    throw new CannotDo('Orders go over HTTP (--url), MLLP (--mllp), or SFTP (--sftp-orders); give one of them');
  }
  return ways[0] ?? before?.orders.kind ?? 'http';
}

function ordersOf(before: LabConnection | null, flags: ConnectionFlags, passwords: Passwords): HalfOrders {
  const kind = kindOf(before, flags);
  const { url, user, mllp, mllpTls, mllpCa, mllpCert, mllpKey } = flags;
  const known = before?.orders;
  const [tlsOption] = Object.entries({ mllpTls, mllpCa, mllpCert, mllpKey }).find(([, value]) => value) ?? [];
  if (kind !== 'mllp' && tlsOption) {
    const option = tlsOption.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new CannotDo(`--${option} is for orders over MLLP (--mllp)`);
  }
  if (kind === 'sftp') {
    const former = known?.kind === 'sftp' ? known : undefined;
    const server = serverOf(former?.server ?? before?.sftp?.server, flags, passwords.sftp);
    return { kind, server, folder: flags.sftpOrders ?? (former?.folder as string) };
  }
  if (kind === 'http') {
    const former = known?.kind === 'http' ? known : undefined;
    const password = passwords.outbound ?? former?.password;
    return { kind, url: url ?? former?.url, user: user ?? former?.user, password };
  }
  const former = known?.kind === 'mllp' ? known : undefined;
  const place = mllp ?? (former as { host: string; port: number });
  const withTls = mllpTls ?? Boolean(former?.tls ?? mllpCa ?? mllpCert);
  const certificate = mllpCert ?? former?.tls?.certificate ?? null;
  const key = mllpKey ?? former?.tls?.key ?? null;
  if (Boolean(certificate) !== Boolean(key)) throw new CannotDo('--mllp-cert and --mllp-key are given together');
  const tls = withTls ? { ca: mllpCa ?? former?.tls?.ca ?? null, certificate, key } : null;
  return { kind, host: place.host, port: place.port, tls };
}

function sftpOf(before: LabConnection | null, flags: ConnectionFlags, password: string | undefined): SftpPickUp | null {
  const former = before?.sftp ?? null;
  const isAbout =
    flags.sftpResults ||
    flags.sftpArchive ||
    (former && (flags.sftp || flags.sftpHostKey || flags.sftpKey || password));
  if (!isAbout) return former;
  const [folder, archive] = [flags.sftpResults ?? former?.folder, flags.sftpArchive ?? former?.archive];
  if (!folder || !archive) throw new CannotDo('--sftp-results and --sftp-archive are given together');
  if (folder === archive) throw new CannotDo('--sftp-results and --sftp-archive must be different folders');
  return { server: serverOf(former?.server, flags, password), folder, archive };
}

/** @throws CannotDo naming the options that are missing */
function serverOf(former: SftpServer | undefined, flags: ConnectionFlags, password: string | undefined): SftpServer {
  const place = flags.sftp ?? former;
  const host_key = flags.sftpHostKey ?? (flags.sftp && flags.sftp.host !== former?.host ? undefined : former?.host_key);
  const private_key = flags.sftpKey ?? former?.private_key ?? null;
  const its = { password: password ?? former?.password ?? null, private_key };
  const missing = [
    ...(place ? [] : ['--sftp']),
    ...(host_key ? [] : ['--sftp-host-key']),
    ...(its.password || its.private_key ? [] : ['--sftp-key (or --sftp-password)']),
  ];
  if (!place || !host_key || missing.length > 0) {
    throw new CannotDo(`For files on an SFTP server these are also required: ${missing.join(', ')}`);
  }
  return { host: place.host, port: place.port, user: place.user, ...its, host_key };
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
  const { orders, http, mllp, sftp, acknowledges } = next;
  if (orders.kind === 'sftp' && acknowledges === 'answer') {
    throw new CannotDo('A file has no answer: say --acknowledges later or --acknowledges none');
  }
  const noResults = http === null && mllp === null && sftp === null;
  const missing = [
    ...(orders.kind === 'http'
      ? [
          ...(orders.url ? [] : ['--url (or --mllp, or --sftp-orders)']),
          ...(orders.user ? [] : ['--user']),
          ...(orders.password ? [] : ['--password']),
        ]
      : []),
    ...(noResults || (http && !http.user) ? ['--inbound-user'] : []),
    ...(noResults || (http && !http.password_hash)
      ? [`--inbound-password${noResults ? ' (or --mllp-from, or --sftp-results)' : ''}`]
      : []),
  ];
  if (missing.length === 0) return next as LabConnection;
  throw new CannotDo(
    `${lab} has no ${next.environment} connection yet, so these are also required: ${missing.join(', ')}`,
  );
}

async function passwordsOf(flags: ConnectionFlags) {
  const found = { outbound: flags.password, inbound: flags.inboundPassword, sftp: flags.sftpPassword };
  if (!flags.askPassword && !flags.askInboundPassword && !flags.askSftpPassword) return found;
  const reader = passwordReader();
  try {
    if (flags.askPassword) found.outbound = await reader.read('password for us at the laboratory');
    if (flags.askInboundPassword) found.inbound = await reader.read('password for the laboratory at Venule');
    if (flags.askSftpPassword) found.sftp = await reader.read('password for us on the SFTP server');
  } finally {
    reader.close();
  }
  return found;
}
