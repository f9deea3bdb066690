/** An order, its webhooks, its redraw, and the combined result. Run it while `npm start` is running, as often as you like. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Junction, JunctionClient } from '@junction-api/sdk';
import { Webhook } from 'svix';

const venule = process.env.VENULE_URL ?? 'http://127.0.0.1:3000';
const key = (name: string) => readFileSync(`${process.env.VENULE_DATA_DIR ?? '.venule'}/${name}`, 'utf8').trim();
const client = new JunctionClient({ apiKey: key('api-key'), baseUrl: venule });

// One of your patients, by your own id for them.
const known = { clientUserId: 'patient-17' };
const user = await client.user.getByClientUserId(known).catch(() => client.user.create(known));

// Webhooks arrive here. Each one is signed, and may arrive more than once with the same id.
const seen = new Set<string>();
const receiver = createServer(async (request, response) => {
  const event = new Webhook(secret).verify(await text(request), request.headers as Record<string, string>);
  response.writeHead(204).end();
  const id = String(request.headers['svix-id']);
  if (seen.has(id)) return;
  seen.add(id);
  await follow(event as OrderEvent);
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const { port } = receiver.address() as AddressInfo;

const webhooks = async (path: string, method = 'GET', body?: object): Promise<Record<string, string>> => {
  const address = `${venule}/v1/org/default/team/${user.teamId}/sandbox/webhook${path}`;
  const headers = { 'x-management-key': key('management-key'), 'content-type': 'application/json' };
  const answer = await fetch(address, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return answer.status === 204 ? {} : ((await answer.json()) as Record<string, string>);
};
const endpoint = await webhooks('', 'POST', { url: `http://127.0.0.1:${port}/` });
const secret = (await webhooks(`/${endpoint.id}/secret`)).key as string;

// A walk-in panel at a lab that supports redraws.
const { data: panels } = await client.labTests.getPaginated({ labSlug: 'labcorp', collectionMethod: 'walk_in_test' });
const panel = panels.find(({ slug }) => slug === 'labcorp-wellness-panel') ?? panels[0];
const { order } = await client.labTests.createOrder({
  userId: user.userId,
  orderSet: { labTestIds: [panel?.id ?? ''] },
  patientDetails: {
    firstName: 'Ana',
    lastName: 'Bell',
    dob: '1985-03-12',
    gender: 'female',
    phoneNumber: '+12125550123',
    email: 'ana@example.com',
  },
  patientAddress: { firstLine: '12 Elm Street', city: 'Phoenix', state: 'AZ', zip: '85004', country: 'US' },
});
console.log(`Ordered ${panel?.name}: ${order.id}`);

interface OrderEvent {
  event_type: string;
  data: {
    id: string;
    user_id: string;
    origin: 'initial' | 'redraw';
    last_event: { status: string };
    order_transaction: { id: string };
  };
}

/** In production, the lab reports on its own. Here it is told to report, and to lose part of the first specimen. */
async function follow({ event_type, data }: OrderEvent): Promise<void> {
  const { id, user_id, origin, last_event, order_transaction } = data;
  if (user_id !== user.userId || !event_type.startsWith('labtest.order.')) return;
  console.log(`${event_type}  ${origin.padEnd(7)}  ${last_event.status}`);
  if (last_event.status.endsWith('.requisition_created')) {
    await client.labTests.simulateOrderProcess({ orderId: id, body: { hasMissingResults: origin === 'initial' } });
  }
  if (last_event.status.endsWith('.completed')) {
    const transactionId = order_transaction.id;
    const { results, missingResults } = await client.orderTransaction.getTransactionResult({ transactionId });
    const all = (results as Junction.BiomarkerResult[]).map(({ name, result, unit }) => `${name} ${result} ${unit}`);
    console.log(`${all.length} results, ${missingResults?.length ?? 0} missing: ${all.slice(0, 3).join(', ')} …`);
    await webhooks(`/${endpoint.id}`, 'DELETE');
    receiver.close();
    receiver.closeAllConnections();
  }
}
