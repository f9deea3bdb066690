/** HL7 messages as files on a laboratory's SFTP server: orders are dropped there, results picked up (intake/). */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import ssh2 from 'ssh2';
import SftpClient from 'ssh2-sftp-client';
import type { SftpServer } from '../../../domain/catalogue/lab-connection.ts';
import { PartnerUnreachable } from '../../partner-unreachable.ts';
import type { Carrier } from './carrier.ts';

/** How long a connection may take to be made, in milliseconds. */
const READY_WITHIN_MS = 20_000;

/**
 * Works on a laboratory's server, and leaves it.
 * @param lab What errors call it, such as `Lab labcorp`.
 * @param signal Ends the connection; its reason is thrown.
 * @throws PartnerUnreachable when the server cannot be reached, is another than the connection says, or refuses us; what
 * `work` throws
 */
export async function onSftp<T>(
  server: SftpServer,
  lab: string,
  signal: AbortSignal,
  work: (client: SftpClient) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const problem = server.private_key === null ? null : keyProblem(server.private_key);
  if (problem !== null) {
    throw new PartnerUnreachable(lab, 'configuration', {
      what: `can't be reached: our private key ${problem}`,
      toDo: 'set the key of its connection again',
    });
  }
  const client = new SftpClient();
  let isOther = false;
  const leave = () => void client.end().catch(() => undefined);
  signal.addEventListener('abort', leave);
  try {
    const { host, port, user, password, private_key } = server;
    await client
      .connect({
        // Without delay: otherwise each side waits with its short packets for the other, and a long file takes minutes.
        sock: connect({ host, port, noDelay: true }),
        username: user,
        ...(password !== null && { password }),
        ...(private_key !== null && { privateKey: private_key }),
        readyTimeout: READY_WITHIN_MS,
        hostVerifier: (key: Buffer) => {
          isOther = fingerprintOf(key) !== server.host_key;
          return !isOther;
        },
      })
      .catch((cause) => {
        signal.throwIfAborted();
        throw unreachable(lab, isOther, cause);
      });
    return await work(client);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', leave);
    await client.end().catch(() => undefined);
  }
}

/** What is wrong with a private key of ours; null where nothing is. */
export function keyProblem(text: string): string | null {
  const parsed = ssh2.utils.parseKey(text);
  if (parsed instanceof Error) {
    return /encrypted/i.test(parsed.message)
      ? 'is encrypted; give it without a passphrase'
      : 'cannot be read; give it as ssh-keygen writes it (OpenSSH)';
  }
  return [parsed].flat().every((key) => key.isPrivateKey()) ? null : 'is a public key; give the private one';
}

/** SHA-256 of a host key as OpenSSH prints it, without `SHA256:`. */
const fingerprintOf = (key: Buffer) => createHash('sha256').update(key).digest('base64').replace(/=+$/, '');

function unreachable(lab: string, isOther: boolean, cause: Error & { code?: string }): PartnerUnreachable {
  if (isOther) {
    return new PartnerUnreachable(lab, 'configuration', {
      what: 'has another host key than its connection says',
      toDo: 'ask the lab whether its server has changed; do not accept the key without asking',
      cause,
    });
  }
  if (/authentication/i.test(cause.message)) {
    return new PartnerUnreachable(lab, 'credentials', {
      what: 'rejects the credentials of its connection',
      toDo: 'set the user, and the password or key, that the lab knows',
      cause,
    });
  }
  return new PartnerUnreachable(lab, 'connection', {
    what: `can't be reached (${cause.code ?? 'no connection'})`,
    toDo: 'check that it is up and that the SFTP address of its connection is right',
    cause,
  });
}

const NOTHING = Buffer.alloc(0);

/**
 * Drops a message: written under a hidden name, then renamed, so that the laboratory never sees half a file. A file that is
 * there already is the same message, of an attempt before.
 */
export const overSftp: Carrier<'sftp'> = async (message, { orders, lab, name, timeoutMs, signal }) => {
  const deadline = AbortSignal.timeout(timeoutMs);
  const file = `${orders.folder}/${name}.hl7`;
  const part = `${orders.folder}/.${name}.part`;
  try {
    return await onSftp(orders.server, lab, AbortSignal.any([signal, deadline]), async (client) => {
      if (await client.exists(file)) return NOTHING;
      await client.put(Buffer.from(message), part);
      await client.rename(part, file);
      return NOTHING;
    });
  } catch (cause) {
    if (cause instanceof PartnerUnreachable) throw cause;
    signal.throwIfAborted();
    if (deadline.aborted) {
      throw new PartnerUnreachable(lab, 'timeout', {
        what: `did not take the file within ${timeoutMs} ms`,
        toDo: 'it will be tried again',
        cause,
      });
    }
    throw new PartnerUnreachable(lab, 'configuration', {
      what: `did not take a file in ${orders.folder}`,
      toDo: 'check the folder of its connection, and that we may write there',
      cause,
    });
  }
};
