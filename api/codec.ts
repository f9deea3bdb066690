/** The codec endpoint: lets an engineer read the payloads of a journey in Temporal UI. */
import type { Payload } from '@temporalio/common';
import express, { type RequestHandler, type Router } from 'express';
import { type CodecKeys, codecEndpointToken, EncryptionCodec } from '../temporal/codec.ts';
import type { GuessLimit } from './http/guess-limit.ts';

/** A payload as Temporal UI sends it: protobuf's JSON, bytes as base64. */
interface JsonPayload {
  metadata?: Record<string, string>;
  data?: string;
}

/**
 * `POST /{token}/decode` and `/encode`, as Temporal's codec server protocol has them; to be mounted under `/codec`.
 * @param uiOrigin Origin of Temporal UI, whose pages may call; null allows none but same-origin callers.
 */
export function codecRouter(keys: CodecKeys, uiOrigin: string | null): Router {
  const codec = new EncryptionCodec(keys);
  const router = express.Router();
  const base = `/${codecEndpointToken(keys)}`;

  router.use(base, (request, response, next) => {
    if (uiOrigin) {
      response.set('Access-Control-Allow-Origin', uiOrigin);
      response.set('Access-Control-Allow-Headers', 'content-type,x-namespace,authorization');
      response.set('Access-Control-Allow-Credentials', 'true');
      response.set('Vary', 'Origin');
    }
    if (request.method === 'OPTIONS') response.status(204).end();
    else next();
  });
  router.use(base, express.json({ limit: '8mb', type: () => true }));
  router.post(`${base}/decode`, async (request, response) => {
    response.json({ payloads: (await codec.decode(payloadsOf(request.body))).map(toJson) });
  });
  router.post(`${base}/encode`, async (request, response) => {
    response.json({ payloads: (await codec.encode(payloadsOf(request.body))).map(toJson) });
  });
  return router;
}

/** Whatever else is asked for there is a guess at the address. */
export function wrongCodecAddress(guesses: GuessLimit): RequestHandler {
  return async (request, _response, next) => {
    await guesses.failed(request);
    next();
  };
}

function payloadsOf(body: { payloads?: JsonPayload[] } | undefined): Payload[] {
  return (body?.payloads ?? []).map(({ metadata, data }) => ({
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    data: Buffer.from(data ?? '', 'base64'),
  }));
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

function toJson({ metadata, data }: Payload): JsonPayload {
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)])),
    data: base64(data ?? new Uint8Array()),
  };
}
