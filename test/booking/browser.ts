/** A Chromium for tests that look at pages: the one that is installed, without a download. */
import { spawnSync } from 'node:child_process';
import { type Browser, chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Starts Chromium: `CHROMIUM_PATH`, or `chromium` on the PATH.
 * @throws Error that says which command installs it
 */
export async function openBrowser(): Promise<Browser> {
  const found = spawnSync('sh', ['-c', 'command -v chromium || command -v chromium-browser'], { encoding: 'utf8' });
  const executablePath = process.env.CHROMIUM_PATH || found.stdout.trim().split('\n')[0];
  if (!executablePath) {
    throw new Error(
      'The booking page is tested in Chromium, which is not here. Install it with `sudo apt-get install chromium` (or `npx playwright-core install --with-deps chromium`) and set CHROMIUM_PATH if it is not on the PATH.',
    );
  }
  return chromium.launch({ executablePath, args: FLAGS });
}
