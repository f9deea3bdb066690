/** Where laboratories deliver over MLLP: known by address or certificate, their messages stored before they are acknowledged. */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import type { Laboratory } from '../../domain/catalogue/catalogue.ts';
import type { LabConnection } from '../../domain/catalogue/lab-connection.ts';
import { acknowledgeHl7, keepRefused, type LaboratoryInbox } from '../../intake/laboratory-messages.ts';
import { Excess } from '../../partners/bounded-body.ts';
import { writeAcknowledgement } from '../../partners/labs/formats/hl7v2/hl7-acknowledgement.ts';
import { MESSAGE_LIMITS } from '../../partners/labs/formats/hl7v2/hl7-limits.ts';
import { Hl7Refused } from '../../partners/labs/formats/hl7v2/hl7-message.ts';
import { FrameReader, framed } from '../../partners/labs/transports/mllp-frames.ts';
import { labConnections } from '../../store/connections/lab-connections.ts';
import { remembered } from '../../store/remembered.ts';
import { loggable } from '../http/errors.ts';
import { AllowedPeers, connectionNamedBy, type Peer } from './mllp-senders.ts';

const HANDSHAKE_MS = 20_000;
const MOST_CONNECTIONS = 128;
const MOST_CONNECTIONS_OF_ADDRESS = 32;
/** What may come outside of frames before the other side is taken for something else, in bytes. */
const MOST_OUTSIDE = 64 * 1024;

interface ConnectionState {
  doing: 'reading' | 'storing' | 'answering';
}

/** How patient the server is, in milliseconds. */
export interface MllpPatience {
  /** For the rest of a message that has begun, and for a peer that does not read its acknowledgment. */
  stalled: number;
  /** For messages that are being taken in when the server stops. */
  stopping: number;
}

const PATIENCE: MllpPatience = { stalled: 60_000, stopping: 10_000 };

/** Where to listen, and as whom. */
export interface MllpListener {
  host: string;
  port: number;
  /** The server's certificate and key, PEM; null for plain TCP, as within a VPN. */
  tls: { cert: Buffer; key: Buffer } | null;
}

/** An MLLP server that listens. */
export interface MllpServer {
  port: number;
  /** Takes no more messages, acknowledges those that are being taken in, and closes. */
  stop(): Promise<void>;
}

/** Starts it; resolves when it listens. */
export async function startMllpServer(
  inbox: LaboratoryInbox & { laboratories: ReadonlyMap<string, Pick<Laboratory, 'hl7'>> },
  { host, port, tls }: MllpListener,
  patience: MllpPatience = PATIENCE,
): Promise<MllpServer> {
  const { store, logger } = inbox;
  const connections = remembered(async (_all: string) => new AllowedPeers(await labConnections(store)));
  const open = new Map<Socket, ConnectionState>();
  let stopping = false;

  async function serve(socket: Socket): Promise<void> {
    const state: ConnectionState = { doing: 'reading' };
    open.set(socket, state);
    socket.setKeepAlive(true, 60_000).setNoDelay(true);
    const peer = peerOf(socket);
    if ((await allowed(peer)).length === 0) {
      logger.warn({ address: peer.address, certificate: peer.certificate }, 'mllp.peer.unknown');
      return;
    }
    const frames = new FrameReader(MESSAGE_LIMITS.bytes);
    socket.on('timeout', () => {
      const isOver = { reading: frames.isInside, storing: false, answering: true };
      if (isOver[state.doing]) socket.destroy();
    });
    socket.setTimeout(patience.stalled);
    for await (const piece of socket as AsyncIterable<Buffer>) {
      for (const message of frames.read(piece)) {
        state.doing = 'storing';
        const answers = await answersTo(message, peer);
        state.doing = 'answering';
        for (const answer of answers) await written(socket, framed(answer));
        state.doing = 'reading';
        if (stopping) return;
      }
      if (frames.outside > MOST_OUTSIDE) {
        logger.warn({ address: peer.address }, 'mllp.peer.sends_no_frames');
        return;
      }
    }
  }

  const allowed = async (peer: Peer) => (await connections.get('all'))?.of(peer) ?? [];

  /** @throws Where nothing may be acknowledged: the laboratory keeps the message and sends it again. */
  async function answersTo(message: Buffer | Excess, peer: Peer): Promise<string[]> {
    const begin = (message instanceof Excess ? message.head : message).toString('latin1', 0, BEGIN);
    const candidates = await allowed(peer);
    if (candidates.length === 0) throw new PeerUnknown('The peer may not send any more');
    const from = connectionNamedBy(begin, candidates, inbox.laboratories);
    if (from) return acknowledgeHl7(inbox, senderOf(from), message);
    await keepRefused(inbox, senderOf(candidates[0] as LabConnection), message, UNNAMED.message);
    const answer = { code: 'AR', text: 'Rejected: see ERR', problem: UNNAMED.problem } as const;
    return [writeAcknowledgement(begin, answer, new Date().toISOString())];
  }

  const accept = (socket: Socket) => {
    const others = [...open.keys()].filter(({ remoteAddress }) => remoteAddress === socket.remoteAddress).length;
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    if (stopping || open.size >= MOST_CONNECTIONS || others >= MOST_CONNECTIONS_OF_ADDRESS) {
      socket.destroy();
      return;
    }
    serve(socket)
      .catch((error) => {
        if (socket.destroyed && (open.get(socket)?.doing ?? 'reading') === 'reading') return;
        logger.error({ address: socket.remoteAddress, ...loggable(error) }, 'mllp.message.not_stored');
      })
      .finally(() => socket.destroySoon());
  };

  const server: Server = tls
    ? createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false, handshakeTimeout: HANDSHAKE_MS }, accept)
    : createServer(accept);
  server.maxConnections = 2 * MOST_CONNECTIONS;
  server.on('tlsClientError', (error) => logger.warn(loggable(error), 'mllp.tls.failed'));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return {
    port: (server.address() as { port: number }).port,
    async stop() {
      stopping = true;
      const closed = new Promise((resolve) => server.close(resolve));
      for (const [socket, { doing }] of open) if (doing === 'reading') socket.destroy();
      const impatient = setTimeout(() => {
        for (const socket of open.keys()) socket.destroy();
      }, patience.stopping);
      await closed;
      clearTimeout(impatient);
    },
  };
}

/** How much of a message is looked at for who sent it, in characters. */
const BEGIN = 4_096;

const UNNAMED = new Hl7Refused({
  segment: 'MSH',
  sequence: 1,
  field: 4,
  code: '103',
  text: 'Several laboratories may send from here, and MSH-3 and MSH-4 name none of them, or more than one connection',
});

/** A peer that was allowed is so no longer. */
class PeerUnknown extends Error {
  override name = 'PeerUnknown';
}

const senderOf = ({ lab_slug, environment }: LabConnection) => ({ lab_slug, environment });

function peerOf(socket: Socket): Peer {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  return {
    address: socket.remoteAddress ?? '',
    certificate: certificate ? certificate.fingerprint256.replaceAll(':', '').toLowerCase() : null,
  };
}

/** Writes, and waits until the other side has room for it. */
function written(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('close', closed);
    socket.write(bytes, (error) => {
      socket.off('close', closed);
      if (error) reject(error);
      else resolve();
    });
    function closed(): void {
      reject(new Error('The connection was closed before the acknowledgment was read'));
    }
  });
}
