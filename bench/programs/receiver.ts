/** A receiver of webhooks that notes when each came, and has an address at which it answers nothing. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '../program.ts';

/** For how long a request to `/hangs` is left without an answer; then its connection is closed. */
const HANGS_MS = 15_000;

serve(async () => {
  const receipts = new Map<string, bigint>();
  let received = 0;
  const body: Buffer[] = [];
  const server = createServer((request, response) => {
    const at = process.hrtime.bigint();
    if (request.url === '/hangs') {
      request.resume();
      setTimeout(() => request.destroy(), HANGS_MS).unref();
      return;
    }
    const id = String(request.headers['svix-id']);
    if (!receipts.has(id)) receipts.set(id, at);
    received += 1;
    // All of them are of one kind: the first one's body is an example.
    if (received === 1) request.on('data', (chunk) => body.push(chunk));
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    abilities: {
      url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      /** By message id, on the machine's monotonic clock, in nanoseconds. */
      receipts: () => receipts,
      /** How many came, the same one twice counted twice. */
      received: () => received,
      /** The body of the first one, as far as it is there. */
      example: () => Buffer.concat(body).toString(),
    },
  };
});
