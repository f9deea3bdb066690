/**
 * A whole Venule in this process, on the run's real Temporal and MongoDB: API, worker, sandbox partners over HTTP and an
 * SMTP server. Every instance has a database and a task queue of its own.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime, type WorkflowBundle } from '@temporalio/worker';
import { pino } from 'pino';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { createApp } from '../../../api/app.ts';
import { httpServer } from '../../../api/http/http-server.ts';
import { temporalSandboxSimulations } from '../../../api/orders/sandbox-walks.ts';
import { loadConfig } from '../../../config/config.ts';
import { createDocumentIssuer, type DocumentIssuer } from '../../../documents/issue-documents.ts';
import type { Appointment } from '../../../domain/appointments/appointment.ts';
import type { AppointmentCommand } from '../../../domain/appointments/appointment-command.ts';
import { journeyWorkflowId, sandboxWalkWorkflowId } from '../../../domain/ids.ts';
import type { Order, OrderOptions } from '../../../domain/orders/order.ts';
import type { OrderLowLevelStatus } from '../../../domain/orders/status.ts';
import { type JourneyPolicy, policyWith } from '../../../domain/policy.ts';
import type { Principal } from '../../../domain/principal.ts';
import { createPaperUrl } from '../../../links/booking-url.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/lab/server.ts';
import { createApiKey, createTeam } from '../../../store/access/teams.ts';
import { createBookingKeys } from '../../../store/appointments/booking-keys.ts';
import { type Catalogue, loadCatalogue, seedCatalogue } from '../../../store/catalogue/catalogue.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import type { WebhookMessageDocument } from '../../../store/collections/outbox.ts';
import { connectSandboxLabs } from '../../../store/connections/lab-connections.ts';
import { connectSandboxPhlebotomy } from '../../../store/connections/phlebotomy-connections.ts';
import { closeStore, openStore, type Store } from '../../../store/open.ts';
import { openOrder } from '../../../store/orders/open-order.ts';
import { newPlacerOrderNumber } from '../../../store/orders/placer-order-number.ts';
import { moveAllOutgoing } from '../../../store/outbox/outgoing.ts';
import { parseCodecKeys } from '../../../temporal/codec.ts';
import { temporalClient } from '../../../temporal/connection.ts';
import { type Journeys, temporalJourneys } from '../../../temporal/journeys.ts';
import { type RunningWorker, startWorker } from '../../../worker.ts';
import { NO_NIGHT } from '../nights.ts';
import { until } from '../until.ts';
import { isSendingForTheFirstTime } from './first-try.ts';
import { workflowBundle } from './workflow-bundle.ts';

/** Fixed, so that recorded histories can be read again. */
export const TEST_CODEC_KEYS = `test:${Buffer.alloc(32, 7).toString('base64')}`;

const SANDBOX = { user: 'sandbox', password: 'sandbox-password' };
const PHLEBOTOMY = { key: 'phlebotomy-key', secret: `whsec_${Buffer.alloc(24, 3).toString('base64')}` };
const quiet = pino({ level: process.env.VENULE_TEST_LOG ?? 'silent' });

/** Partners are tried again at once, so that trouble passes within a test; and SMS are sent at whatever hour it runs. */
const IMPATIENT = { partner_retry_first: 50, partner_retry_longest: 200, expiry_grace: 200, ...NO_NIGHT };

/** Journeys whose commands come from `TEST_KEY` unless a test names somebody else. */
export type JourneysForTests = Omit<Journeys, 'cancel' | 'appointment'> & {
  cancel(document: OrderDocument, by?: Principal): Promise<void>;
  appointment(document: OrderDocument, command: AppointmentCommand, by?: Principal): Promise<Appointment>;
};

/** Who asks in tests. */
const TEST_KEY: Principal = { kind: 'key', id: 'test-key' };

export interface VenuleOptions {
  policy?: Record<string, unknown>;
  maxCachedWorkflows?: number;
}

