/** A Chromium for tests that look at pages. */
import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../../local/parts/chromium.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Every browser of this test file, from the moment on that it is asked for. */
const asked: Promise<Browser>[] = [];
/** A browser that nobody closes keeps Jest from ending: this one place closes them all, whatever became of the tests. */
afterAll(async () => {
  const browsers = await Promise.allSettled(asked.splice(0));
  await Promise.all(browsers.map((browser) => browser.status === 'fulfilled' && browser.value.close()));
}, 30_000);

/**
 * Starts Chromium with a profile of its own: `CHROMIUM_PATH`, the one of this machine, or one that needs no
 * installation. It is closed when the tests of the file are over.
 *
 * @throws PartMissing that says which command installs it
 */
export function openBrowser(): Promise<Browser> {
  const browser = launch();
  asked.push(browser);
  return browser;
}

async function launch(): Promise<Browser> {
  const { path, env } = await findChromium(() => {});
  return chromium.launch({ executablePath: path, env: env as Record<string, string>, args: FLAGS });
}
