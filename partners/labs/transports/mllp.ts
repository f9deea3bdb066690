/** HL7 messages over MLLP, with or without TLS: a connection for each message. */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { OrderTransport } from '../../../domain/catalogue/lab-connection.ts';
import { PartnerUnreachable } from '../../partner-unreachable.ts';
import { readableMessage } from '../formats/hl7v2/hl7-charset.ts';
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
  const socket = open(orders);
  const end = () => socket.destroy(new Error('ended'));
  deadline.addEventListener('abort', end);
  signal.addEventListener('abort', end);
  let answer: string | undefined;
  let other = false;
  let isTakingIn = false;
  let more: NodeJS.Timeout | undefined;
  try {
    socket.write(framed(message));
    const frames = new FrameReader(longestAnswer);
    for await (const piece of socket as AsyncIterable<Buffer>) {
      for (const frame of frames.read(piece)) {
        if (!Buffer.isBuffer(frame)) throw unusable(lab, 'answered with more than can be an answer');
        const text = readableMessage(frame);
        if (answer === undefined && on.isAnswer(text)) {
          answer = text;
          continue;
        }
        other = true;
        isTakingIn = true;
        for (const acknowledgment of await on.takeIn(frame)) socket.write(framed(acknowledgment));
        isTakingIn = false;
      }
      if (answer === undefined) continue;
      if (!on.mayBeFollowed(answer)) return answer;
      more ??= setTimeout(end, MORE_MS);
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
    deadline.removeEventListener('abort', end);
    signal.removeEventListener('abort', end);
    socket.destroy();
  }
};

function open({ host, port, tls }: Mllp): Socket {
  if (!tls) return connect({ host, port });
  return connectTls({
    host,
    port,
    ...(isIP(host) === 0 && { servername: host }),
    ...(tls.ca && { ca: tls.ca }),
    ...(tls.certificate && tls.key && { cert: tls.certificate, key: tls.key }),
  });
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
