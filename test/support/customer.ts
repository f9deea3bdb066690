/**
 * A customer of a spawned Venule: orders through the SDK as a backend does, tries again while Venule is in trouble,
 * receives webhooks, and looks at everything afterward from outside and in the database.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type Junction, JunctionClient, JunctionError } from '@junction-api/sdk';
import { Connection } from '@temporalio/client';
import { transactionWorkflowId } from '../../domain/ids.ts';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { closeStore, openStore, type Store } from '../../store/open.ts';
import type { SpawnedVenule } from './running/spawn-venule.ts';
import { until } from './until.ts';

const LAB = 'labcorp';
const PANEL = 'labcorp-wellness-panel';
/** An answer that is longer in coming than this is a failure: Venule says 503 sooner. */
const ANSWER_WITHIN_SECONDS = 20;
/** The status that stands for no answer at all: the SDK and we try again as after any other 5xx. */
const NO_ANSWER = 599;
/** How long one journey may take while parts die around it, in milliseconds. */
const JOURNEY_WITHIN = 150_000;
const TEMPORAL_COMPLETED = 2;

/** Whom orders are for. */
export const ROBIN = {
  patientDetails: {
    firstName: 'Robin',
    lastName: 'Sample',
    dob: '1986-04-12',
    gender: 'female',
    phoneNumber: '+16025550142',
    email: 'robin.sample@example.com',
  },
  patientAddress: {
    firstLine: '1 East Washington Street',
    city: 'Phoenix',
    state: 'AZ',
    zip: '85004',
    country: 'US',
  },
} satisfies Pick<Junction.CreateOrderRequestCompatible, 'patientDetails' | 'patientAddress'>;

/** What the lab makes of an order, and so how its journey goes. */
export type Fate = 'completed' | 'redrawn' | 'cancelled';

/** A journey that has been walked to its end. */
export interface Walked {
  fate: Fate;
  orderId: string;
}

interface LabOrder {
  placer_order_number: string;
  requisitions_made: number;
  state: string;
}

interface CaughtMail {
  message_id: string | null;
}

export class Customer {
  readonly client: JunctionClient;
  readonly store: Store;
  readonly #venule: SpawnedVenule;
  readonly #userId: string;
  readonly #labTestId: string;
  /** Bodies of received webhooks by `svix-id`. */
  readonly #webhooks = new Map<string, Set<string>>();
  readonly #receiver: ReturnType<typeof createServer>;

