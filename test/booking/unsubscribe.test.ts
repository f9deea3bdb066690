/** Unsubscribing from mail: the mail program's one click, and the page in Chromium, on real journeys and a real mail server. */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser } from 'playwright-core';
import type { Order } from '../../domain/orders/order.ts';
import { updateTeam } from '../../store/access/teams.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { isUnsubscribed } from '../../store/messages/unsubscriptions.ts';
import { anOrder, type InProcessVenule, type OrderChanges, startVenule } from '../support/running/in-process-venule.ts';
import { stateOf } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';
import { openBrowser } from './browser.ts';

/** Look at them: `SCREENSHOTS` names the folder, a temporary one unless told. */
const PICTURES = process.env.SCREENSHOTS ?? join(tmpdir(), `venule-booking-page-${userInfo().username}`);

const ONALASKA = {
  first_line: '12 Elm Street',
  second_line: null,
  city: 'Onalaska',
  state: 'WI',
  zip_code: '54650',
  access_notes: null,
};

let venule: InProcessVenule;
let browser: Browser;
beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  browser = await openBrowser();
  venule = await startVenule();
}, 120_000);
afterAll(() => venule?.close());

const newAddress = () => `patient-${randomUUID()}@patients.example`;
const mailsTo = (email: string) =>
  venule.mails.filter(({ to }) => to?.[0]?.address?.toLowerCase() === email.toLowerCase());

function place(email: string, changes: OrderChanges = {}): Promise<Order> {
  const { patient } = anOrder(venule.catalogue, venule.teamId, changes);
  return venule.place({ ...changes, patient: { ...patient, email } });
}

/** An order whose patient has been mailed, the mail, and the address of its unsubscribe link. */
async function mailed(email = newAddress()) {
  const order = await place(email);
  const mail = await until(() => mailsTo(email).at(-1));
  const header = (name: string) => mail.headers.find(({ key }) => key === name)?.value;
  const link = /^<(https?:\/\/\S+\/unsubscribe\/[A-Za-z0-9_-]{43})>$/.exec(header('list-unsubscribe') ?? '')?.[1];
  if (!link) throw new Error('The mail has no List-Unsubscribe');
  return { order, email, mail, header, link, url: `${venule.api.url}${new URL(link).pathname}` };
}

async function settings(order: Order) {
  const answer = await fetch(`${venule.api.url}/v3/order/${order.id}/communication_settings`, {
    headers: { 'x-vital-api-key': venule.api.key },
  });
  return (await answer.json()) as { email_unsubscribed: boolean; held_back: { kind: string; reason: string }[] };
}

/** Places an order for that address and waits until its mail was held back. */
async function heldBack(email: string): Promise<Order> {
  const order = await place(email);
  await until(async () => (await settings(order)).held_back.length > 0);
  return order;
}

test('every mail carries the link: in its headers for one click, and in both twins for the reader', async () => {
  const { mail, header, link } = await mailed();
  expect(header('list-unsubscribe-post')).toBe('List-Unsubscribe=One-Click');
  expect(mail.html).toContain(`href="${link}"`);
  expect(mail.text).toContain(link);
});

test('the mail program’s one click: no further mail of that team goes there, whatever the order, and the caller sees it', async () => {
  const { email, url, order } = await mailed();
  const clicked = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'List-Unsubscribe=One-Click',
    redirect: 'error',
  });
  expect(clicked.status).toBe(200);
  const before = mailsTo(email).length;

  const second = await heldBack(email.toUpperCase());
  expect(await settings(second)).toMatchObject({
    email_unsubscribed: true,
    held_back: [{ way: 'email', kind: 'requisition_ready', reason: 'unsubscribed' }],
  });
  await venule.journeys.cancel(await venule.reaches(order.id, 'requisition_created'));
  await venule.ended(order);
  expect((await settings(order)).held_back).toMatchObject([{ kind: 'order_cancelled', reason: 'unsubscribed' }]);
  expect(mailsTo(email)).toHaveLength(before);
  expect((await stateOf(venule.workflow(order))).troubles).toEqual([]);

  const { email: other } = await mailed();
  expect(mailsTo(other)).toHaveLength(1);
});

test('the mails about appointments are held back, too', async () => {
  const email = newAddress();
  const order = await place(email, { labTest: 'labcorp-lipid-panel-at-home' });
  const mail = await until(() => mailsTo(email).at(-1));
  const link = mail.headers.find(({ key }) => key === 'list-unsubscribe')?.value ?? '';
  await fetch(`${venule.api.url}${/\/unsubscribe\/[\w-]+/.exec(link)?.[0]}`, { method: 'POST' });
  await venule.journeys.appointment(await venule.reaches(order.id, 'requisition_created'), {
    kind: 'request',
    appointment_id: randomUUID(),
    provider: 'phlebfinders',
    address: ONALASKA,
    location: { lng: -91.2, lat: 43.9 },
    appointment_notes: null,
  });
  await until(async () => (await settings(order)).held_back.length > 0);
  expect((await settings(order)).held_back).toMatchObject([{ kind: 'appointment_pending', reason: 'unsubscribed' }]);
  expect(mailsTo(email)).toHaveLength(1);
});

