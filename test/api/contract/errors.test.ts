import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import mongoose from 'mongoose';
import { endpoints } from '../../../api/endpoints.ts';
import { asApiError, ERRORS, type ErrorCode } from '../../../api/http/errors.ts';
import { managementEndpoints } from '../../../api/management/endpoints.ts';
import { openApiDocument } from '../../../api/reference/openapi.ts';
import { JourneysUnavailable } from '../../../temporal/journeys.ts';

const all = [...endpoints, ...managementEndpoints({ allowPrivate: false })];
const document = openApiDocument([{ key: 'x-vital-api-key', endpoints: all }], '0.0.0', 'http://127.0.0.1:3000');

describe('error codes are the same everywhere', () => {
  const inCode = Object.entries(ERRORS).map(([code, { status, meaning }]) => ({ code, status, meaning }));

  test('in the documentation', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/errors.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\d+) \| (.+) \|$/gm)];
    expect(rows.map(([, code, status, meaning]) => ({ code, status: Number(status), meaning }))).toEqual(inCode);
  });

  test('in the OpenAPI document', () => {
    const described = new Map<string, number>();
    for (const response of Object.values(document.components?.responses ?? {})) {
      for (const code of codesIn(response)) described.set(code, ERRORS[code as ErrorCode].status);
    }
    for (const operations of Object.values(document.paths ?? {})) {
      for (const operation of Object.values(operations ?? {})) {
        for (const [status, response] of Object.entries((operation as { responses?: object }).responses ?? {})) {
          for (const code of codesIn(response)) described.set(code, Number(status));
        }
      }
    }
    expect(Object.fromEntries(described)).toEqual(
      Object.fromEntries(inCode.map(({ code, status }) => [code, status])) as Record<ErrorCode, number>,
    );
  });

  test('every operation has an id of its own', () => {
    const ids = all.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

function codesIn(response: unknown): string[] {
  const { content } = response as {
    content?: Record<string, { schema?: { properties?: { error?: { enum?: string[] } } } }>;
  };
  return content?.['application/json']?.schema?.properties?.error?.enum ?? [];
}

describe('a part that is away is answered with 503, a fault of ours with 500', () => {
  const { MongoNetworkError, MongoServerError } = mongoose.mongo;
  const stepDown = new MongoServerError({ message: 'not primary', errorLabels: ['RetryableWriteError'] });

  test.each([
    ['MongoDB closed the connection', new MongoNetworkError('connection closed'), 503],
    ['MongoDB has no primary', stepDown, 503],
    ['a mistake', new TypeError('undefined is not a function'), 500],
    ['a document that is too large', new MongoServerError({ message: 'BSONObj size', code: 10334 }), 500],
  ])('%s', (_what, error, status) => {
    const refusal = asApiError(error);
    expect(ERRORS[refusal.code].status).toBe(status);
    expect(refusal.retryAfter !== undefined).toBe(status === 503);
    expect(refusal.message).not.toContain(error.message);
  });

  test('a journey gives no answer: in its own words, which say what may be done all the same', () => {
    const refusal = asApiError(new JourneysUnavailable('Whether it was booked is being found out'));
    expect(refusal).toMatchObject({ code: 'unavailable', message: 'Whether it was booked is being found out' });
    expect(refusal.retryAfter).toBeGreaterThan(0);
  });
});

test('F9: a write that the database never answered is 503, of one document or of many', async () => {
  const client = new mongoose.mongo.MongoClient('mongodb://127.0.0.1:9/nobody', { serverSelectionTimeoutMS: 100 });
  try {
    const documents = client.db().collection('documents');
    const writes = [
      documents.insertOne({}),
      documents.insertMany([{}, {}]),
      documents.insertMany([{}], { ordered: false }),
    ];
    const errors = (await Promise.allSettled(writes)).map((outcome) => (outcome as PromiseRejectedResult).reason);
    expect(errors.map((error) => asApiError(error).code)).toEqual(['unavailable', 'unavailable', 'unavailable']);
  } finally {
    await client.close();
  }
});
