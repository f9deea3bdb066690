/** The API reference: described field by field, with examples that can be sent, with webhooks and a search. */

import { Ajv2020 } from 'ajv/dist/2020.js';
import { endpoints } from '../../../api/endpoints.ts';
import { managementEndpoints } from '../../../api/management/endpoints.ts';
import { openApiDocument } from '../../../api/reference/openapi.ts';
import { REQUEST_EXAMPLES } from '../../../api/reference/request-examples.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import { moveAllOutgoing } from '../../../store/outbox/outgoing.ts';
import { openBrowser } from '../../booking/browser.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { until } from '../../support/until.ts';

const managed = managementEndpoints({ allowPrivate: false });
const document = openApiDocument(
  [
    { key: 'x-vital-api-key', endpoints },
    { key: 'X-Management-Key', endpoints: managed },
  ],
  '0.0.0',
  'https://labs.example',
);

/** Every object in the document, with the path to it. */
function* nodes(node: unknown, path = '#'): Generator<[path: string, node: Record<string, unknown>]> {
  if (node === null || typeof node !== 'object') return;
  yield [path, node as Record<string, unknown>];
  for (const [key, part] of Object.entries(node)) yield* nodes(part, `${path}/${key}`);
}

type Described = { description?: string; $ref?: string; schema?: Described };

test('every property and every parameter is described', () => {
  const silent: string[] = [];
  for (const [path, node] of nodes(document)) {
    if (typeof node.in === 'string' && !node.description && !(node.schema as Described)?.description) silent.push(path);
    if (path.endsWith('/properties')) {
      for (const [name, schema] of Object.entries(node as Record<string, Described>)) {
        if (!schema.description) silent.push(`${path}/${name}`);
      }
    }
  }
  expect(silent).toEqual([]);
});

test('every example is one that its schema takes', () => {
  const ajv = new Ajv2020({ strict: false });
  for (const format of ['date', 'date-time', 'uuid', 'email', 'binary', 'uri']) ajv.addFormat(format, true);
  ajv.addSchema(document as object, 'openapi');
  const wrong: unknown[] = [];
  let checked = 0;
  for (const [path, node] of nodes(document)) {
    if (node.example === undefined || path.includes('/example')) continue;
    const { example, ...schema } = node;
    const described = (schema.schema ?? schema) as Record<string, unknown>;
    const absolute = JSON.parse(JSON.stringify(described).replaceAll('"#/', '"openapi#/'));
    checked += 1;
    if (!ajv.validate(absolute, example)) wrong.push([path, example, ajv.errorsText()]);
  }
  expect(wrong).toEqual([]);
  expect(checked).toBeGreaterThan(100);
});

test('every body that must be sent has an example, and every example belongs to an operation that takes it', () => {
  const taking = [...endpoints, ...managed].filter(({ body }) => body);
  for (const { operationId, body } of taking) {
    const example = REQUEST_EXAMPLES[operationId];
    const needed = !body?.safeParse({}).success;
    if (needed) expect([operationId, example]).toEqual([operationId, expect.anything()]);
    if (example) expect([operationId, body?.safeParse(example).error?.message]).toEqual([operationId, undefined]);
  }
  const ids = taking.map(({ operationId }) => operationId);
  for (const operationId of Object.keys(REQUEST_EXAMPLES)) expect(ids).toContain(operationId);
});

test('it says where the API is', () => {
  expect(document.servers).toEqual([expect.objectContaining({ url: 'https://labs.example' })]);
});

describe('on an API that runs', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.close());

  test('the examples create a user and place an order, and its webhook is as the document says', async () => {
    const caller = await api.caller();
    const send = async (path: string, body: unknown) => {
      const headers = { 'x-vital-api-key': caller.apiKey, 'content-type': 'application/json' };
      const response = await fetch(`${api.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      const answer = await response.json();
      expect([response.status, answer]).toEqual([200, expect.anything()]);
      return answer as Record<string, string>;
    };
    const { user_id } = await send('/v2/user', REQUEST_EXAMPLES.createUser);
    await send('/v3/order', { ...REQUEST_EXAMPLES.createOrder, user_id });

    await moveAllOutgoing(api.store, { team: caller.team._id });
    const message = await collectionOf(api.store.webhookMessages).findOne({ team_id: caller.team._id });
    const ajv = new Ajv2020({ strict: false });
    for (const format of ['date', 'date-time', 'uuid', 'email', 'binary', 'uri']) ajv.addFormat(format, true);
    ajv.addSchema(api.openApi as object, 'openapi');
    const pointer = 'openapi#/webhooks/labtest.order.created/post/requestBody/content/application~1json/schema';
    ajv.validate({ $ref: pointer }, JSON.parse(message?.payload ?? 'null'));
    expect(ajv.errors).toBeNull();
  });

  test('the page finds operations by words of their path, id or summary', async () => {
    const page = await (await openBrowser()).newPage();
    await page.goto(`${api.url}/reference`);
    const operations = page.locator('.opblock-summary-path');
    await operations.first().waitFor();
    // Webhooks are no operations of the API, and always shown.
    const found = async () =>
      (await operations.allTextContents())
        .map((path) => path.replaceAll('\u200b', ''))
        .filter((path) => path.startsWith('/'));
    const all = (await found()).length;
    const seek = page.locator('.operation-filter-input');
    await seek.fill('resendOrderEvents');
    await until(async () => (await found()).length < all);
    expect(await found()).toEqual(['/v3/order/resend_events']);
    await seek.fill('/psc APPOINTMENT');
    await until(async () => (await found()).length > 1);
    expect((await found()).every((path) => path.includes('/psc/'))).toBe(true);
    await seek.fill('');
    await until(async () => (await found()).length === all);
  }, 60_000);
});
