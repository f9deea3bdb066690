/** HL7 messages over MLLP, with or without TLS: a connection for each message. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import type { ClientTls, OrderTransport } from '../../../domain/catalogue/lab-connection.ts';
import type { Excess } from '../../bounded-body.ts';
import { PartnerUnreachable } from '../../partner-unreachable.ts';
import type { Carrier } from './carrier.ts';
import { FrameReader, framed } from './mllp-frames.ts';

type Mllp = Extract<OrderTransport, { kind: 'mllp' }>;

/** How long a laboratory has to say more after an answer that may be followed by another, in milliseconds. */
const MORE_MS = 2000;

/** Sends a message and waits for its answer; what else comes meanwhile, or right after it, is taken in. */
export const overMllp: Carrier<'mllp'> = async (message, on) => {
  const { orders, lab, timeoutMs, longestAnswer, signal } = on;
  signal.throwIfAborted();
  const deadline = AbortSignal.timeout(timeoutMs);
  const over = AbortSignal.any([signal, deadline]);
  const socket = open(orders, lab);
  const end = () => socket.destroy(new Error('ended'));
  over.addEventListener('abort', end);
  let answer: Buffer | Excess | undefined;
  let other = false;
  let isTakingIn = false;
  let more: NodeJS.Timeout | undefined;
  try {
    socket.write(framed(message));
    const frames = new FrameReader(longestAnswer);
    // What has begun is awaited to its end: it may be the laboratory's requisition.
    const endWhenSilent = () => {
      if (frames.isInside) more = setTimeout(endWhenSilent, MORE_MS);
      else end();
    };
    for await (const piece of socket as AsyncIterable<Buffer>) {
      for (const frame of frames.read(piece)) {
        if (answer === undefined && on.isAnswer(frame)) {
          answer = frame;
          continue;
        }
        other = true;
        isTakingIn = true;
        for (const acknowledgment of await on.takeIn(frame)) socket.write(framed(acknowledgment));
        isTakingIn = false;
        if (answer === undefined && !Buffer.isBuffer(frame)) {
          throw unusable(lab, 'answered with more than can be an answer');
        }
      }
      await on.makeRoom(frames.length, over);
      if (answer === undefined) continue;
      if (!on.mayBeFollowed(answer)) return answer;
      more ??= setTimeout(endWhenSilent, MORE_MS);
    }
    if (answer !== undefined) return answer;
    throw other ? ofAnother(lab) : closed(lab, 'closed the connection without an answer');
  } catch (cause) {
    if (isTakingIn) throw cause;
    if (answer !== undefined) return answer;
    if (cause instanceof PartnerUnreachable) throw cause;
    signal.throwIfAborted();
    if (deadline.aborted && other) {
      throw ofAnother(lab);
    }
    if (deadline.aborted) {
      throw new PartnerUnreachable(lab, 'timeout', {
        what: `did not respond within ${timeoutMs} ms`,
        toDo: 'the call will be retried',
        cause,
      });
    }
    throw closed(lab, `can't be reached (${(cause as { code?: string }).code ?? 'no connection'})`, cause);
  } finally {
    clearTimeout(more);
    over.removeEventListener('abort', end);
    socket.destroy();
  }
};

/** @throws PartnerUnreachable where the certificates or the key of the connection cannot be used */
function open({ host, port, tls }: Mllp, lab: string): Socket {
  if (!tls) return connect({ host, port });
  let secureContext: SecureContext;
  try {
    secureContext = secureContextOf(tls);
  } catch (error) {
    if (!(error instanceof TlsUnusable)) throw error;
    throw new PartnerUnreachable(lab, 'configuration', {
      what: `can't be reached: ${error.message}`,
      toDo: 'set the certificates of its connection again',
      cause: error.cause,
    });
  }
  return connectTls({ host, port, secureContext, ...(isIP(host) === 0 && { servername: host }) });
}

/** A certificate or key that cannot be used. */
export class TlsUnusable extends Error {
  override name = 'TlsUnusable';
  /** Which one. */
  readonly field: keyof ClientTls;

  constructor(field: keyof ClientTls, what: string, cause: unknown) {
    super(what, { cause });
    this.field = field;
  }
}

/** @throws TlsUnusable naming the first that cannot be used */
export function secureContextOf({ ca, certificate, key }: ClientTls): SecureContext {
  const checked = <T>(field: keyof ClientTls, what: string, work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      throw new TlsUnusable(field, what, cause);
    }
  };
  // Node passes over what is no certificate among authorities, and would trust nobody.
  if (ca) checked('ca', "the authority's certificate is damaged", () => new X509Certificate(ca));
  if (!certificate || !key) return createSecureContext(ca ? { ca } : {});
  checked('certificate', 'our certificate is damaged', () => new X509Certificate(certificate));
  checked('key', 'our key is damaged, or encrypted', () => createPrivateKey(key));
  return checked('key', 'our key is not that of our certificate', () =>
    createSecureContext({ ...(ca && { ca }), cert: certificate, key }),
  );
}

const closed = (lab: string, what: string, cause?: unknown) =>
  new PartnerUnreachable(lab, 'connection', {
    what,
    toDo: 'check that it is up, and that host, port, and TLS of its connection are right',
    cause,
  });

const ofAnother = (lab: string) => unusable(lab, 'acknowledged a different message than the one it was sent (MSA-2)');

const unusable = (lab: string, what: string) =>
  new PartnerUnreachable(lab, 'answer', { what, toDo: 'ask the lab; the order will be sent again' });
