/** What answers tell browsers and caches: nobody keeps a patient's data, and the reference asks nobody else. */
import { openBrowser } from '../../booking/browser.ts';
import { newUser, startTestApi, type TestApi } from '../../support/api.ts';

let plain: TestApi;
let secure: TestApi;
beforeAll(async () => {
  [plain, secure] = await Promise.all([startTestApi(), startTestApi(undefined, { publicUrl: 'https://labs.example' })]);
});
afterAll(() => Promise.all([plain.close(), secure.close()]));

const headersOf = async (url: string, init?: RequestInit) => Object.fromEntries((await fetch(url, init)).headers);

test('no answer is kept, and none is taken for what it is not', async () => {
  const caller = await plain.caller();
  const userId = await newUser(caller);
  const key = { headers: { 'x-vital-api-key': caller.apiKey } };
  const answers = await Promise.all([
    headersOf(`${plain.url}/v2/user/${userId}`, key),
    headersOf(`${plain.url}/v2/user/${userId}`),
    headersOf(`${plain.url}/nowhere`),
    headersOf(`${plain.url}/v1/org/default/team/x/sandbox/webhook`),
    headersOf(`${plain.url}/partners/labs/labcorp/hl7`, { method: 'POST' }),
    headersOf(`${plain.url}/partners/phlebotomy/getlabs/events`, { method: 'POST' }),
    headersOf(`${plain.url}/unsubscribe/nobody`),
    headersOf(`${plain.url}/book/nobody`),
    headersOf(`${plain.url}/reference`),
    headersOf(`${plain.url}/healthz`),
  ]);
  for (const headers of answers) {
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    expect(headers).not.toHaveProperty('strict-transport-security');
  }
});

test('scripts and style sheets may be kept', async () => {
  for (const path of ['/book/assets/page.css', '/reference/page.js', '/reference/swagger-ui.css']) {
    const headers = await headersOf(plain.url + path);
    expect(headers).toMatchObject({ 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' });
  }
});

test('where the public address is https, browsers come back over https only', async () => {
  expect(await headersOf(`${secure.url}/healthz`)).toMatchObject({ 'strict-transport-security': 'max-age=31536000' });
});

test('the reference runs only what this server sends, and works', async () => {
  const { 'content-security-policy': policy = '' } = await headersOf(`${plain.url}/reference`);
  expect(policy).toMatch(/default-src 'none'; script-src 'self';/);
  const browser = await openBrowser();
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${plain.url}/reference`);
  await page.getByText('/v3/order/{order_id}/cancel').first().waitFor();
  await page.getByText('/v3/order/{order_id}/cancel').first().click();
  await page.getByRole('button', { name: 'Try it out' }).waitFor();
  if (process.env.VENULE_PICTURES) await page.screenshot({ path: `${process.env.VENULE_PICTURES}/reference.png` });
  expect(complaints).toEqual([]);
});