export interface InProcessVenule {
  /** What another program is told to work with the same parts. */
  environment: Record<string, string>;
  store: Store;
  catalogue: Catalogue;
  journeys: JourneysForTests;
  documents: DocumentIssuer;
  policy: JourneyPolicy;
  client: Client;
  taskQueue: string;
  sandbox: Sandbox;
  teamId: string;
  /** The API, and the team's key. */
  api: { url: string; key: string };
  mails: Email[];
  mailServer: MailServer;
  /** Accepts an order as the API does; `policy` replaces durations for this journey alone. */
  place(changes?: OrderChanges, policy?: object): Promise<Order>;
  /** Waits until an order has reached a status. */
  reaches(orderId: string, status: OrderLowLevelStatus): Promise<OrderDocument>;
  /** Waits until a journey's workflow has ended, and answers with its handle. */
  ended(order: Order): Promise<WorkflowHandle>;
  workflow(order: Order): WorkflowHandle;
  /** The workflow of a simulation that goes on when its request has been answered. */
  walkOf(order: Pick<Order, 'id'>): WorkflowHandle;
  redrawOf(order: Order): Promise<OrderDocument>;
  /** Tells the sandbox laboratory to report. */
  simulate(order: Order, request: object): Promise<void>;
  /** Makes the sandbox laboratory misbehave. */
  fault(fault: object): Promise<void>;
  /** Has a sandbox laboratory send its own requisitions with its acknowledgments. */
  sendsRequisitions(choice: object): Promise<void>;
  /** Asks the sandbox's phlebotomy providers something, under `/phlebotomy` or `/sandbox/phlebotomy`. */
  // biome-ignore lint/suspicious/noExplicitAny: an answer is read as its tests read it, field by field.
  atProvider(path: string, body?: object): Promise<any>;
  /** What the sandbox laboratory knows of an order. */
  atLab(order: Order): Promise<LabView>;
  /** Delivers a message to the inbox as the laboratory would, other headers aside; answers with status and acknowledgement. */
  deliver(
    lab: string,
    message: string | Uint8Array<ArrayBuffer>,
    headers?: Record<string, string>,
  ): Promise<{ status: number; text: string }>;
  webhooks(orderId: string): Promise<(WebhookMessageDocument & { body: WebhookBody })[]>;
  /**
   * Stops the worker once no message to a patient is on its way for the first time: one that a stopping worker was given
   * is tried again only after its time.
   */
  stopWorker(): Promise<void>;
  /** @param bundle Workflow code other than today's. */
  startWorker(bundle?: WorkflowBundle): Promise<void>;
  close(): Promise<void>;
}

/** The mail server's trouble, as a test wants it; null when it takes every mail. */
export interface MailServer {
  trouble: MailTrouble | null;
}

export interface MailTrouble {
  /** What is refused: the sender, the recipient, or the mail after it was `taken` all the same. */
  at: 'sender' | 'recipient' | 'taken';
  /** SMTP reply: 4xx to come again, 5xx for good. */
  code: number;
  /** How often it was. */
  refusals: number;
}

