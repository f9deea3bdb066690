/** A Chromium for tests that look at pages. */
import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../../scripts/parts/chromium.ts';

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
 * Starts Chromium with a profile of its own: `CHROMIUM_PATH`, the one of this machine, or one that needs no
 * installation.
 *
 * @throws PartMissing that says which command installs it
 */
export async function openBrowser(): Promise<Browser> {
  const { path, env } = await findChromium(() => {});
  return chromium.launch({ executablePath: path, env: env as Record<string, string>, args: FLAGS });
}