test('to look at the link changes nothing: who scans mail opens every link', async () => {
  const { order, email, url } = await mailed();
  for (const method of ['GET', 'HEAD', 'GET']) expect((await fetch(url, { method })).status).toBe(200);
  expect((await settings(order)).email_unsubscribed).toBe(false);
  await place(email);
  await until(() => mailsTo(email).length === 2);
});

test('the patient ends the mail on the page, and takes that back there', async () => {
  const { order, email, url } = await mailed();
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  const heading = (name: RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();
  const inspect = async (name: string) => {
    for (const [size, width] of [
      ['desktop', 1100],
      ['phone', 360],
    ] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.screenshot({ path: join(PICTURES, `unsubscribe-${name}-${size}.png`), fullPage: true });
      await page.evaluate(axe.source);
      const { violations } = (await page.evaluate('axe.run()')) as axe.AxeResults;
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    }
  };
  try {
    await page.goto(url);
    await heading(/^Unsubscribe from Northwind Health’s mail\?$/);
    await inspect('1-before');
    await page.getByRole('button', { name: 'Unsubscribe' }).click();
    await heading(/^You are unsubscribed from Northwind Health’s mail$/);
    await inspect('2-after');
    expect((await settings(order)).email_unsubscribed).toBe(true);
    await heldBack(email);

    await page.goto(url);
    await page.getByRole('button', { name: 'Resubscribe' }).click();
    await page.getByText('You will receive mail from Northwind Health again.').waitFor();
    await inspect('3-undone');
    expect((await settings(order)).email_unsubscribed).toBe(false);
    await place(email);
    await until(() => mailsTo(email).length === 2);
  } finally {
    await page.close();
  }
});

test('neither address nor token is stored, and another team’s mail is another matter', async () => {
  const { email, url } = await mailed();
  await fetch(url, { method: 'POST' });
  const stored = JSON.stringify([
    await venule.store.unsubscribeLinks.find().lean(),
    await venule.store.unsubscriptions.find().lean(),
    await venule.store.audit.find().lean(),
  ]);
  expect(stored).not.toContain(email);
  expect(stored).not.toContain(url.split('/').at(-1));
  expect(
    await venule.store.audit.countDocuments({ 'by.kind': 'patient_link', action: 'mail.unsubscribed' }),
  ).toBeGreaterThan(0);
  expect(await isUnsubscribed(venule.store, venule.teamId, email)).toBe(true);
  expect(await isUnsubscribed(venule.store, randomUUID(), email)).toBe(false);
});

test('a link that was never given out changes nothing and names nobody; a team’s name cannot become markup', async () => {
  const unknown = `${venule.api.url}/unsubscribe/${'A'.repeat(43)}`;
  const before = await venule.store.unsubscriptions.countDocuments();
  for (const [path, method] of [
    ['', 'GET'],
    ['', 'POST'],
    ['/undo', 'POST'],
  ] as const) {
    const answer = await fetch(`${unknown}${path}`, { method });
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain('Northwind');
  }
  expect(await venule.store.unsubscriptions.countDocuments()).toBe(before);

  const { url } = await mailed();
  await updateTeam(venule.store, venule.teamId, { name: '<b>"Northwind"</b>' });
  const answer = await fetch(url);
  await updateTeam(venule.store, venule.teamId, { name: 'Northwind Health' });
  expect(await answer.text()).not.toContain('<b>');
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-robots-tag': 'noindex, nofollow',
    'content-security-policy': expect.stringContaining("default-src 'none'"),
  });
});

test('while the database is away, the mail program is told to come again, and so is the reader', async () => {
  const { order, url } = await mailed();
  const findOne = jest
    .spyOn(collectionOf(venule.store.unsubscribeLinks), 'findOne')
    .mockRejectedValueOnce(new Error('away'));
  const answer = await fetch(url, { method: 'POST' });
  findOne.mockRestore();
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain('Please try again in a few minutes. It is safe to do this twice.');
  expect((await settings(order)).email_unsubscribed).toBe(false);
  await fetch(url, { method: 'POST' });
  expect((await settings(order)).email_unsubscribed).toBe(true);
});

test('a redraw begins with the SMS switch of its initial order', async () => {
  const order = await venule.place({ options: { sms_enabled: true } });
  await venule.reaches(order.id, 'requisition_created');
  await fetch(`${venule.api.url}/v3/order/${order.id}/communication_settings`, {
    method: 'PATCH',
    headers: { 'x-vital-api-key': venule.api.key, 'content-type': 'application/json' },
    body: '{"sms_enabled":false}',
  });
  await venule.simulate(order, { final_status: 'completed', has_missing_results: true });
  expect(await venule.redrawOf(order)).toMatchObject({ sms_enabled: false });
});
