/** The sandbox laboratories: one HTTP server that speaks docs/hl7.md for every laboratory of the catalogue. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { ZodError } from 'zod';
import { openPhlebotomy, type PhlebotomyOptions } from '../phlebotomy/server.ts';
import { type Laboratory, readCatalogue } from './catalogue.ts';
import { type Backoff, Delivery, post, sendAcknowledgement } from './delivery.ts';
import { Fault, Faults } from './faults.ts';
import { acknowledgement, HL7_CONTENT_TYPE } from './hl7.ts';
import { openMllp } from './mllp.ts';
import { newControlId, type OrderMessage, readOrderMessage } from './order-message.ts';
import { type LabOrder, OrderBook, stateOf, testStatuses } from './orders.ts';
import { fillerNumber } from './report.ts';
import { acknowledgementWithRequisition, RequisitionSwitch, Requisitions } from './requisition.ts';
import { planReports, SimulationRequest } from './simulation.ts';

export interface SandboxOptions {
  /** 0 picks a free port. */
  port: number;
  host: string;
  /** Where the journal lives. */
  dataDir: string;
  /** Where results go, `{lab}` standing for the laboratory's slug. */
  resultsUrl: string;
  /** HTTP Basic credentials, asked of callers and shown to the receiver of results. */
  user: string;
  password: string;
  /** Orders over MLLP, too, and where their results go (`mllp://host:port`); none when absent. */
  mllp?: { port: number; resultsUrl: string };
  /** How results are retried; from a quarter of a second to fifteen seconds when absent. */
  backoff?: Backoff;
  /** The phlebotomy providers, on the same port; none when absent. */
  phlebotomy?: PhlebotomyOptions;
  /** Told of results and events that could not be delivered for now; ids and codes only. */
  warn?: (problem: object) => void;
}

export interface Sandbox {
  url: string;
  /** Where orders come over MLLP; null where they cannot. */
  mllpPort: number | null;
  /** Stops answering and sending; a later start on the same folder goes on where this one was. */
  close(): Promise<void>;
}

