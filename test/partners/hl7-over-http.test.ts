/** The conversation with a laboratory over HTTP, with a server that answers as labs do on good and bad days. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeAcknowledgement } from '../../partners/labs/formats/hl7v2/hl7-acknowledgement.ts';
import { orderMessage } from '../../partners/labs/formats/hl7v2/hl7-order-message.ts';
import { LONGEST_ACKNOWLEDGEMENT } from '../../partners/labs/formats/hl7v2/hl7-orders.ts';
import type { LabEndpoint } from '../../partners/labs/laboratory-adapter.ts';
import { adapterFor } from '../../partners/labs/registry.ts';
import { PartnerUnreachable } from '../../partners/partner-unreachable.ts';
import { labOrder } from './lab-order.ts';

type Answer = (body: string, response: ServerResponse, request: IncomingMessage) => void;

const order = labOrder('labcorp', ['glucose', 'lipid-panel']);
const adapter = adapterFor('labcorp', { kind: 'http', url: '', user: '', password: '' });
const never = new AbortController().signal;
const sentAt = '2026-11-21T08:00:04.000Z';

const toHttp = (url: string): LabEndpoint => ({
  orders: { kind: 'http', url, user: 'venule', password: 'pässword' },
  acknowledges: 'answer',
  timeoutMs: 5_000,
});

let server: Server;
let at: LabEndpoint;
let answer: Answer;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(Buffer.concat(chunks).toString(), response, request));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`;
  at = toHttp(url);
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

const acknowledging =
  (code: 'AA' | 'AE' | 'AR', text = ''): Answer =>
  (body, response) => {
    response.end(writeAcknowledgement(body, { code, text }, sentAt));
  };

const answering =
  (status: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (_, response) => {
    response.writeHead(status, headers).end(body);
  };

/** The error of a submission that got no decision. */
async function failure(endpoint = at, signal = never): Promise<PartnerUnreachable> {
  const error = await adapter.submit(order, endpoint, signal).then(
    () => 'no error',
    (thrown: unknown) => thrown,
  );
  if (error instanceof PartnerUnreachable) return error;
  throw error;
}

describe('A3: an order goes to the laboratory', () => {
  test('as HL7, with our credentials', async () => {
    let seen: { body: string; type: string | undefined; authorization: string | undefined } | undefined;
    answer = (body, response, request) => {
      seen = { body, type: request.headers['content-type'], authorization: request.headers.authorization };
      acknowledging('AA', 'Welcome')(body, response, request);
    };
    const acknowledgement = await adapter.submit(order, at, never);
    expect(acknowledgement).toEqual({ code: 'AA', text: 'Welcome', filler_order_number: null, is_final: true });
    expect(seen).toEqual({
      body: orderMessage({ ...order, purpose: 'NW' }),
      type: 'application/hl7-v2; charset=utf-8',
      authorization: `Basic ${Buffer.from('venule:pässword').toString('base64')}`,
    });
  });

  test('and so does its cancellation', async () => {
    let seen = '';
    answer = (body, response, request) => {
      seen = body;
      acknowledging('AR', 'Too late')(body, response, request);
    };
    expect(await adapter.cancel(order, at, never)).toMatchObject({ code: 'AR', text: 'Too late' });
    expect(seen).toContain('ORC|CA|VN0000012345');
  });

  test.each(['AA', 'AE', 'AR'] as const)('F4: %s is the lab’s decision, not an error', async (code) => {
    answer = acknowledging(code, 'words');
    expect(await adapter.submit(order, at, never)).toMatchObject({ code, text: 'words' });
  });
});

test.each([
  ['8859/1', 'latin1'],
  ['', 'latin1'],
  ['UNICODE UTF-8', 'utf8'],
] as const)('the words of an acknowledgment in %j are read as they were meant', async (set, encoding) => {
  answer = (body, response) => {
    const written = writeAcknowledgement(body, { code: 'AR', text: 'Señora Muñoz is unknown' }, sentAt);
    response.end(Buffer.from(written.replace('UNICODE UTF-8', set), encoding));
  };
  expect(await adapter.submit(order, at, never)).toMatchObject({ code: 'AR', text: 'Señora Muñoz is unknown' });
});

