/** MongoDB or Temporal away for a while: 503 with Retry-After, nothing lost, and work goes on by itself. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Customer } from '../support/customer.ts';
import { type PartName, type SpawnedVenule, spawnVenule } from '../support/running/spawn-venule.ts';
import { until } from '../support/until.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'venule-away-'));
let venule: SpawnedVenule;
let customer: Customer;

beforeAll(async () => {
  venule = await spawnVenule({ dataDir, env: { VENULE_POLICY: JSON.stringify({ partner_retry_first: 100 }) } });
}, 300_000);

beforeEach(async () => {
  customer = await Customer.of(venule);
});

afterEach(() => customer?.close());

afterAll(async () => {
  await venule?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Answer {
  status: number;
  retryAfter: string | null;
}

async function ask(path: string): Promise<Answer> {
  const answer = await fetch(`${venule.apiUrl}${path}`, { headers: { 'x-vital-api-key': venule.apiKey } });
  await answer.text();
  return { status: answer.status, retryAfter: answer.headers.get('retry-after') };
}

/** An order, tried once; without the SDK’s own retries. */
async function tryToOrder(key: string): Promise<Answer> {
  const { rawResponse } = await customer.orderOnce(key, { maxRetries: 0 }).then(
    () => ({ rawResponse: { status: 200, headers: new Headers() } }),
    (error: { rawResponse: Response }) => error,
  );
  return { status: rawResponse.status, retryAfter: rawResponse.headers.get('retry-after') };
}

async function whileAway<T>(part: PartName, work: () => Promise<T>): Promise<T> {
  venule.pause(part);
  try {
    return await work();
  } finally {
    venule.resume(part);
  }
}

const comeAgain: Answer = { status: 503, retryAfter: expect.stringMatching(/^\d+$/) };

test.each(['mongodb', 'temporal'] as const)(
  '%s away: orders get 503 with Retry-After, and none is lost',
  async (part) => {
    const journeys = ['completed', 'redrawn', 'cancelled'] as const;
    const walking = Promise.all(journeys.map((fate) => customer.walk(fate)));
    await until(async () => (await customer.progress()) >= 4);
    const keys = Array.from({ length: 3 }, () => randomUUID());
    const keysUnderWay = Array.from({ length: 8 }, () => randomUUID());
    let answered = 0;
    const underWay = keysUnderWay.map((key) => tryToOrder(key).finally(() => (answered += 1)));
    await until(() => answered > 0);
    const answers = await whileAway(part, async () => {
      const ordered = await Promise.all(keys.map(tryToOrder));
      for (const answer of await Promise.all(underWay))
        expect(answer).toEqual(answer.status === 200 ? answer : comeAgain);
      expect(await ask('/readyz')).toEqual(comeAgain);
      expect((await ask('/healthz')).status).toBe(200);
      return ordered;
    });
    for (const answer of answers) expect(answer).toEqual(comeAgain);

    await until(async () => (await ask('/readyz')).status === 200);
    const walked = await walking;
    const after = await Promise.all([...keys, ...keysUnderWay].map((key) => customer.walk('completed', key)));
    await customer.expectAllAsEver([...walked, ...after]);
  },
  180_000,
);

test('results that come while MongoDB is away are refused with 503, and the laboratory brings them again', async () => {
  const { id } = await customer.order();
  await customer.reaches(id, 'requisition_created');
  await customer.simulate(id, {}, 2);
  await customer.reaches(id, 'partial_results');
  const before = refusals();
  await whileAway('mongodb', () => until(() => refusals() > before));
  await customer.reaches(id, 'completed');
  await customer.expectAllAsEver([{ fate: 'completed', orderId: id }]);
}, 400_000);

/** How often the laboratory was told to come again, by its log. */
function refusals(): number {
  const log = readFileSync(join(dataDir, 'logs', 'sandbox.log'), 'utf8');
  return log.split('\n').filter((line) => line.includes('"reason":"HTTP 503"')).length;
}
