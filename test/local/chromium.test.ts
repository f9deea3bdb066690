/** Chromium on a machine that has none: unpacked from a package of npm, without root and without an installation. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from '../../local/parts/chromium.ts';
import { openBrowser } from '../booking/browser.ts';

const original = { ...process.env };
const cache = mkdtempSync(join(tmpdir(), 'venule-chromium-'));

beforeAll(() => {
  process.env.PATH = '/nowhere';
  process.env.VENULE_CACHE_DIR = cache;
  delete process.env.CHROMIUM_PATH;
});
afterAll(() => {
  process.env = original;
  rmSync(cache, { recursive: true, force: true });
});

test('a page opens where no browser is on the PATH; what was unpacked is used again', async () => {
  const browser = await openBrowser();
  const page = await browser.newPage();
  await page.setContent('<h1>Venule</h1>');
  const heading = page.locator('h1');
  expect(await heading.textContent()).toBe('Venule');
  expect((await heading.boundingBox())?.width).toBeGreaterThan(0);
  const [unpacked, ...others] = readdirSync(cache);
  expect(others).toEqual([]);
  expect((await findChromium(() => {})).path).toBe(join(cache, unpacked as string, 'chromium'));
}, 120_000);
