/** The codec endpoint: lets an engineer read the payloads of a journey in Temporal UI. */
import { type Payload, ValueError } from '@temporalio/common';
import express, { type RequestHandler, type Router } from 'express';
import { z } from 'zod';
import { type CodecKeys, codecEndpointToken, EncryptionCodec } from '../temporal/codec.ts';
import type { GuessLimit } from './http/doors/guess-limit.ts';
import { ApiError } from './http/errors.ts';
import { checkBytes } from './http/request-checks.ts';

const bytes = z.base64();
/** A payload as Temporal UI sends it: protobuf's JSON, bytes as base64. */
const jsonPayload = z.object({ metadata: z.record(z.string(), bytes).nullish(), data: bytes.nullish() });
type JsonPayload = z.infer<typeof jsonPayload>;
const jsonPayloads = z.object({ payloads: z.array(jsonPayload).nullish() });

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
  router.use(base, express.json({ limit: '8mb', type: () => true, verify: checkBytes }));
  router.post(`${base}/decode`, async (request, response) => {
    const payloads = payloadsOf(request.body);
    const clear = await codec.decode(payloads).catch((cause: Error) => {
      throw new ApiError('malformed_request', `These payloads cannot be decrypted: ${reasonOf(cause)}`);
    });
    response.json({ payloads: clear.map(toJson) });
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

/** What a caller is told; what a cipher says of bytes that are not its own is of no use. */
const reasonOf = (cause: Error) => (cause instanceof ValueError ? cause.message : 'they are damaged or not ours');

function payloadsOf(body: unknown): Payload[] {
  const read = jsonPayloads.safeParse(body ?? {});
  if (!read.success) throw new ApiError('malformed_request', `These are no payloads: ${z.prettifyError(read.error)}`);
  return (read.data.payloads ?? []).map(({ metadata, data }) => ({
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
