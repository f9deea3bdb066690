/** The real application on the run's MongoDB, with journeys that are only noted, for tests of the API alone. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { JunctionClient } from '@junction-api/sdk';
import { pino } from 'pino';
import { type AppOptions, createApp } from '../../api/app.ts';
import { codecRouter } from '../../api/codec.ts';
import { httpServer } from '../../api/http/http-server.ts';
import { NOTHING_MORE, type Order } from '../../domain/orders/order.ts';
import { mayFollow, refusedTransition } from '../../domain/orders/transitions.ts';
import { policyWith } from '../../domain/policy.ts';
import { createApiKey, createManagementKey, createTeam, type NewTeam } from '../../store/access/teams.ts';
import { createBookingKeys } from '../../store/appointments/booking-keys.ts';
import { type Catalogue, loadCatalogue, seedCatalogue } from '../../store/catalogue/catalogue.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import { closeStore, openStore, type Store } from '../../store/open.ts';
import { recordEvent } from '../../store/orders/record-event.ts';
import type { CodecKeys } from '../../temporal/codec.ts';
import { AppointmentRefused, DrawRefused, type Journeys, OrderNotCancellable } from '../../temporal/journeys.ts';
import { checkedFetch, type OpenApi } from './openapi-check.ts';

/** A team with its key and the SDK set up for it. */
export interface Caller {
  team: TeamDocument;
  apiKey: string;
  sdk: JunctionClient;
  /** A request with the team's key, held against the OpenAPI document. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** The application under test. */
export interface TestApi {
  url: string;
  store: Store;
  catalogue: Catalogue;
  openApi: OpenApi;
  managementKey: string;
  /** Every order whose journey was started, in order. */
  started: Order[];
  /** Makes the next start fail with this, once. */
  failNextStart(error: Error, when: 'before' | 'after'): void;
  caller(team?: Partial<NewTeam>): Promise<Caller>;
  close(): Promise<void>;
}

/** What encrypts for Temporal in tests, and seals booking keys. */
export const TEST_CODEC_KEYS: CodecKeys = new Map([['test', Buffer.alloc(32, 7)]]);
export const TEST_BOOKING_KEYS = createBookingKeys(TEST_CODEC_KEYS);

/** What the application is told about its surroundings, where a test does not care. */
export const TEST_CONFIG: AppOptions['config'] = {
  sandboxUrl: 'http://127.0.0.1:9',
  sandboxCredentials: { user: 'sandbox', password: 'password' },
  sandboxPhlebotomy: { key: 'key', secret: 'whsec_c2VjcmV0' },
  publicUrl: 'http://127.0.0.1:3000',
  standInContact: { email: 'help@installation.example', phone: '+16025550199' },
  temporalUiUrl: null,
  mailUiUrl: null,
  trustedProxies: [],
  mostRequests: 512,
};

/** What a test has journeys do instead of what is noted here. */
export type JourneysOfTest = (store: Store) => Partial<Journeys>;

/**
 * Starts the application on a free port with a database of its own.
 * @param arrivesWithin In how many milliseconds a request has to come in whole; as in earnest unless given.
 */
export async function startTestApi(
  journeysOfTest: JourneysOfTest = () => ({}),
  configOfTest: Partial<AppOptions['config']> = {},
  arrivesWithin?: number,
): Promise<TestApi> {
  const uri = new URL(process.env.MONGODB_URI ?? '');
  uri.pathname = `/api_${randomBytes(6).toString('hex')}`;
  const store = await openStore(uri.href, 'https://venule.example');
  await seedCatalogue(store);
  const catalogue = await loadCatalogue(store);
  const started: Order[] = [];
  let trouble: { error: Error; when: 'before' | 'after' } | undefined;

  const journeys: Journeys = {
    async start(order) {
      const now = trouble;
      trouble = undefined;
      if (now?.when === 'before') throw now.error;
      if (!started.some(({ id }) => id === order.id)) started.push(order);
      if (now) throw now.error;
    },
    async isUnderWay(transactionId) {
      return started.some(({ transaction_id }) => transaction_id === transactionId);
    },
    async cancel({ order, last_status, events }) {
      if (!mayFollow(order.collection_method, last_status, 'cancelled')) {
        throw new OrderNotCancellable(refusedTransition(last_status, 'cancelled'));
      }
      await recordEvent(store, catalogue, {
        order_id: order.id,
        number: events.length + 1,
        status: 'cancelled',
        ...NOTHING_MORE,
        reason: 'Cancelled by the caller',
      });
    },
    async drawCompleted({ last_status }) {
      throw new DrawRefused(refusedTransition(last_status, 'draw_completed'));
    },
    async appointment() {
      throw new AppointmentRefused('There are no appointments here');
    },
    async appointmentReport() {
      return false;
    },
    async report() {
      return false;
    },
    async rejected() {
      return false;
    },
    ...journeysOfTest(store),
  };

  const app = createApp({
    store,
    catalogue,
    bookingKeys: TEST_BOOKING_KEYS,
    journeys,
    simulations: { start: async () => undefined },
    policy: policyWith(),
    documents: {
      requisition: async () => Buffer.from('%PDF-1.7 requisition'),
      result: async () => null,
      combined: async () => null,
    },
    temporalAnswers: async () => true,
    config: { ...TEST_CONFIG, ...configOfTest },
    logger: pino({ level: process.env.VENULE_LOG_LEVEL ?? 'silent' }),
    webhookAllowPrivate: true,
    codec: codecRouter(TEST_CODEC_KEYS, null),
  });
  const server = httpServer(app, arrivesWithin);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const openApi = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApi;
  const checked = checkedFetch(openApi);
  const { key: managementKey } = await createManagementKey(store, 'tests');

  return {
    url,
    store,
    catalogue,
    openApi,
    managementKey,
    started,
    failNextStart(error, when) {
      trouble = { error, when };
    },
    async caller(changes = {}) {
      const team = await createTeam(store, { name: 'Northwind Health', environment: 'sandbox', ...changes });
      const { key: apiKey } = await createApiKey(store, team, 'tests');
      const sdk = new JunctionClient({ apiKey, baseUrl: url, maxRetries: 0, fetch: checked });
      return {
        team,
        apiKey,
        sdk,
        request: (method, path, body, headers = {}) =>
          checked(`${url}${path}`, {
            method,
            headers: { 'x-vital-api-key': apiKey, 'content-type': 'application/json', ...headers },
            ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
          }),
      };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await store.connection.dropDatabase();
      await closeStore(store);
    },
  };
}

/** The walk-in panel at Labcorp that needs no questions answered (F6). */
export const WALK_IN_TEST = '2a5374cd-ab41-42f6-8fea-e7b3f89de847';

/** A complete order request; changes replace whole top-level fields. */
export function orderRequest(userId: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    user_id: userId,
    order_set: { lab_test_ids: [WALK_IN_TEST] },
    patient_details: PATIENT,
    patient_address: ADDRESS,
    ...changes,
  };
}

/** An adult. */
export const PATIENT = {
  first_name: 'Ada',
  last_name: 'Lovelace',
  dob: '1985-12-10',
  gender: 'female',
  phone_number: '+16025550143',
  email: 'ada@patient.example',
};

/** Where she lives. */
export const ADDRESS = {
  receiver_name: 'Ada Lovelace',
  first_line: '412 West Lincoln Street',
  city: 'Phoenix',
  state: 'AZ',
  zip: '85004',
  country: 'US',
};

/** Makes a user of the caller's team and answers with its id. */
export async function newUser({ sdk }: Caller): Promise<string> {
  const { userId } = await sdk.user.create({ clientUserId: `patient-${randomUUID()}` });
  return userId;
}