/** As much of what the sandbox laboratory shows as the tests read. */
export interface LabView {
  state: string;
  received: { new: number; cancel: number };
  requisitions_made: number;
  [more: string]: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: a body is read as its receivers read it, field by field.
type WebhookBody = any;

export type OrderChanges = Partial<Omit<Order, 'options'>> & { labTest?: string; options?: Partial<OrderOptions> };

/** Starts a Venule of its own for a test file. */
export async function startVenule({
  policy: overrides = {},
  maxCachedWorkflows = 200,
}: VenuleOptions = {}): Promise<InProcessVenule> {
  silenceTemporal();
  const folder = mkdtempSync(join(tmpdir(), 'venule-'));
  const uri = new URL(process.env.MONGODB_URI ?? '');
  uri.pathname = `/test_${randomBytes(6).toString('hex')}`;
  const mails: Email[] = [];
  const mailServer: MailServer = { trouble: null };
  const smtp = await listenSmtp(mails, mailServer);

  const taskQueue = `test-${randomUUID()}`;
  const policyOverrides = { ...IMPATIENT, ...overrides };
  const environment = {
    MONGODB_URI: uri.href,
    TEMPORAL_ADDRESS: process.env.TEMPORAL_ADDRESS ?? '',
    VENULE_TASK_QUEUE: taskQueue,
    VENULE_DATA_DIR: folder,
    VENULE_CODEC_KEYS: TEST_CODEC_KEYS,
    VENULE_WEBHOOK_ALLOW_PRIVATE: '1',
    VENULE_POLICY: JSON.stringify(policyOverrides),
    VENULE_MAX_CACHED_WORKFLOWS: String(maxCachedWorkflows),
    VENULE_CONTACT_PHONE: '+16025550199',
    SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
  };
  const config = loadConfig(environment);
  const policy = policyWith(policyOverrides);
  const store = await openStore(uri.href, 'https://venule.example');
  await seedCatalogue(store);
  const catalogue = await loadCatalogue(store);
  const keys = parseCodecKeys(config.codecKeys);
  const { client, connection } = temporalClient(config.temporal, keys);
  const journeys = temporalJourneys(client, taskQueue, policy);
  const documents = createDocumentIssuer(store, catalogue, {
    standIn: config.standInContact,
    paperUrl: createPaperUrl(store, { keys, publicUrl: config.publicUrl }),
  });

  const api = await listen();
  const sandbox = await startSandbox({
    ...SANDBOX,
    port: 0,
    host: '127.0.0.1',
    dataDir: join(folder, 'sandbox'),
    resultsUrl: `${api.url}/partners/labs/{lab}/hl7`,
    backoff: { first: 50, longest: 500 },
    phlebotomy: {
      ...PHLEBOTOMY,
      eventsUrl: `${api.url}/partners/phlebotomy/{provider}/events`,
      backoff: { first: 50, longest: 500 },
    },
  });
  const app: RequestListener = createApp({
    store,
    catalogue,
    bookingKeys: createBookingKeys(keys),
    journeys,
    simulations: temporalSandboxSimulations(client.workflow, taskQueue, policy),
    policy,
    documents,
    temporalAnswers: async () => true,
    config: { ...config, sandboxUrl: sandbox.url, sandboxCredentials: SANDBOX, sandboxPhlebotomy: PHLEBOTOMY },
    logger: quiet,
    webhookAllowPrivate: true,
  });
  api.server.on('request', app);
  await connectSandboxLabs(store, catalogue, { url: sandbox.url, ...SANDBOX });
  await connectSandboxPhlebotomy(store, { url: sandbox.url, ...PHLEBOTOMY });
  const team = await createTeam(store, {
    name: 'Northwind Health',
    environment: 'sandbox',
    contact: { email: 'care@northwind.example', phone: '+12125550100' },
  });
  const { key: apiKey } = await createApiKey(store, team, 'tests');

  const workerConfig = { ...config, sandboxUrl: sandbox.url, sandboxCredentials: SANDBOX };
  let worker: RunningWorker | undefined = await startWorker(workerConfig, quiet, await workflowBundle());
  const stopWorkerAtOnce = async () => {
    await worker?.stop();
    worker = undefined;
  };

  const atSandbox = async (path: string, init: RequestInit = {}) => {
    const authorization = `Basic ${Buffer.from(`${SANDBOX.user}:${SANDBOX.password}`).toString('base64')}`;
    const response = await fetch(`${sandbox.url}${path}`, {
      ...init,
      headers: { authorization, 'content-type': 'application/json', ...init.headers },
    });
    if (!response.ok) throw new Error(`Sandbox: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const orderPath = (order: Order) => `/sandbox/labs/${order.lab_slug}/orders/${order.placer_order_number}`;
  const workflow = (order: Order) => client.workflow.getHandle(journeyWorkflowId(order));
  const walkOf = (order: Pick<Order, 'id'>) => client.workflow.getHandle(sandboxWalkWorkflowId(order.id));

  return {
    environment,
    store,
    catalogue,
    journeys: {
      ...journeys,
      cancel: (document, by = TEST_KEY) => journeys.cancel(document, by),
      appointment: (document, command, by = TEST_KEY) => journeys.appointment(document, command, by),
    },
    documents,
    policy,
    client,
    taskQueue,
    sandbox,
    teamId: team._id,
    api: { url: api.url, key: apiKey },
    mails,
    mailServer,
    async place(changes = {}, policyOfJourney = {}) {
      const itsPolicy = policyWith({ ...policyOverrides, ...policyOfJourney });
      const order = anOrder(catalogue, team._id, changes, itsPolicy);
      await temporalJourneys(client, taskQueue, itsPolicy).start(order);
      await openOrder(store, catalogue, order);
      return order;
    },
    reaches: (orderId, status) =>
      until(async () => {
        const document = await store.orders.findById(orderId).lean<OrderDocument>();
        return document?.events.some((event) => event.status === status) ? document : null;
      }),
    async ended(order) {
      const handle = workflow(order);
      await handle.result();
      return handle;
    },
    workflow,
    walkOf,
    redrawOf: (order) => until(() => store.orders.findOne({ 'order.parent_id': order.id }).lean<OrderDocument>()),
    simulate: async (order, request) =>
      void (await atSandbox(`${orderPath(order)}/simulate`, { method: 'POST', body: JSON.stringify(request) })),
    fault: async (fault) => void (await atSandbox('/sandbox/faults', { method: 'POST', body: JSON.stringify(fault) })),
    sendsRequisitions: async (choice) =>
      void (await atSandbox('/sandbox/requisitions', { method: 'POST', body: JSON.stringify(choice) })),
    async atProvider(path, body) {
      const response = await fetch(`${sandbox.url}${path}`, {
        method: body ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${PHLEBOTOMY.key}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
      if (!response.ok) throw new Error(`Sandbox: ${response.status} ${await response.text()}`);
      return response.status === 204 ? null : response.json();
    },
    atLab: async (order) => (await atSandbox(orderPath(order))) as LabView,
    async deliver(lab, message, headers = {}) {
      const response = await fetch(`${api.url}/partners/labs/${lab}/hl7`, {
        method: 'POST',
        headers: {
          'content-type': 'application/hl7-v2; charset=utf-8',
          authorization: `Basic ${Buffer.from(`${SANDBOX.user}:${SANDBOX.password}`).toString('base64')}`,
          ...headers,
        },
        body: message,
      });
      return { status: response.status, text: await response.text() };
    },
    async webhooks(orderId) {
      await moveAllOutgoing(store, { orders: [orderId] });
      const messages = await store.webhookMessages
        .find({ order_id: orderId })
        .sort({ event_number: 1 })
        .lean<WebhookMessageDocument[]>();
      return messages.map((message) => ({ ...message, body: JSON.parse(message.payload) }));
    },
    async stopWorker() {
      if (!worker) return;
      const journeys = (await placedOrders()).map(workflow);
      await until(async () => !(await Promise.all(journeys.map(isSendingForTheFirstTime))).includes(true));
      await stopWorkerAtOnce();
    },
    async startWorker(bundle) {
      worker ??= await startWorker(workerConfig, quiet, bundle ?? (await workflowBundle()));
    },
    async close() {
      await stopWorkerAtOnce();
      await terminateOpenJourneys();
      await sandbox.close();
      api.server.closeAllConnections();
      await new Promise((resolve) => api.server.close(resolve));
      await new Promise<void>((resolve) => smtp.server.close(() => resolve()));
      await store.connection.dropDatabase();
      await closeStore(store);
      await connection.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };

  async function placedOrders() {
    const orders = await collectionOf(store.orders)
      .find({}, { projection: { order: 1 } })
      .toArray();
    return orders.map(({ order }) => order);
  }

  async function terminateOpenJourneys() {
    const handles = (await placedOrders()).flatMap((order) => [workflow(order), walkOf(order)]);
    await Promise.all(handles.map((handle) => handle.terminate('The test is over').catch(() => undefined)));
  }
}

/** An order for a lab test of the catalogue, `labcorp-lipid-panel` unless told, as the API would accept it. */
export function anOrder(
  catalogue: Catalogue,
  teamId: string,
  { labTest, options, ...changes }: OrderChanges = {},
  policy: JourneyPolicy = policyWith(),
): Order {
  const test = [...catalogue.labTests.values()].find(({ slug }) => slug === (labTest ?? 'labcorp-lipid-panel'));
  const laboratory = test && catalogue.laboratories.get(test.lab_id);
  const account = [...catalogue.labAccounts.values()].find(({ lab }) => lab === laboratory?.slug);
  if (!test || !laboratory || !account) throw new Error(`There is no lab test ${labTest}`);
  return {
    id: randomUUID(),
    team_id: teamId,
    user_id: randomUUID(),
    client_user_id: 'patient-17',
    transaction_id: randomUUID(),
    origin: 'initial',
    parent_id: null,
    collection_method: test.method,
    lab_slug: laboratory.slug,
    lab_id: laboratory.id,
    lab_account_id: account.id,
    lab_test_id: test.id,
    markers: test.marker_ids.map((marker_id) => {
      const marker = catalogue.markers.get(marker_id);
      if (!marker) throw new Error(`There is no marker ${marker_id}`);
      return {
        marker_id,
        provider_id: marker.provider_id,
        result_slugs: marker.expected_results.map(({ slug }) => slug),
      };
    }),
    placer_order_number: newPlacerOrderNumber(),
    sample_id: null,
    patient: {
      first_name: 'Ana',
      last_name: 'Bell',
      dob: '1985-03-12',
      gender: 'female',
      phone_number: '+12125550123',
      email: 'ana.bell@patients.example',
      medical_proxy: null,
      race: null,
      ethnicity: null,
      sexual_orientation: null,
      gender_identity: null,
      household_income: null,
      household_size: null,
    },
    address: {
      receiver_name: 'Ana Bell',
      first_line: '12 Elm Street',
      second_line: null,
      city: 'Phoenix',
      state: 'AZ',
      zip: '85004',
      country: 'US',
      phone_number: null,
      access_notes: null,
    },
    physician: null,
    billing_type: 'client_bill',
    insurance: null,
    icd_codes: [],
    consents: [],
    aoe_answers: [],
    priority: false,
    clinical_notes: null,
    passthrough: null,
    activate_by: null,
    activate_at: null,
    requisition_valid_for: policy.requisition_valid[test.method],
    created_at: new Date().toISOString(),
    ...changes,
    options: {
      redraws_enabled: true,
      partial_webhooks_enabled: false,
      email_enabled: true,
      results_ready_mail: false,
      time_zone: 'America/New_York',
      sandbox: true,
      ...options,
    },
  };
}

let silenced = false;
function silenceTemporal(): void {
  if (silenced) return;
  Runtime.install({ logger: new DefaultLogger(process.env.VENULE_TEST_LOG ? 'INFO' : 'ERROR'), shutdownSignals: [] });
  silenced = true;
}

async function listen(): Promise<{ server: Server; url: string }> {
  const server = httpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function listenSmtp(mails: Email[], mailServer: MailServer): Promise<{ server: SMTPServer; port: number }> {
  const refusal = (at: MailTrouble['at']) => {
    const { trouble } = mailServer;
    if (trouble?.at !== at) return null;
    trouble.refusals += 1;
    return Object.assign(new Error('Trouble on purpose'), { responseCode: trouble.code });
  };
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onMailFrom: (_address, _session, callback) => callback(refusal('sender')),
    onRcptTo: (_address, _session, callback) => callback(refusal('recipient')),
    onData(stream, _session, callback) {
      buffer(stream)
        .then((raw) => PostalMime.parse(raw))
        .then((mail) => {
          mails.push(mail);
          callback(refusal('taken'));
        }, callback);
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.server.address() as AddressInfo).port };
}
