/** What is checked of a connection before it is stored: keys that work, and senders that are of one connection only (F12). */
import { posix } from 'node:path';
import ipaddr from 'ipaddr.js';
import type { LabConnection, MllpSender, SftpServer } from '../../../domain/catalogue/lab-connection.ts';
import { secureContextOf, TlsUnusable } from '../../../partners/labs/transports/mllp.ts';
import { keyProblem } from '../../../partners/labs/transports/sftp.ts';
import { CannotDo } from '../session.ts';

const OPTIONS = { ca: '--mllp-ca', certificate: '--mllp-cert', key: '--mllp-key' } as const;

/** @throws CannotDo naming the option whose certificate or key cannot be used */
export function checkKeys({ orders, sftp }: LabConnection): void {
  if (orders.kind === 'mllp' && orders.tls) {
    try {
      secureContextOf(orders.tls);
    } catch (error) {
      if (!(error instanceof TlsUnusable)) throw error;
      throw new CannotDo(`${OPTIONS[error.field]}: ${error.message}`);
    }
  }
  for (const server of [orders.kind === 'sftp' ? orders.server : null, sftp?.server]) {
    const problem = server?.private_key ? keyProblem(server.private_key) : null;
    if (problem) throw new CannotDo(`--sftp-key ${problem}`);
  }
}

/**
 * @param others All other connections.
 * @throws CannotDo where what comes in could not be told from what comes in on another
 */
export function checkSenders(next: LabConnection, others: readonly LabConnection[]): void {
  const { orders, sftp } = next;
  if (sftp && orders.kind === 'sftp' && isSameFolder(sftp, orders)) {
    throw new CannotDo(
      '--sftp-orders and --sftp-results must be different folders: Venule would pick up its own orders',
    );
  }
  for (const other of others) {
    const its = `the ${other.environment} connection of ${other.lab_slug}`;
    if (sftp && other.sftp && isSameFolder(sftp, other.sftp)) {
      throw new CannotDo(`--sftp-results: ${its} picks up from the same folder of the same account`);
    }
    // Laboratories are told apart by the URL (HTTP), or by MSH-3 and MSH-4 (MLLP); environments are not.
    if (other.lab_slug !== next.lab_slug) continue;
    const { http, mllp } = next;
    if (http && other.http?.user === http.user && other.http.password_hash === http.password_hash) {
      throw new CannotDo(`--inbound-user, --inbound-password: ${its} has the same; give one of them another password`);
    }
    if (mllp && other.mllp && canBeSame(mllp, other.mllp)) {
      throw new CannotDo(
        `--mllp-from, --mllp-client-cert: whoever sends so could also be ${its}; give each other addresses or certificates`,
      );
    }
  }
}

interface Folder {
  server: SftpServer;
  folder: string;
}

const isSameFolder = (one: Folder, other: Folder) =>
  placeOf(one) === placeOf(other) && one.server.port === other.server.port && one.server.user === other.server.user;

const placeOf = ({ server, folder }: Folder) => `${server.host.toLowerCase()} ${posix.resolve('/', folder)}`;

/** Whether a peer can be both. */
function canBeSame(one: MllpSender, other: MllpSender): boolean {
  if (one.certificate && other.certificate && one.certificate !== other.certificate) return false;
  if (one.addresses.length === 0 || other.addresses.length === 0) return true;
  return one.addresses.some((first) => other.addresses.some((second) => overlap(networkOf(first), networkOf(second))));
}

type Network = ReturnType<typeof ipaddr.parseCIDR>;

function networkOf(text: string): Network {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

const overlap = ([one, bits]: Network, [other, otherBits]: Network) =>
  one.kind() === other.kind() && one.match(other, Math.min(bits, otherBits));
