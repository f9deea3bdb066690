/** Laboratories that send without a pause, each message again until it is acknowledged, as real ones do. */
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Message } from './messages.ts';

/** How long one message may stay without an acknowledgment while receivers die around it, in milliseconds. */
const ACKNOWLEDGED_WITHIN = 120_000;
/** A sending that takes longer counts as unanswered, in milliseconds. */
const ANSWERED_WITHIN = 30_000;
/** Before a message is sent again, in milliseconds. */
const AGAIN_AFTER = 50;

/** Sends a message once. @returns the acknowledgment. @throws where there is none */
type Sending = (message: Message) => Promise<string>;

/** A line to the receiver; it is opened anew when it broke. */
export interface Line {
  send: Sending;
  close(): void;
}

/** Over HTTP. */
export const overHttp = (url: string, user: string, password: string): Line => ({
  async send({ raw }) {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/hl7-v2; charset=utf-8',
        authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      },
      body: new Uint8Array(raw),
      signal: AbortSignal.timeout(ANSWERED_WITHIN),
    });
    const text = await response.text();
    if (response.status === 503) throw new Error('Not stored for now');
    return text;
  },
  close: () => undefined,
});

/** Over MLLP: one message at a time on a connection that is kept. */
export function overMllp(port: number): Line {
  let socket: Socket | undefined;
  return {
    send: ({ raw }) =>
      new Promise((resolve, reject) => {
        if (!socket || socket.destroyed) {
          socket = connect(port, '127.0.0.1').setNoDelay(true);
          socket.on('error', () => undefined);
        }
        const line = socket;
        const heard: Buffer[] = [];
        const timer = setTimeout(() => line.destroy(), ANSWERED_WITHIN);
        const closed = () => settle(() => reject(new Error('Closed without an acknowledgment')));
        const data = (piece: Buffer) => {
          heard.push(piece);
          const text = Buffer.concat(heard).toString();
          if (text.endsWith('\x1c\r')) settle(() => resolve(text.slice(1, -2)));
        };
        const settle = (end: () => void) => {
          clearTimeout(timer);
          line.off('close', closed).off('data', data);
          end();
        };
        line.on('close', closed).on('data', data);
        line.write(Buffer.concat([Buffer.of(0x0b), raw, Buffer.from('\x1c\r')]));
      }),
    close: () => void socket?.destroy(),
  };
}

/** What came of a message. */
export interface Acknowledged {
  message: Message;
  /** How often it was sent. */
  sendings: number;
}

/**
 * Sends a message until it is acknowledged.
 * @throws Error when the answer is anything but its acceptance, or none comes in time
 */
export async function sendUntilAcknowledged({ send }: Line, message: Message): Promise<Acknowledged> {
  const deadline = Date.now() + ACKNOWLEDGED_WITHIN;
  for (let sendings = 1; ; sendings += 1) {
    const answer = await send(message).catch(() => null);
    if (answer?.includes(`\rMSA|AA|${message.control_id}`)) return { message, sendings };
    if (answer !== null) throw new Error(`${message.control_id} was answered with ${answer.slice(0, 300)}`);
    if (Date.now() > deadline) throw new Error(`${message.control_id} was not acknowledged in ${sendings} sendings`);
    await pause(AGAIN_AFTER);
  }
}
