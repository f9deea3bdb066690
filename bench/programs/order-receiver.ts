/** A receiver of webhooks that notes when an order's events came. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { serve } from '../program.ts';

serve(async () => {
  const receipts = new Map<string, bigint>();
  const server = createServer(async (request, response) => {
    const at = process.hrtime.bigint();
    const body = await text(request);
    response.end();
    const { data } = JSON.parse(body) as { data: { id: string; last_event?: { status: string } } };
    const key = `${data.id} ${data.last_event?.status.split('.').at(-1)}`;
    if (!receipts.has(key)) receipts.set(key, at);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    abilities: {
      url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      /** By order and its new status, as in `<order id> completed`, on the machine's monotonic clock, in nanoseconds. */
      receipts: () => receipts,
    },
  };
});