describe('F4: a laboratory that gives no decision is tried again', () => {
  test('when nothing listens', async () => {
    const idle = createServer();
    await new Promise<void>((listening) => idle.listen(0, '127.0.0.1', listening));
    const { port } = idle.address() as AddressInfo;
    await new Promise((closed) => idle.close(closed));
    expect(await failure(toHttp(`http://127.0.0.1:${port}/`))).toMatchObject({
      fault: 'connection',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('when the connection breaks', async () => {
    answer = (_, response) => response.destroy();
    expect(await failure()).toMatchObject({ fault: 'connection' });
  });

  test('when no answer comes in time', async () => {
    answer = () => {};
    expect(await failure({ ...at, timeoutMs: 100 })).toMatchObject({ fault: 'timeout' });
  });

  test('503 with Retry-After says how long to wait', async () => {
    answer = answering(503, { 'retry-after': '30' });
    expect(await failure()).toMatchObject({ fault: 'unavailable', retryAfterMs: 30_000 });
    answer = answering(429, { 'retry-after': new Date(0).toUTCString() });
    expect(await failure()).toMatchObject({ fault: 'unavailable', retryAfterMs: 0 });
    answer = answering(408);
    expect(await failure()).toMatchObject({ fault: 'unavailable' });
    answer = answering(500, { 'retry-after': 'soon' });
    expect(await failure()).toMatchObject({ fault: 'unavailable', retryAfterMs: null });
  });

  test.each([401, 403])('%i names the credentials to put right, and not what they are', async (status) => {
    answer = answering(status);
    const error = await failure();
    expect(error).toMatchObject({ partner: 'Lab labcorp', fault: 'credentials' });
    expect(error.message).toContain(`Lab labcorp answered ${status}`);
    expect(error.message).toContain(order.account.id);
    expect(error.message).not.toContain('pässword');
  });

  test.each([404, 413, 415])('%i is for an operator to put right', async (status) => {
    answer = answering(status);
    expect(await failure()).toMatchObject({ fault: 'configuration' });
  });

  test('a redirect is not followed: orders go to the configured address only', async () => {
    answer = answering(307, { location: `http://127.0.0.1:${(server.address() as AddressInfo).port}/elsewhere` });
    expect(await failure()).toMatchObject({ fault: 'configuration' });
  });

  test.each([
    ['nothing', ''],
    ['a web page', '<!doctype html>'],
    ['an unknown code', 'MSH|^~\\&|L|L|V|1|||ACK|1|P|2.5.1\rMSA|OK|1'],
    ['an answer to another message', 'MSH|^~\\&|L|L|V|1|||ACK|1|P|2.5.1\rMSA|AA|0000'],
  ])('200 with %s is no decision', async (_, body) => {
    answer = answering(200, {}, body);
    expect(await failure()).toMatchObject({ fault: 'answer' });
  });

  test('2.5: an answer without end is read no further than any acknowledgement goes, and not kept', async () => {
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      answer = (_, response) => {
        const part = Buffer.alloc(64 * 1024, 'A');
        const more = () => {
          for (let room = true; room && !response.destroyed; sent += part.length) room = response.write(part);
        };
        response.on('drain', more).on('close', resolve).writeHead(200);
        more();
      };
    });
    expect(await failure({ ...at, timeoutMs: 30_000 })).toMatchObject({ fault: 'answer' });
    await closed;
    expect(sent).toBeLessThan(64 * LONGEST_ACKNOWLEDGEMENT);
  });

  test('the caller’s own abort is passed on as it is', async () => {
    const stop = new AbortController();
    answer = () => stop.abort(new Error('worker stops'));
    await expect(adapter.submit(order, at, stop.signal)).rejects.toThrow('worker stops');
  });
});
