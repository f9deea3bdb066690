/** Makes the pictures of the README again: the demo's requisition, a booking page, and the demo's journey in Temporal UI. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import { PDFiumLibrary } from '@hyzyla/pdfium';
import { Junction, JunctionClient } from '@junction-api/sdk';
import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../local/parts/chromium.ts';
import { pngFrom } from '../test/support/png.ts';
import { ADDRESS, PATIENT, walkJourney } from './demo/journey.ts';
import { findOrStartVenule, type Venule } from './demo/venule.ts';

const FOLDER = join(import.meta.dirname, '../docs/pictures');
const pathOf = (name: string) => join(FOLDER, `${name}.png`);
const say = (line: string) => process.stdout.write(`${line}\n`);

const venule = await findOrStartVenule(say);
const { path, env } = await findChromium(say);
const browser = await chromium.launch({
  executablePath: path,
  env: env as Record<string, string>,
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const client = new JunctionClient({ apiKey: venule.apiKey, baseUrl: venule.apiUrl });
  const report = await walkJourney(venule, client, 'labcorp', ({ what }) => say(`  ${what}`));
  await drawRequisition(report.documents.requisition ?? '');
  await drawJourney(browser, venule, report.transaction.id);
  await drawBookingPage(browser, await bookingPage(venule, client));
} finally {
  await browser.close();
  await venule.stop();
}

/** The first page, at 90 dots to the inch. */
async function drawRequisition(pdf: string): Promise<void> {
  const library = await PDFiumLibrary.init();
  const document = await library.loadDocument(readFileSync(pdf));
  try {
    const { data, width, height } = await document.getPage(0).render({ scale: 90 / 72, render: 'bitmap' });
    writeFileSync(pathOf('requisition'), pngOf(data, width, height));
  } finally {
    document.destroy();
    library.destroy();
  }
}

/** The history of events, without the bar beside it, and the head of the list below it. */
async function drawJourney(browser: Browser, { temporalUi, temporalNamespace }: Venule, transaction: string) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
  const workflow = encodeURIComponent(`order-transaction/${transaction}`);
  await page.goto(`${temporalUi}/namespaces/${temporalNamespace}/workflows/${workflow}`);
  const heading = page.getByText('Event History', { exact: true });
  await heading.waitFor();
  await page.waitForLoadState('networkidle');
  const { x, y } = (await heading.boundingBox()) ?? { x: 0, y: 0 };
  await page.screenshot({ path: pathOf('journey'), clip: { x: x - 16, y: y - 8, width: 1280 - x + 16, height: 590 } });
}

/** Where the patient of a new order at home, with a fast, books. */
async function bookingPage({ mail }: Venule, client: JunctionClient): Promise<string> {
  const collectionMethod = Junction.LabTestCollectionMethod.AtHomePhlebotomy;
  const tests = await client.labTests.get({ labSlug: 'labcorp', collectionMethod });
  const fasting = tests.find((test) => test.fasting);
  if (!fasting) throw new Error('The catalog has no test at home that needs a fast');
  const { userId } = await client.user.create({ clientUserId: `pictures-${Date.now()}` });
  const { order } = await client.labTests.createOrder({
    userId,
    orderSet: { labTestIds: [fasting.id] },
    collectionMethod,
    patientDetails: PATIENT,
    patientAddress: ADDRESS,
  });
  for (;;) {
    const mails = (await (await fetch(`${mail}/mails`)).json()) as { id: string; message_id: string | null }[];
    const ours = mails.find(({ message_id }) => message_id?.includes(order.id));
    const html = ours && (await (await fetch(`${mail}/mail/${ours.id}/html`)).text());
    const link = /href="([^"]+\/book\/[^"]+)"/.exec(html ?? '')?.[1];
    if (link) return link;
    await pause(200);
  }
}

/** Down to the first times of a day for which the fast can still be begun: the day after tomorrow, or later. */
async function drawBookingPage(browser: Browser, link: string): Promise<void> {
  const context = await browser.newContext({
    viewport: { width: 860, height: 985 },
    deviceScaleFactor: 1.5,
    timezoneId: 'America/Phoenix',
  });
  const page = await context.newPage();
  await page.goto(link);
  const days = page.getByRole('group', { name: 'Day' }).getByRole('button', { disabled: false });
  await days.first().waitFor();
  await days.nth(2).click();
  await page.mouse.move(0, 0);
  await page.screenshot({ path: pathOf('booking-page') });
}

/** A picture of so many pixels of four bytes, without their transparency. */
function pngOf(pixels: Uint8Array, width: number, height: number): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const lines = Buffer.alloc(height * (1 + width * 3));
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const at = 1 + pixel * 3 + Math.floor(pixel / width);
    lines.set(pixels.subarray(pixel * 4, pixel * 4 + 3), at);
  }
  return pngFrom(head, deflateSync(lines, { level: 9 }));
}
