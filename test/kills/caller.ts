/** A telehealth backend: places orders and asks again, with the same key, for as long as nobody says yes or no. */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import type { SpawnedVenule } from '../support/running/spawn-venule.ts';
import { until } from '../support/until.ts';

/** How long one question may take while parts die around it, in milliseconds. */
const ANSWERED_WITHIN = 150_000;
/** A single request that takes longer counts as unanswered, in milliseconds. */
const REQUEST_WITHIN = 30_000;

const PATIENT = {
  first_name: 'Robin',
  last_name: 'Sample',
  dob: '1986-04-12',
  gender: 'female',
  phone_number: '+16025550142',
  email: 'robin.sample@example.com',
};
const PHOENIX = { first_line: '1 East Washington Street', city: 'Phoenix', state: 'AZ' };

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an answer is read field by field.
  body: any;
}

/** What is ordered for each way of collecting, by lab test id. */
type Panels = Record<'walkIn' | 'atHome' | 'onSite', string>;

export class Caller {
  readonly #venule: () => SpawnedVenule;
  readonly #receiver: Server;
  readonly #panels: Panels;
  /** Bodies of received webhooks by `svix-id`. */
  readonly received = new Map<string, Set<string>>();
  /** Users that have been made. */
  readonly users: string[] = [];

  private constructor(venule: () => SpawnedVenule, receiver: Server, panels: Panels) {
    this.#venule = venule;
    this.#receiver = receiver;
    this.#panels = panels;
  }

  /** @param venule asked for at every use: it may be another process by then */
  static async of(venule: () => SpawnedVenule): Promise<Caller> {
    const receiver = createServer();
    const panels = { walkIn: '', atHome: '', onSite: '' };
    const caller = new Caller(venule, receiver, panels);
    receiver.on('request', async (request, response) => {
      const body = (await buffer(request)).toString();
      const id = String(request.headers['svix-id']);
      caller.received.set(id, (caller.received.get(id) ?? new Set()).add(body));
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve));
    const { body: tests } = await caller.#ask('GET', '/v3/lab_tests');
    const find = (slug: string) => tests.find((test: { slug: string }) => test.slug === slug).id;
    panels.walkIn = find('labcorp-wellness-panel');
    panels.atHome = find('labcorp-lipid-panel-at-home');
    panels.onSite = find('labcorp-wellness-panel-on-site');
    const { team_id } = (await caller.#ask('POST', '/v2/user', { client_user_id: randomUUID() })).body;
    const { port } = receiver.address() as AddressInfo;
    const { managementKey } = venule();
    await caller.#ask(
      'POST',
      `/v1/org/default/team/${team_id}/sandbox/webhook`,
      { url: `http://127.0.0.1:${port}/` },
      { 'x-management-key': managementKey },
    );
    return caller;
  }

  close(): void {
    this.#receiver.close();
    this.#receiver.closeAllConnections();
  }

  /** Places one order for a patient of its own; answers with its id. */
  async order(method: keyof Panels): Promise<string> {
    const user = await this.#ask('POST', '/v2/user', { client_user_id: randomUUID() });
    // Created by a request whose answer was lost: the refusal names the user.
    const isCreated = user.status === 400 && user.body.error === 'client_user_id_taken';
    const { user_id } = isCreated ? user.body.detail : expectOk(user, 200).body;
    this.users.push(user_id);
    const body = {
      user_id,
      order_set: { lab_test_ids: [this.#panels[method]] },
      patient_details: PATIENT,
      patient_address: { ...PHOENIX, zip: '85004', country: 'US' },
    };
    const answer = await this.#ask('POST', '/v3/order', body, { 'x-idempotency-key': randomUUID() });
    return expectOk(answer, 200).body.order.id;
  }

  /** Reports the draw of an on-site order. */
  async drawn(orderId: string): Promise<void> {
    expectOk(await this.#ask('PATCH', `/v3/order/${orderId}/draw_completed`), 200);
  }

  /** Cancels an order; a refusal is returned. */
  cancel(orderId: string): Promise<Answer> {
    return this.#ask('POST', `/v3/order/${orderId}/cancel`);
  }

  /** Has the sandbox walk an order on; what it was told before an answer was lost, it is told no more. */
  async simulate(orderId: string, status: string, flags: object = {}): Promise<void> {
    const answer = await this.#ask('POST', `/v3/order/${orderId}/test?final_status=${status}`, flags);
    if (answer.status !== 400) expectOk(answer, 200);
  }

  /** Free slots at the patient's address, earliest first. */
  async slots(): Promise<string[]> {
    const address = { ...PHOENIX, zip_code: '85004' };
    const answer = await this.#ask('POST', '/v3/order/phlebotomy/appointment/availability', address);
    const days: { slots: { booking_key: string }[] }[] = expectOk(answer, 200).body.slots;
    return days.slice(1).flatMap(({ slots }) => slots.map(({ booking_key }) => booking_key));
  }

  /** Books a slot; a refusal is returned. */
  book(orderId: string, booking_key: string): Promise<Answer> {
    const headers = { 'x-idempotency-key': randomUUID() };
    return this.#ask('POST', `/v3/order/${orderId}/phlebotomy/appointment/book`, { booking_key }, headers);
  }

  reschedule(orderId: string, booking_key: string): Promise<Answer> {
    return this.#ask('PATCH', `/v3/order/${orderId}/phlebotomy/appointment/reschedule`, { booking_key });
  }

  /** Waits until an order has had a status. */
  reaches(orderId: string, status: OrderLowLevelStatus): Promise<{ order_transaction: { orders: { id: string }[] } }> {
    return until(async () => {
      const { body } = expectOk(await this.#ask('GET', `/v3/order/${orderId}`), 200);
      return body.events.some((event: { status: string }) => event.status.endsWith(`.${status}`)) && body;
    }, ANSWERED_WITHIN);
  }

  /** Asks until the answer is none of 5xx, 429, "the same key is being worked on" and silence. */
  async #ask(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> {
    const deadline = Date.now() + ANSWERED_WITHIN;
    for (;;) {
      const { apiUrl, apiKey } = this.#venule();
      const answer = await fetch(`${apiUrl}${path}`, {
        method,
        headers: { 'x-vital-api-key': apiKey, 'content-type': 'application/json', ...headers },
        signal: AbortSignal.timeout(REQUEST_WITHIN),
        ...(body && { body: JSON.stringify(body) }),
      })
        .then(async (response) => ({ status: response.status, body: await response.json().catch(() => null) }))
        .catch(() => null);
      const isFinal = answer && answer.status < 500 && answer.status !== 429 && answer.status !== 409;
      if (isFinal) return answer;
      if (Date.now() > deadline)
        throw new Error(`${method} ${path}: no better answer than ${answer?.status ?? 'none'}`);
      await pause(200);
    }
  }
}

function expectOk(answer: Answer, status: number): Answer {
  if (answer.status !== status) throw new Error(`Answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
}
