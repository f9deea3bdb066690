import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { endpoints } from '../../api/endpoints.ts';
import { ERRORS, type ErrorCode } from '../../api/errors.ts';
import { managementEndpoints } from '../../api/management/endpoints.ts';
import { openApiDocument } from '../../api/openapi.ts';

const all = [...endpoints, ...managementEndpoints({ allowPrivate: false })];
const document = openApiDocument([{ key: 'x-vital-api-key', endpoints: all }], '0.0.0');

describe('error codes are the same everywhere', () => {
  const inCode = Object.entries(ERRORS).map(([code, { status, meaning }]) => ({ code, status, meaning }));

  test('in the documentation', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\d+) \| (.+) \|$/gm)];
    expect(rows.map(([, code, status, meaning]) => ({ code, status: Number(status), meaning }))).toEqual(inCode);
  });

  test('in the OpenAPI document', () => {
    const described = new Map<string, number>();
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