  private constructor(venule: SpawnedVenule, client: JunctionClient, store: Store, userId: string, labTestId: string) {
    this.#venule = venule;
    this.client = client;
    this.store = store;
    this.#userId = userId;
    this.#labTestId = labTestId;
    this.#receiver = createServer(async (request, response) => {
      const body = (await buffer(request)).toString();
      const id = String(request.headers['svix-id']);
      this.#webhooks.set(id, (this.#webhooks.get(id) ?? new Set()).add(body));
      response.writeHead(204).end();
    });
  }

  /** A user of their own in the sandbox team, with a webhook endpoint. */
  static async of(venule: SpawnedVenule): Promise<Customer> {
    const client = new JunctionClient({
      apiKey: venule.apiKey,
      baseUrl: venule.apiUrl,
      timeoutInSeconds: ANSWER_WITHIN_SECONDS,
      fetch: (input, init) => fetch(input, init).catch(() => new Response(null, { status: NO_ANSWER })),
    });
    const user = await client.user.create({ clientUserId: randomUUID() });
    const tests = await client.labTests.get({ labSlug: LAB, collectionMethod: 'walk_in_test' });
    const labTestId = tests.find(({ slug }) => slug === PANEL)?.id as string;
    const customer = new Customer(venule, client, await openStore(venule.addresses.mongodb), user.userId, labTestId);
    await customer.#receiveWebhooks(user.teamId);
    return customer;
  }

  /** Places an order once, however often that takes. */
  async order(idempotencyKey: string = randomUUID()): Promise<Junction.ClientFacingOrder> {
    const { order } = await insistently(() => this.orderOnce(idempotencyKey));
    return order;
  }

  /** One request for an order, as it goes out; the SDK’s own retries aside nothing is tried again. */
  orderOnce(idempotencyKey: string, options: { maxRetries?: number } = {}): Promise<Junction.PostOrderResponse> {
    return this.client.labTests.createOrder(
      {
        idempotencyKey,
        userId: this.#userId,
        orderSet: { labTestIds: [this.#labTestId] },
        ...ROBIN,
      },
      options,
    );
  }

  /** Takes a journey from its order to its end, through whatever happens meanwhile. */
  async walk(fate: Fate, idempotencyKey?: string): Promise<Walked> {
    const { id } = await this.order(idempotencyKey);
    await this.reaches(id, 'requisition_created');
    if (fate === 'cancelled') {
      await insistently(() => this.client.labTests.cancelOrder({ orderId: id })).catch((error: JunctionError) => {
        // An answer that was lost on its way: the order is cancelled all the same.
        if (error.statusCode !== 400) throw error;
      });
      await this.reaches(id, 'cancelled');
    } else {
      await this.simulate(id, { hasMissingResults: fate === 'redrawn' });
      const order = await this.reaches(id, fate === 'redrawn' ? 'redraw_available' : 'completed');
      if (fate === 'redrawn') {
        const redrawId = order.orderTransaction?.orders.at(-1)?.id as string;
        await this.reaches(redrawId, 'requisition_created');
        await this.simulate(redrawId, {});
        await this.reaches(redrawId, 'completed');
      }
    }
    return { fate, orderId: id };
  }

  /** Has the lab report on an order, `delay` seconds between its messages. */
  async simulate(orderId: string, body: Junction.SimulationFlags, delay = 0): Promise<void> {
    const finalStatus = 'completed.walk_in_test.completed';
    await insistently(() => this.client.labTests.simulateOrderProcess({ orderId, finalStatus, delay, body })).catch(
      (error: JunctionError) => {
        // An answer that was lost on its way: the order has gone on meanwhile.
        if (error.statusCode !== 400) throw error;
      },
    );
  }

  /** Waits until an order has had a status. */
  reaches(orderId: string, status: OrderLowLevelStatus): Promise<Junction.ClientFacingOrder> {
    return until(async () => {
      const order = await insistently(() => this.client.labTests.getOrder({ orderId }));
      return order.events.some((event) => event.status.endsWith(`.${status}`)) && order;
    }, JOURNEY_WITHIN);
  }

  /** Counts everything that has been done for this customer so far: it grows with every step of every journey. */
  async progress(): Promise<number> {
    const [counted] = await collectionOf(this.store.orders)
      .aggregate<{ events: number }>([
        { $match: { user_id: this.#userId } },
        { $group: { _id: null, events: { $sum: { $size: '$events' } } } },
      ])
      .toArray();
    return counted?.events ?? 0;
  }

  /** All of the customer’s orders, oldest first, as they are stored. */
  documents(): Promise<OrderDocument[]> {
    return collectionOf(this.store.orders).find({ user_id: this.#userId }).sort({ created_at: 1 }).toArray();
  }

  /**
   * Looks whether everything is as if nothing had happened: history, requisitions at the lab, mails, webhooks and
   * workflows.
   */
  async expectAllAsEver(journeys: readonly Walked[]): Promise<void> {
    const documents = await this.documents();
    const redraws = journeys.filter(({ fate }) => fate === 'redrawn').length;
    expect(documents).toHaveLength(journeys.length + redraws);
    for (const { fate, orderId } of journeys) {
      const [initial, redraw, ...others] = documents.filter(
        ({ _id, order }) => _id === orderId || order.parent_id === orderId,
      );
      expect(others).toEqual([]);
      expect(statusesOf(initial)).toEqual(HISTORIES[fate].initial);
      expect(statusesOf(redraw)).toEqual(HISTORIES[fate].redraw);
      const transaction = await this.store.transactions.findById(initial?.transaction_id).lean();
      expect(transaction?.status).toBe(fate === 'cancelled' ? 'cancelled' : 'completed');
    }
    for (const { events } of documents) expect(events.map(({ number }) => number)).toEqual(events.map((_, n) => n + 1));

    const atLab = await this.#ordersAtLab();
    const made = documents.map((order) => [order._id, atLab.get(order.placer_order_number)?.requisitions_made]);
    expect(made).toEqual(documents.map(({ _id }) => [_id, 1]));

    // What a killed worker had in hand is found to be lost only after its time-out.
    await until(() => this.#closed(documents), JOURNEY_WITHIN);
    await this.#expectMails(documents);
    await this.#expectWebhooks(documents);
  }

  async close(): Promise<void> {
    await closeStore(this.store);
    this.#receiver.close();
    this.#receiver.closeAllConnections();
  }

  async #ordersAtLab(): Promise<Map<string, LabOrder>> {
    const password = readFileSync(join(this.#venule.dataDir, 'sandbox-password'), 'utf8').trim();
    const authorization = `Basic ${Buffer.from(`sandbox:${password}`).toString('base64')}`;
    const answer = await fetch(`${this.#venule.addresses.sandbox}/sandbox/labs/${LAB}/orders`, {
      headers: { authorization },
    });
    const { orders } = (await answer.json()) as { orders: LabOrder[] };
    return new Map(orders.map((order) => [order.placer_order_number, order]));
  }

  /** Every workflow is over, and none of them failed. */
  async #closed(documents: readonly OrderDocument[]): Promise<boolean> {
    const connection = await Connection.connect({ address: this.#venule.addresses.temporal });
    try {
      const ids = [...new Set(documents.map(({ transaction_id }) => transactionWorkflowId(transaction_id)))];
      const described = await Promise.all(
        ids.map((workflowId) =>
          connection.workflowService.describeWorkflowExecution({ namespace: 'default', execution: { workflowId } }),
        ),
      );
      return described.every(({ workflowExecutionInfo }) => workflowExecutionInfo?.status === TEMPORAL_COMPLETED);
    } finally {
      await connection.close();
    }
  }

  /** Each mail came, and those that came twice have the identity of the first (F10). */
  async #expectMails(documents: readonly OrderDocument[]): Promise<void> {
    const expected = documents.flatMap(({ _id, origin, last_status }) => [
      `<${_id}.${origin === 'redraw' ? 'redraw_needed' : 'requisition_ready'}@venule>`,
      ...(last_status === 'cancelled' ? [`<${_id}.order_cancelled@venule>`] : []),
    ]);
    const ours = async () => {
      const mails = (await (await fetch(`${this.#venule.addresses.mail}/mails`)).json()) as CaughtMail[];
      const ids = mails.map(({ message_id }) => message_id ?? 'none');
      return [...new Set(ids.filter((id) => documents.some(({ _id }) => id.includes(_id))))].sort();
    };
    await until(async () => (await ours()).length >= expected.length, JOURNEY_WITHIN);
    expect(await ours()).toEqual(expected.sort());
  }

  /** Every event was told, and each message says the same however often it came (E3, E4). */
  async #expectWebhooks(documents: readonly OrderDocument[]): Promise<void> {
    const expected = documents.flatMap(({ _id, events }) =>
      events.filter(({ status }) => status !== 'partial_results').map(({ number }) => `msg_order_${_id}_${number}`),
    );
    const missing = () => expected.filter((id) => !this.#webhooks.has(id));
    await until(() => missing().length === 0, 60_000).catch(() => expect(missing()).toEqual([]));
    const ours = [...this.#webhooks.keys()].filter((id) => documents.some(({ _id }) => id.includes(_id)));
    expect(ours.sort()).toEqual(expected.sort());
    for (const id of ours) expect([id, this.#webhooks.get(id)?.size]).toEqual([id, 1]);
  }

  async #receiveWebhooks(teamId: string): Promise<void> {
    await new Promise<void>((resolve) => void this.#receiver.listen(0, '127.0.0.1', resolve));
    const { port } = this.#receiver.address() as AddressInfo;
    const response = await fetch(`${this.#venule.apiUrl}/v1/org/default/team/${teamId}/sandbox/webhook`, {
      method: 'POST',
      headers: { 'x-management-key': this.#venule.managementKey, 'content-type': 'application/json' },
      body: JSON.stringify({ url: `http://127.0.0.1:${port}/` }),
    });
    expect(response.status).toBe(200);
  }
}

const HISTORIES: Record<Fate, { initial: OrderLowLevelStatus[]; redraw: OrderLowLevelStatus[] }> = {
  completed: { initial: ['ordered', 'requisition_created', 'partial_results', 'completed'], redraw: [] },
  redrawn: {
    initial: ['ordered', 'requisition_created', 'partial_results', 'redraw_available'],
    redraw: ['ordered', 'requisition_created', 'partial_results', 'completed'],
  },
  cancelled: { initial: ['ordered', 'requisition_created', 'cancelled'], redraw: [] },
};

function statusesOf(document: OrderDocument | undefined): OrderLowLevelStatus[] {
  return document?.events.map(({ status }) => status) ?? [];
}

/**
 * Asks again while Venule is away (5xx, or no answer) or busy with the same question (409).
 *
 * @throws JunctionError for any other refusal, or when there is no better answer within two minutes
 */
async function insistently<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + JOURNEY_WITHIN;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof JunctionError) || Date.now() > deadline) throw error;
      const { statusCode = NO_ANSWER } = error;
      if (statusCode !== 409 && statusCode < 500) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
