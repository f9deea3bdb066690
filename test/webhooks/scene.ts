/** What the webhook tests share: messages in an outbox, and receivers on real ports. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import pino from 'pino';
import { collectionOf } from '../../store/collections/define.ts';
import type { WebhookDeliveryDocument, WebhookMessageDocument } from '../../store/collections/outbox.ts';
import type { Store } from '../../store/open.ts';
import { createEndpoint, type EndpointSettings } from '../../store/outbox/webhook-endpoints.ts';
import { newSigningSecret } from '../../webhooks/signature.ts';

export const silent = pino({ level: 'silent' });

/** Waits until the question has an answer that is neither undefined nor false. */
export async function until<T>(
  what: string,
  question: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await question();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}`);
    await pause(20);
  }
}

export interface Received {
  headers: IncomingHttpHeaders;
  body: Buffer;
  at: Date;
}

export type Answer = (received: Received, response: ServerResponse, count: number) => void;

export interface Receiver {
  url: string;
  received: Received[];
  /** Requests under way that were never answered. */
  hanging: ServerResponse[];
  answerWith(answer: Answer): void;
  close(): Promise<void>;
}

export const status =
  (code: number): Answer =>
  (_, response) =>
    response.writeHead(code).end();
/** Takes the request and says nothing. */
export const silence: Answer = () => undefined;

/** A customer's server. */
export async function startReceiver(answer: Answer = status(200)): Promise<Receiver> {
  const received: Received[] = [];
  const hanging: ServerResponse[] = [];
  let behaviour = answer;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const message = { headers: request.headers, body: Buffer.concat(chunks), at: new Date() };
      received.push(message);
      behaviour(message, response, received.length);
      if (!response.headersSent) hanging.push(response);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    hanging,
    answerWith(next) {
      behaviour = next;
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** An endpoint of a team, as the Management API would make it. */
export async function endpointAt(store: Store, teamId: string, url: string, settings: Partial<EndpointSettings> = {}) {
  const all = { url, description: '', rate_limit: null, disabled: false, filter_types: null, ...settings };
  return createEndpoint(store, teamId, all, newSigningSecret());
}

/** Commits a message, as a transition does. */
export async function commit(
  store: Store,
  teamId: string,
  message: Partial<WebhookMessageDocument> = {},
): Promise<WebhookMessageDocument> {
  const id = message._id ?? `msg_${randomUUID()}`;
  const document: WebhookMessageDocument = {
    _id: id,
    team_id: teamId,
    event_type: 'labtest.order.updated',
    payload: JSON.stringify({ event_type: 'labtest.order.updated', data: { id }, team_id: teamId }),
    order_id: null,
    event_number: null,
    fanned_out: false,
    created_at: new Date(),
    ...message,
  };
  await collectionOf(store.webhookMessages).insertOne(document);
  return document;
}

/** The deliveries of a message, the first of them first. */
export async function deliveriesOf(store: Store, messageId: string): Promise<WebhookDeliveryDocument[]> {
  return collectionOf(store.webhookDeliveries).find({ message_id: messageId }).sort({ _id: 1 }).toArray();
}