/**
 * Starts the laboratories, and the phlebotomy providers where they are wanted; resolves when they answer, and what was
 * left over from before is on its way.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const authorization = `Basic ${Buffer.from(`${options.user}:${options.password}`).toString('base64')}`;
  const destination = {
    url: options.resultsUrl,
    authorization,
    ...(options.mllp && { mllp: options.mllp.resultsUrl }),
  };
  const labs = readCatalogue();
  const book = await OrderBook.open(options.dataDir);
  const backoff = options.backoff ?? { first: 250, longest: 15_000 };
  const warn = options.warn ?? (() => {});
  const delivery = new Delivery(book, destination, backoff, warn);
  const phlebotomy = options.phlebotomy && (await openPhlebotomy(options.dataDir, options.phlebotomy, warn));
  const faults = new Faults();
  const requisitions = new Requisitions();
  const stop = new AbortController();

  const app = express();
  app.disable('x-powered-by');
  if (phlebotomy) app.use(phlebotomy.router);
  app.use(basicAuth(authorization));

  app.post('/labs/:lab/hl7', hl7Body, async (request, response) => {
    const lab = laboratory(labs, request);
    const answer = await answerTo(lab, understood(request.body, lab));
    if (answer === null) return void request.socket.destroy();
    response.set('content-type', HL7_CONTENT_TYPE);
    response.send(answer);
  });

  /** Takes an order message, or has the trouble that was asked for. Null is no answer at all. */
  async function answerTo(lab: Laboratory, message: OrderMessage): Promise<string | null> {
    const fault = faults.take(lab.slug);
    const drop = fault?.mode === 'down';
    if (drop && !fault.after_accept) return null;
    if (fault?.mode === 'slow' && !fault.after_accept) await sleep(fault.delay_ms, undefined, { signal: stop.signal });

    const refusal = fault?.mode === 'error' ? 'AE' : fault?.mode === 'reject' ? 'AR' : undefined;
    const answer = await take(book, message, lab, fault?.after_accept ? undefined : refusal);
    if (fault?.after_accept && refusal) Object.assign(answer, { code: refusal, text: 'Trouble on purpose' });

    if (drop) return null;
    if (fault?.mode === 'slow' && fault.after_accept) await sleep(fault.delay_ms, undefined, { signal: stop.signal });
    const choice = message.control === 'NW' && answer.code === 'AA' ? requisitions.of(lab.slug) : undefined;
    if (choice?.sent === 'answer') return acknowledgementWithRequisition(lab, message, choice);
    if (choice) acknowledgeLater(lab, message, choice);
    const code = choice ? 'CA' : answer.code;
    return acknowledgement(lab, message.header, { ...answer, code, controlId: newControlId() });
  }

  function acknowledgeLater(lab: Laboratory, message: OrderMessage, choice: RequisitionSwitch): void {
    const over = message.requisition.over ?? 'http';
    acknowledgementWithRequisition(lab, message, choice)
      .then((text) => sendAcknowledgement(destination, lab.slug, text, over, backoff, stop.signal))
      .catch((error: Error) => {
        if (!stop.signal.aborted) warn({ lab: lab.slug, placer: message.placer, reason: error.message });
      });
  }

  /** The same over MLLP, where MSH-5 and MSH-6 say which laboratory is meant. */
  async function answerByMllp(text: string): Promise<string | null> {
    const [, , , , application, facility] = text.split('|', 6);
    const lab = [...labs.values()].find(({ hl7 }) => hl7.application === application && hl7.facility === facility);
    if (!lab) return null;
    const message = understood(text, lab);
    return answerTo(lab, { ...message, requisition: { ...message.requisition, over: 'mllp' } });
  }

  app.get('/sandbox/labs/:lab/orders', (request, response) => {
    const lab = laboratory(labs, request);
    const own = book.all().filter((order) => order.lab === lab.slug);
    response.json({ orders: own.map((order) => view(lab, order, delivery)) });
  });

  app.get('/sandbox/labs/:lab/orders/:placer', (request, response) => {
    const lab = laboratory(labs, request);
    response.json(view(lab, knownOrder(book, lab, request), delivery));
  });

  app.post('/sandbox/labs/:lab/orders/:placer/simulate', express.json(), async (request, response) => {
    const lab = laboratory(labs, request);
    const order = knownOrder(book, lab, request);
    if (!order.accepted) throw new Refusal(404, `${lab.name} has not accepted an order ${order.placer}`);
    const reports = planReports(lab, order, SimulationRequest.parse(request.body), new Date());
    await book.plan(order, reports);
    delivery.start(order);
    response.json({ planned: reports.map(({ controlId }) => controlId), order: view(lab, order, delivery) });
  });

  app.post('/sandbox/labs/:lab/messages', hl7Body, async (request, response) => {
    const lab = laboratory(labs, request);
    const answer = await post(destination, lab.slug, { text: request.body }, stop.signal).catch((error: Error) => {
      throw new Refusal(502, `the receiver of results did not answer: ${error.message}`);
    });
    response.json(answer);
  });

  app.post('/sandbox/faults', express.json(), (request, response) => {
    const fault = Fault.parse(request.body);
    if (!labs.has(fault.lab)) throw new Refusal(404, `there is no laboratory ${fault.lab}`);
    faults.set(fault);
    response.json(fault);
  });

  app.post('/sandbox/requisitions', express.json(), (request, response) => {
    const choice = RequisitionSwitch.parse(request.body);
    if (!labs.has(choice.lab)) throw new Refusal(404, `there is no laboratory ${choice.lab}`);
    requisitions.set(choice);
    response.json(choice);
  });

  app.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  app.use((request: Request) => {
    throw new Refusal(404, `there is nothing at ${request.method} ${request.path}`);
  });
  app.use(answerError);

  const server = createServer(app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const mllp = options.mllp && (await openMllp({ port: options.mllp.port, host: options.host }, answerByMllp));
  for (const order of book.all()) delivery.start(order);
  phlebotomy?.resume();

  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}`,
    mllpPort: mllp?.port ?? null,
    async close() {
      stop.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await mllp?.close();
      await phlebotomy?.close();
      await delivery.close();
      await book.close();
    },
  };
}

/** An answer other than success, as JSON. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function basicAuth(expected: string): RequestHandler {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const wanted = digest(expected);
  return (request, response, next) => {
    if (request.path === '/healthz' || timingSafeEqual(digest(request.get('authorization') ?? ''), wanted))
      return next();
    response.set('www-authenticate', 'Basic realm="sandbox laboratory"');
    throw new Refusal(401, 'wrong or missing credentials (HTTP Basic)');
  };
}

const HL7_TYPES = ['application/hl7-v2', 'x-application/hl7-v2+er7'];
const hl7Text = express.text({ type: HL7_TYPES, limit: '1mb' });

const hl7Body: RequestHandler = (request, response, next) => {
  if (!request.is(HL7_TYPES)) throw new Refusal(415, 'send application/hl7-v2');
  hl7Text(request, response, next);
};

function laboratory(labs: Map<string, Laboratory>, request: Request): Laboratory {
  const slug = String(request.params.lab);
  const lab = labs.get(slug);
  if (!lab) throw new Refusal(404, `there is no laboratory ${slug}`);
  return lab;
}

function knownOrder(book: OrderBook, lab: Laboratory, request: Request): LabOrder {
  const placer = String(request.params.placer);
  const order = book.find(lab.slug, placer);
  if (!order) throw new Refusal(404, `${lab.name} has no order ${placer}`);
  return order;
}

function understood(text: string, lab: Laboratory): OrderMessage {
  try {
    return readOrderMessage(text, lab);
  } catch {
    throw new Refusal(400, 'this is no HL7 v2 message');
  }
}

/** A message that names no order is refused without being kept. */
async function take(book: OrderBook, message: OrderMessage, lab: Laboratory, refusal: 'AE' | 'AR' | undefined) {
  const { control, placer, complaints } = message;
  if (control && placer) {
    return book.receive({ ...message, control }, lab.slug, refusal).catch((error: Error) => {
      throw new Refusal(503, `the order could not be stored: ${error.message}`);
    });
  }
  return { code: 'AR' as const, text: complaints[0]?.text ?? 'Not an order', complaints };
}

/** What the laboratory knows of an order; codes and numbers only. */
function view(lab: Laboratory, order: LabOrder, delivery: Delivery) {
  const statuses = testStatuses(order);
  const words = { P: 'preliminary', F: 'final', C: 'corrected', X: 'cancelled' } as const;
  return {
    lab: lab.slug,
    placer_order_number: order.placer,
    filler_order_number: order.accepted ? fillerNumber(lab, order.placer) : null,
    state: stateOf(order),
    received: order.received,
    requisitions_made: order.requisitionsMade,
    tests: (order.accepted?.requisition.tests ?? []).map(({ code }) => {
      const status = statuses.get(code);
      return { code, name: lab.menu.get(code)?.name ?? null, status: status ? words[status] : 'ordered' };
    }),
    messages: order.reports.map((report) => ({
      control_id: report.controlId,
      due_at: report.dueAt,
      tests: report.tests.map(({ code, status }) => ({ code, status: words[status] })),
      attempts: delivery.attempts(report.controlId),
      acknowledgement: order.answers.get(report.controlId) ?? null,
    })),
  };
}

function answerError(error: unknown, _request: Request, response: Response, _next: NextFunction): void {
  if (response.headersSent || response.destroyed) return;
  if (error instanceof ZodError) {
    const details = error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
    response.status(422).json({ error: 'the body is not valid', details });
    return;
  }
  const { status = 500, message } = error as Partial<Refusal>;
  if (status === 503) response.set('retry-after', '1');
  response.status(status).json({ error: message ?? 'internal error' });
}
