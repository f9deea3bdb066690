/** What happens to the demo’s orders, as it happens: by webhook, or by asking where no webhook can be had. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { Webhook } from 'svix';
import { z } from 'zod';
import type { Venule } from './venule.ts';

const order = z.object({
  id: z.string(),
  user_id: z.string(),
  origin: z.enum(['initial', 'redraw', 'recreation']),
  events: z.array(
    z.object({
      id: z.number(),
      status: z.string(),
      status_detail: z.string().nullable(),
      reason: z.string().nullish(),
      created_at: z.string(),
    }),
  ),
  order_transaction: z.object({
    id: z.string(),
    status: z.string(),
    orders: z.array(z.object({ id: z.string(), origin: z.string(), low_level_status: z.string() })),
  }),
});
/** An order as a webhook tells of it. */
export type ToldOrder = z.infer<typeof order>;

const told = z.object({ event_type: z.string(), data: order });

/** An order, as it was when its latest event happened. */
export interface News {
  order: ToldOrder;
  /** `labtest.order.created` …; null where nobody told and we asked. */
  webhook: string | null;
}

/** News that arrive until they are stopped. */
export interface NewsSource {
  /** In words that complete "the demo listens …". */
  name: string;
  stop(): Promise<void>;
}

/**
 * Has the team’s webhooks sent here. Only those that are signed with the endpoint’s secret count.
 *
 * @param refused hears of a request whose signature is wrong
 * @throws Error when the Management API refuses the endpoint
 */
export async function newsByWebhook(
  venule: Venule & { managementKey: string },
  { userId, teamId }: { userId: string; teamId: string },
  tell: (news: News) => void,
  refused: (why: string) => void,
): Promise<NewsSource> {
  let secret: string | undefined;
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    try {
      if (secret === undefined) throw new Error('the endpoint has no secret yet');
      new Webhook(secret).verify(body, request.headers as Record<string, string>);
    } catch (error) {
      refused((error as Error).message);
      return void response.writeHead(400).end();
    }
    response.writeHead(204).end();
    const message = told.safeParse(JSON.parse(body.toString()));
    if (message.success && message.data.data.user_id === userId) {
      tell({ order: message.data.data, webhook: message.data.event_type });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`;

  const endpoints = `${venule.apiUrl}/v1/org/default/team/${teamId}/sandbox/webhook`;
  const manage = async (method: string, path = '', body?: object): Promise<unknown> => {
    const response = await fetch(`${endpoints}${path}`, {
      method,
      headers: { 'x-management-key': venule.managementKey, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`The Management API answered ${response.status}: ${answer}`);
    return answer === '' ? undefined : JSON.parse(answer);
  };
  try {
    const { id } = (await manage('POST', '', { url, description: 'npm run demo' })) as { id: string };
    ({ key: secret } = (await manage('GET', `/${id}/secret`)) as { key: string });
    return {
      name: `for webhooks on ${new URL(url).host}, and verifies them`,
      async stop() {
        await manage('DELETE', `/${id}`).catch(() => undefined);
        server.close();
        server.closeAllConnections();
      },
    };
  } catch (error) {
    server.close();
    throw error;
  }
}

/** Asks for the user’s orders four times a second. */
export function newsByAsking({ apiUrl, apiKey }: Venule, userId: string, tell: (news: News) => void): NewsSource {
  const stop = new AbortController();
  const headers = { 'x-vital-api-key': apiKey };
  const list = z.object({ orders: z.array(order) });
  const asking = (async () => {
    while (!stop.signal.aborted) {
      const answer = await fetch(`${apiUrl}/v3/orders?user_id=${userId}`, { headers }).catch(() => undefined);
      const found = list.safeParse(answer?.ok ? await answer.json() : undefined);
      for (const each of found.data?.orders ?? []) tell({ order: each, webhook: null });
      await pause(250, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return {
    name: 'by polling four times a second; set VENULE_MANAGEMENT_KEY to receive webhooks',
    async stop() {
      stop.abort();
      await asking;
    },
  };
}
