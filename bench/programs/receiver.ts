/** A receiver of webhooks that notes when each came. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '../program.ts';

serve(async () => {
  const receipts = new Map<string, bigint>();
  const server = createServer((request, response) => {
    const at = process.hrtime.bigint();
    const id = String(request.headers['svix-id']);
    if (!receipts.has(id)) receipts.set(id, at);
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    abilities: {
      url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      /** By message id, on the machine's monotonic clock, in nanoseconds. */
      receipts: () => receipts,
    },
  };
});
