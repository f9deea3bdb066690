/** The booking page in Chromium, on the real API, a real journey and the sandbox providers. */
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import { DateTime } from 'luxon';
import { pino } from 'pino';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { createApp } from '../../api/app.ts';
import type { Order } from '../../domain/orders/order.ts';
import { createBookingUrl } from '../../links/booking-url.ts';
import { revokeBookingLinks } from '../../store/access/booking-links.ts';
import { updateTeam } from '../../store/access/teams.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { parseCodecKeys } from '../../temporal/codec.ts';
import { readByZxingCpp } from '../documents/barcode-readers.ts';
import { pagesOf, picturesOf } from '../documents/pdf-reader.ts';
import { TEST_BOOKING_KEYS, TEST_CONFIG } from '../support/api.ts';
import {
  anOrder,
  type InProcessVenule,
  type OrderChanges,
  startVenule,
  TEST_CODEC_KEYS,
} from '../support/running/in-process-venule.ts';
import { until } from '../support/until.ts';
import { openBrowser } from './browser.ts';

/** Look at them: `SCREENSHOTS` names the folder, a temporary one unless told. */
const PICTURES = process.env.SCREENSHOTS ?? join(tmpdir(), `venule-booking-page-${userInfo().username}`);
const DESKTOP = { width: 1100, height: 900 };
const PHONE = { width: 360, height: 740 };

let venule: InProcessVenule;
let server: Server;
let browser: Browser;
let api: string;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  browser = await openBrowser();
  venule = await startVenule();
  const { store, catalogue, journeys, policy, documents } = venule;
  const app = createApp({
    store,
    catalogue,
    bookingKeys: TEST_BOOKING_KEYS,
    journeys,
    simulations: { start: async () => undefined },
    policy,
    documents,
    temporalAnswers: async () => true,
    config: { ...TEST_CONFIG, sandboxUrl: venule.sandbox.url },
    logger: pino({ level: process.env.VENULE_TEST_LOG ?? 'silent' }),
    webhookAllowPrivate: true,
  });
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}, 120_000);

afterEach(() => Promise.all(contexts.splice(0).map((context) => context.close())));

afterAll(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
  await venule?.close();
});

/** An order whose patient has been mailed, and the path that the mail links to. */
async function mailed(changes: OrderChanges): Promise<{ order: Order; path: string }> {
  const email = `patient-${Math.random().toString(36).slice(2)}@patients.example`;
  const { patient } = anOrder(venule.catalogue, venule.teamId, changes);
  const order = await venule.place({ ...changes, patient: { ...patient, email } });
  const mail = await until(() => venule.mails.find(({ to }) => to?.some(({ address }) => address === email)));
  const path = /\/book\/[A-Za-z0-9_-]{43}/.exec(mail.html ?? '')?.[0];
  if (!path) throw new Error('The mail links to no booking page');
  return { order, path };
}

const atHome = { labTest: 'labcorp-lipid-panel-at-home' };

async function open(path: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  const context = await browser.newContext({
    viewport: DESKTOP,
    timezoneId: 'America/Phoenix',
    locale: 'en-US',
    reducedMotion: 'reduce',
    ...options,
  });
  contexts.push(context);
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) faults.push(message.text());
  });
  await page.goto(`${api}${path}`);
  return page;
}
const faults: string[] = [];
afterEach(() => expect(faults.splice(0)).toEqual([]));

/** A picture at both widths, and nothing serious for the accessibility checker at either. */
async function inspect(page: Page, name: string): Promise<void> {
  for (const [width, size] of [
    ['desktop', DESKTOP],
    ['phone', PHONE],
  ] as const) {
    await page.setViewportSize(size);
    await page.screenshot({ path: join(PICTURES, `${name}-${width}.png`), fullPage: true });
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(overflow).toBe(0);
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate('axe.run()')) as axe.AxeResults;
    expect(violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.map(({ html }) => html) }))).toEqual(
      [],
    );
  }
  await page.setViewportSize(DESKTOP);
}

const heading = (page: Page, text: string) => page.getByRole('heading', { level: 1, name: text }).waitFor();
const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click();
const times = (page: Page) => page.getByRole('group', { name: /^Times on/ }).getByRole('button');
/** The second of the days that are free, so that no time passes meanwhile. */
const pickDay = async (page: Page, index: number) => {
  const days = page.getByRole('group', { name: 'Day' }).getByRole('button', { disabled: false });
  await days.first().waitFor();
  await days.nth(index).click();
};
const held = async (order: Order) => {
  const [appointment] = await venule.store.appointments.find({ order_id: order.id }).sort({ created_at: -1 }).lean();
  const { appointments } = await venule.atProvider(`/sandbox/phlebotomy/${appointment?.provider}/appointments`);
  const theirs = appointments.find(({ reference }: { reference: string }) => reference === appointment?._id);
  return { appointment, theirs };
};

test('A4, B1, B2: the patient books a home visit from the link in the mail, moves it and cancels it', async () => {
  const { order, path } = await mailed(atHome);
  const page = await open(path);
  await heading(page, 'Choose a time for your home visit');
  await pickDay(page, 2);
  await inspect(page, '1-choose');

  await times(page).nth(3).click();
  await heading(page, 'Book this time?');
  await page.getByLabel(/How do we get to your door/).fill('Gate code 4711');
  await page.getByLabel(/Is there anything we should know/).fill('left arm');
  await inspect(page, '2-confirm');
  await press(page, 'Book this time');
  await heading(page, 'Your home visit is booked');
  expect(await page.getByRole('status').textContent()).toBe('Your appointment is booked.');
  await inspect(page, '3-booked');
  const booked = await held(order);
  expect(booked.theirs).toMatchObject({
    status: 'scheduled',
    access_notes: 'Gate code 4711',
    appointment_notes: 'left arm',
  });

  await press(page, 'Choose another time');
  await pickDay(page, 3);
  await inspect(page, '4-move');
  await times(page).nth(2).click();
  await heading(page, 'Move your appointment?');
  expect(await page.getByLabel(/Is there anything we should know/).inputValue()).toBe('left arm');
  await page.getByLabel(/Is there anything we should know/).fill('right arm');
  await press(page, 'Move the appointment');
  await heading(page, 'Your home visit is booked');
  const moved = await held(order);
  expect(moved.appointment?._id).toBe(booked.appointment?._id);
  expect(moved.appointment?.start_at).not.toBe(booked.appointment?.start_at);
  expect(moved.theirs).toMatchObject({ access_notes: 'Gate code 4711', appointment_notes: 'right arm' });

  await press(page, 'Cancel the appointment');
  await press(page, 'Cancel the appointment');
  expect(await page.getByRole('status').textContent()).toBe('Please choose a reason.');
  await page.getByLabel('The time no longer works for me').check();
  await inspect(page, '5-cancel');
  await press(page, 'Cancel the appointment');
  await heading(page, 'Choose a time for your home visit');
  expect((await held(order)).theirs).toMatchObject({ status: 'cancelled' });
});

test('G6: times are those of the place, and the device’s stand beside them where clocks differ', async () => {
  const { order, path } = await mailed(atHome);
  const page = await open(path, { timezoneId: 'America/Puerto_Rico', colorScheme: 'dark' });
  await heading(page, 'Choose a time for your home visit');
  const zones =
    'Times are in the location’s time zone, Mountain Standard Time. Your device is in Atlantic Standard Time';
  await page.getByText(zones).waitFor();
  await pickDay(page, 2);
  expect(await times(page).first().textContent()).toBe('7:00 – 7:30 AM10:00 AM for you');
  await inspect(page, '6-elsewhere-choose-dark');
  await times(page).first().click();
  const text = await page.getByRole('main').textContent();
  expect(text).toMatch(/Arrival window7:00 AM to 7:30 AM \(Mountain Standard Time\)/);
  expect(text).toMatch(/On your device.*10:00 AM to 10:30 AM \(Atlantic Standard Time\)/);
  await inspect(page, '6-elsewhere-dark');
  await press(page, 'Book this time');
  await heading(page, 'Your home visit is booked');
  expect((await held(order)).appointment?.time_zone).toBe('America/Phoenix');
});

test('4.4: Back goes one step back, to what was chosen and typed; Forward returns', async () => {
  const { order, path } = await mailed(atHome);
  const page = await open(path);
  await pickDay(page, 4);
  const day = await page.getByRole('group', { name: 'Day' }).getByRole('button', { pressed: true }).textContent();
  await times(page).nth(1).click();
  await heading(page, 'Book this time?');
  await page.getByLabel(/Is there anything we should know/).fill('left arm');
  await page.goBack();
  await heading(page, 'Choose a time for your home visit');
  const pressed = page.getByRole('group', { name: 'Day' }).getByRole('button', { pressed: true });
  expect(await pressed.textContent()).toBe(day);
  await page.goForward();
  await heading(page, 'Book this time?');
  expect(await page.getByLabel(/Is there anything we should know/).inputValue()).toBe('left arm');
  await press(page, 'Choose another time');
  await heading(page, 'Choose a time for your home visit');
  expect(await pressed.textContent()).toBe(day);
  await times(page).nth(2).click();
  await press(page, 'Book this time');
  await heading(page, 'Your home visit is booked');

  await press(page, 'Choose another time');
  await pickDay(page, 5);
  await times(page).first().click();
  await heading(page, 'Move your appointment?');
  await page.goBack();
  await heading(page, 'Choose another time');
  await page.goBack();
  await heading(page, 'Your home visit is booked');
  await press(page, 'Cancel the appointment');
  await heading(page, 'Cancel your appointment?');
  await page.goBack();
  await heading(page, 'Your home visit is booked');
  expect((await held(order)).theirs).toMatchObject({ status: 'scheduled' });
  await page.reload();
  await heading(page, 'Your home visit is booked');
});

test('4.4: the present time is marked when the appointment is moved, and is not to choose', async () => {
  const { path } = await mailed(atHome);
  const page = await open(path);
  await pickDay(page, 2);
  const day = await page
    .getByRole('group', { name: 'Day' })
    .getByRole('button', { pressed: true })
    .getAttribute('data-day');
  const name = '8:00 – 8:30 AM';
  await times(page).filter({ hasText: name }).click();
  await press(page, 'Book this time');
  await heading(page, 'Your home visit is booked');
  await press(page, 'Choose another time');
  const marked = page.getByRole('button', { name: /the day of your appointment/ });
  await marked.click();
  expect(await marked.getAttribute('data-day')).toBe(day);
  expect(await page.getByText('Your current time').count()).toBe(1);
  expect(await page.getByText('8:00 – 8:30 AMYour current time').count()).toBe(1);
  expect(await times(page).filter({ hasText: name }).count()).toBe(0);
  await inspect(page, '15-present');
});

test('G6: a page about a fasting draw says so, recommends the morning, and names the hour of the last meal', async () => {
  const { path } = await mailed({ labTest: 'quest-lipid-panel' });
  const page = await open(path);
  await page
    .getByText('Please fast: have nothing to eat or drink but water for 8 to 12 hours before the draw.')
    .waitFor();
  await page.getByText(/A morning appointment is easiest/).waitFor();
  await press(page, /^Choose a time here/);
  await pickDay(page, 2);
  await page.getByText('Morning: recommended').waitFor();
  const start = DateTime.fromFormat((await times(page).first().textContent()) ?? '', 'h:mm a');
  const meal = `8 to 12 hours before the draw. No meal after ${start.minus({ hours: 8 }).toFormat('h:mm a')} on`;
  await times(page).first().click();
  await page.getByText(meal).waitFor();
  await press(page, 'Book this time');
  await heading(page, 'Your appointment is booked');
  await page.getByText(meal).waitFor();

  const { path: eating } = await mailed({ labTest: 'quest-thyroid-panel' });
  const other = await open(eating);
  await other.getByRole('listitem').first().waitFor();
  expect(await other.getByText(/fast/i).count()).toBe(0);
});

test('G6: a time for which a fast can no longer be begun is not recommended, and asks about the last meal', async () => {
  const { path } = await mailed({ labTest: 'labcorp-lipid-panel-at-home' });
  const page = await open(path);
  await pickDay(page, 2);
  const day = await page.getByRole('button', { pressed: true }).getAttribute('data-day');
  const { slots } = (await page.evaluate(
    async (address) => {
      const body = JSON.stringify({ start_date: address.day });
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`${address.path}/times`, { method: 'POST', headers, body })).json();
    },
    { path, day },
  )) as { slots: { start: string }[] };
  const [first] = slots;
  if (!first) throw new Error('The sandbox has no times on that day');
  await page.clock.setFixedTime(Date.parse(first.start) - 8 * 3_600_000 + 1);
  await page.reload();
  const chosen = page.locator(`button[data-day="${day}"]`);
  await chosen.click();
  const under = (words: string) => page.locator(`p:has-text("${words}") + .grid`).getByRole('button');
  expect(await under('Morning: only if you have had nothing but water for 8 hours by then').count()).toBe(1);
  expect(await under('Morning: recommended because you need to fast').count()).toBeGreaterThan(1);
  await inspect(page, '18-too-late-to-fast');
  await times(page).first().click();
  await page.getByText(/The last meal must have been before .*please choose another time/).waitFor();
  expect(await page.getByText('No meal after').count()).toBe(0);
  await press(page, 'Choose another time');
  await times(page).nth(1).click();
  await page.getByText('No meal after').waitFor();
});

test('4.3: the appointment can be added to a calendar, as the entry that a mail would bring', async () => {
  const { order, path } = await mailed({ labTest: 'quest-lipid-panel' });
  const page = await open(path);
  const file = () => page.request.get(`${api}${path}/appointment.ics`);
  const none = await file();
  expect([none.status(), none.headers()['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
  await press(page, /^Choose a time here/);
  await pickDay(page, 2);
  await times(page).first().click();
  await press(page, 'Book this time');
  await heading(page, 'Your appointment is booked');
  expect(await page.getByRole('link', { name: 'Add to calendar' }).getAttribute('href')).toBe(
    `${path}/appointment.ics`,
  );
  expect(await page.getByRole('link', { name: 'Directions' }).first().getAttribute('href')).toMatch(
    /google\.com\/maps\/dir/,
  );
  const answer = await file();
  expect(answer.headers()['content-type']).toContain('text/calendar');
  const { appointment } = await held(order);
  const content = (await answer.text()).replace(/\r\n /g, '');
  expect(content).toContain(`UID:${appointment?._id}@venule`);
  expect(content).toContain('METHOD:PUBLISH');
  expect(content).toContain('for 8 to 12 hours before the draw');
  expect(content).not.toContain('ATTENDEE');
  const mail = await until(() =>
    venule.mails.find(
      ({ to, subject }) => to?.[0]?.address === order.patient.email && /is confirmed$/.test(subject ?? ''),
    ),
  );
  expect(mail.attachments.some(({ mimeType }) => mimeType === 'text/calendar')).toBe(true);
  await inspect(page, '16-center-booked');
});

test('4.4: another ZIP can be searched; one that is none is refused in words; where nobody is, it says so', async () => {
  const { path } = await mailed({ labTest: 'quest-lipid-panel' });
  const page = await open(path);
  await page.getByRole('heading', { level: 3, name: 'Phoenix Downtown' }).waitFor();
  const search = async (zip: string) => {
    await page.getByLabel('Near ZIP code').fill(zip);
    await press(page, 'Search');
  };
  await search('11201');
  await page.getByRole('heading', { level: 3, name: 'Brooklyn Heights' }).waitFor();
  expect(await page.getByRole('heading', { level: 3, name: 'Phoenix Downtown' }).count()).toBe(0);
  await search('1120');
  await page.getByText('Please enter a ZIP code of five digits.').waitFor();
  await search('99501');
  await page.getByText('No Quest Diagnostics patient service center is listed within 50 miles of 99501.').waitFor();
  await inspect(page, '17-nobody-near');
});

test('4.4: when the provider is down, whom to call stands first, before the way to try again', async () => {
  const { path } = await mailed(atHome);
  const { path: walkIn } = await mailed({ labTest: 'quest-lipid-panel' });
  const down = (provider: string, mode: string) =>
    venule.atProvider('/sandbox/phlebotomy/faults', {
      provider,
      mode,
      ...(mode !== 'ok' && { calls: ['availability', 'locations', 'coverage'] }),
    });
  await down('getlabs', 'error');
  await down('quest', 'error');
  try {
    for (const [link, words] of [
      [path, 'Times are not available at the moment.'],
      [walkIn, 'The list of locations is not available at the moment.'],
    ] as const) {
      const page = await open(link);
      await page.getByText(words).waitFor();
      const text = (await page.getByRole('main').textContent()) ?? '';
      expect(text.indexOf('(212) 555-0100')).toBeGreaterThan(0);
      expect(text.indexOf('(212) 555-0100')).toBeLessThan(text.indexOf(words));
      expect(text.indexOf(words)).toBeLessThan(text.indexOf('Try again'));
      await inspect(page, `18-down-${link === path ? 'home' : 'center'}`);
      faults.length = 0;
    }
  } finally {
    await down('getlabs', 'ok');
    await down('quest', 'ok');
  }
});

test('4.4: a link that was cut or garbled gets the page, not JSON', async () => {
  const { path } = await mailed(atHome);
  for (const cut of [
    '/book',
    '/book/',
    path.slice(0, -5),
    `${path}/x`,
    `${path.slice(0, 20)}/requisition.pdf`,
    `${path.slice(0, 20)}/appointment.ics`,
    '/book/%E0%A4%A',
    '/unsubscribe',
    '/unsubscribe/',
    '/unsubscribe/abc/def',
    '/unsubscribe/%E0%A4%A',
  ]) {
    const answer = await fetch(`${api}${cut}`);
    expect([cut, answer.status, answer.headers.get('content-type')]).toEqual([cut, 404, 'text/html; charset=utf-8']);
    expect(await answer.text()).toContain('<h1>This link does not work</h1>');
  }
});

test('4.4, G5: the page shows the team’s logo, says how the patient is reached, and that a sandbox is one', async () => {
  const { patient, address } = anOrder(venule.catalogue, venule.teamId);
  const logo = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
  await collectionOf(venule.store.teams).updateOne({ _id: venule.teamId }, { $set: { logo } });
  try {
    const { path } = await mailed({ ...atHome, patient, address: { ...address, access_notes: 'Gate code 4711' } });
    const page = await open(path);
    await pickDay(page, 2);
    await page.getByRole('img', { name: 'Northwind Health' }).waitFor();
    expect(await page.evaluate("document.querySelector('header img').naturalWidth")).toBe(1);
    await page.getByText('Sandbox. This is a test').waitFor();
    expect(await page.title()).toMatch(/^\[Sandbox\] /);
    await page.getByText('How to get to your door').waitFor();
    await page.getByText('Gate code 4711').waitFor();
  } finally {
    await collectionOf(venule.store.teams).updateOne({ _id: venule.teamId }, { $set: { logo: null } });
  }
});

test('G6: the page about a minor’s draw asks for a guardian, and names nobody', async () => {
  const { patient, address } = anOrder(venule.catalogue, venule.teamId);
  const { receiver_name, phone_number, access_notes, ...place } = address;
  const medical_proxy = {
    ...{ first_name: 'Maria', last_name: 'Bell', address: place, phone_number: '+16025550177', email: null },
    ...{ household_income: null, household_size: null },
  };
  const minor = { ...patient, dob: '2015-06-01', medical_proxy };
  await updateTeam(venule.store, venule.teamId, { options: { minor_ordering_enabled: true } });
  const { path } = await mailed({ labTest: 'quest-lipid-panel', patient: minor });
  const page = await open(path);
  await page.getByText('A guardian must be present: the patient is a minor.').waitFor();
  await page.getByText(/^The patient must fast/).waitFor();
  expect(await page.content()).not.toMatch(/Maria|Ana/);
});

test('everything can be done from the keyboard', async () => {
  const { order, path } = await mailed(atHome);
  const page = await open(path);
  const day = page.getByRole('group', { name: 'Day' }).getByRole('button', { disabled: false });
  await day.first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await times(page).first().focus();
  await page.keyboard.press('Enter');
  await heading(page, 'Book this time?');
  expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
  for (const _ of ['access notes', 'notes', 'button']) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await heading(page, 'Your home visit is booked');
  expect((await held(order)).theirs).toMatchObject({ status: 'scheduled' });
});

test('a time that somebody else took meanwhile: said so, and other times are offered', async () => {
  const { path } = await mailed(atHome);
  const page = await open(path);
  await pickDay(page, 2);
  await times(page).first().click();
  await venule.atProvider('/sandbox/phlebotomy/faults', {
    provider: 'getlabs',
    mode: 'slot_taken',
    times: 1,
    calls: ['book'],
  });
  await press(page, 'Book this time');
  await page.getByText('This appointment slot is no longer available. Please select a new time.').waitFor();
  await times(page).first().waitFor();
});

test('where the provider finds the time, the visit is requested', async () => {
  const place = { city: 'Onalaska', state: 'WI', zip: '54650' };
  const { order, path } = await mailed({
    ...atHome,
    address: { ...anOrder(venule.catalogue, venule.teamId).address, ...place },
  });
  const page = await open(path);
  await heading(page, 'Request your home visit');
  await inspect(page, '7-request');
  await press(page, 'Request a visit');
  await heading(page, 'Your home visit has been requested');
  expect((await held(order)).theirs).toMatchObject({ status: 'pending' });
});

test('where nobody comes, the page says so', async () => {
  const place = { city: 'New York', state: 'NY', zip: '10001' };
  const { path } = await mailed({
    ...atHome,
    address: { ...anOrder(venule.catalogue, venule.teamId).address, ...place },
  });
  const page = await open(path);
  await page.getByText('No times can be booked here at the moment.').waitFor();
});

test('further days are a button away', async () => {
  const { path } = await mailed(atHome);
  const page = await open(path);
  await times(page).first().waitFor();
  const shown = page.getByRole('group', { name: 'Day' }).getByRole('button').first();
  const before = await shown.getAttribute('data-day');
  await press(page, 'Later days');
  await page.getByRole('button', { name: 'Earlier days' }).waitFor();
  const after = await shown.getAttribute('data-day');
  expect((Date.parse(after ?? '') - Date.parse(before ?? '')) / 86_400_000).toBe(14);
  await press(page, 'Earlier days');
  await until(async () => (await shown.getAttribute('data-day')) === before);
});

test('an answer that got lost: the page finds that the visit is booked', async () => {
  const { order, path } = await mailed(atHome);
  const page = await open(path);
  await pickDay(page, 4);
  await times(page).first().click();
  await page.route('**/book/*/book', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await press(page, 'Book this time');
  await heading(page, 'Your home visit is booked');
  expect(await venule.store.appointments.countDocuments({ order_id: order.id })).toBe(1);
  faults.length = 0;
});

test('C2: a visit of which nobody has heard for three days is shown as overdue, and another can be booked', async () => {
  const { order, path } = await mailed(atHome);
  const page = await open(path);
  await pickDay(page, 2);
  await times(page).first().click();
  await press(page, 'Book this time');
  await heading(page, 'Your home visit is booked');
  const first = await held(order);
  const fourDaysAgo = new Date(Date.now() - 4 * 86_400_000).toISOString().replace(/T.*/, 'T17:00:00.000Z');
  await venule.atProvider(`/sandbox/phlebotomy/getlabs/appointments/${first.theirs.id}/simulate`, {
    status: 'scheduled',
    start: fourDaysAgo,
  });
  await until(async () => (await held(order)).appointment?.start_at === fourDaysAgo);

  const asCaller = async () => {
    const answer = await fetch(`${venule.api.url}/v3/order/${order.id}/phlebotomy/appointment`, {
      headers: { 'x-vital-api-key': venule.api.key },
    });
    return answer.json();
  };
  expect(await asCaller()).toMatchObject({ id: first.appointment?._id, status: 'confirmed', is_overdue: true });
  await page.reload();
  await heading(page, 'Did your home visit take place?');
  await page.getByText(/If not, please choose another time/).waitFor();
  expect(await page.getByRole('button', { name: /Cancel|Choose another time/ }).count()).toBe(0);
  await pickDay(page, 3);
  await inspect(page, '12-overdue');
  await times(page).first().click();
  await press(page, 'Book this time');
  await heading(page, 'Your home visit is booked');
  const second = await held(order);
  expect(second.appointment?._id).not.toBe(first.appointment?._id);
  expect(second.theirs).toMatchObject({ status: 'scheduled' });
  expect(await asCaller()).toMatchObject({ id: second.appointment?._id, is_overdue: false });
  const closed = await venule.store.appointments.findById(first.appointment?._id).lean();
  expect(closed?.events.at(-1)).toMatchObject({ status: 'cancelled', data: { origin: 'overdue' } });
});

test('walk-in: the nearest service centers, a time at one of them, and the requisition', async () => {
  const { order, path } = await mailed({ labTest: 'quest-lipid-panel' });
  const page = await open(path);
  await heading(page, 'Where to have your sample taken');
  await page.getByRole('listitem').first().waitFor();
  await inspect(page, '8-centres');
  const requisition = await page.request.get(`${api}${path}/requisition.pdf`);
  expect(requisition.headers()).toMatchObject({ 'content-type': 'application/pdf', 'cache-control': 'no-store' });
  await press(page, /^Choose a time here/);
  await pickDay(page, 2);
  await inspect(page, '9-at-center');
  await times(page).first().click();
  await press(page, 'Book this time');
  await heading(page, 'Your appointment is booked');
  const booked = (await held(order)).appointment;
  expect(booked).toMatchObject({ type: 'patient_service_center', status: 'scheduled' });

  await press(page, 'Choose another time');
  await page
    .getByRole('button', { name: /^Choose a time here/ })
    .nth(1)
    .click();
  await pickDay(page, 3);
  await times(page).first().click();
  await press(page, 'Move the appointment');
  await heading(page, 'Your appointment is booked');
  const moved = (await held(order)).appointment;
  expect(moved?._id).toBe(booked?._id);
  expect(moved?.site_code).not.toBe(booked?.site_code);

  await press(page, 'Cancel the appointment');
  await page.getByLabel('Another reason').check();
  await press(page, 'Cancel the appointment');
  await heading(page, 'Where to have your sample taken');
  expect((await held(order)).theirs).toMatchObject({ status: 'cancelled' });
});

test('F7: an order that is over and still has an appointment: it is shown and can be cancelled, until its time has come', async () => {
  const { order, path } = await mailed({ labTest: 'quest-lipid-panel' });
  const page = await open(path);
  await press(page, /^Choose a time here/);
  await pickDay(page, 2);
  await times(page).first().click();
  await press(page, 'Book this time');
  await heading(page, 'Your appointment is booked');
  const { appointment } = await held(order);

  const actions = () => page.getByRole('button').allTextContents();
  const order_id = { _id: order.id };
  await venule.journeys.cancel(await venule.store.orders.findById(order.id).orFail().lean());
  for (const [last_status, title, otherwise] of [
    ['cancelled', 'This order was canceled', 'There is nothing else you need to do.'],
    ['completed', 'This order is closed', 'There is nothing else to book.'],
    ['partial_results', 'Your sample is with the laboratory', 'There is nothing else to book.'],
  ] as const) {
    await collectionOf(venule.store.orders).updateOne(order_id, { $set: { last_status } });
    await page.reload();
    await heading(page, title);
    await page.getByText('You still have this appointment. If you no longer need it, please cancel it.').waitFor();
    await page.getByText(String(appointment?.external_id)).waitFor();
    expect(await actions()).toEqual(['Cancel the appointment']);
    await inspect(page, `14-over-${last_status}`);

    const at = (start_at: string | null | undefined) =>
      collectionOf(venule.store.appointments).updateOne(
        { order_id: order.id },
        { $set: { start_at: start_at ?? null } },
      );
    await at(new Date(Date.now() - 3_600_000).toISOString());
    await page.reload();
    await page.getByText(otherwise).waitFor();
    expect(await actions()).toEqual([]);
    await at(appointment?.start_at);
  }
});

test('4.4: walk-in at a laboratory whose service centers take no appointments: where they are, and the way there', async () => {
  for (const [labTest, center, laboratory] of [
    ['labcorp-lipid-panel', 'Phoenix Roosevelt', 'Labcorp'],
    ['bioreference-lipid-panel', 'Phoenix Encanto', 'BioReference'],
  ] as const) {
    const { path } = await mailed({ labTest });
    const page = await open(path);
    await page.getByRole('heading', { level: 3, name: center }).waitFor();
    await page.getByRole('link', { name: new RegExp(`^All ${laboratory}.* locations$`) }).waitFor();
    expect(await page.getByRole('button', { name: /Choose a time here/ }).count()).toBe(0);
    await inspect(page, `10-walk-in-${labTest}`);
  }
});

/** The last page of an order's requisition: its text, and what its QR code says. */
async function patientsPage(order: Order) {
  await venule.reaches(order.id, 'requisition_created');
  const pdf = await venule.documents.requisition(order.id);
  if (!pdf) throw new Error('There is no requisition');
  const [text, picture] = [(await pagesOf(pdf)).at(-1), (await picturesOf(pdf, 150)).at(-1)];
  if (text === undefined || !picture) throw new Error('A requisition has a last page');
  return { text, codes: await readByZxingCpp(picture, 'QRCode') };
}

test('G6: the QR code on the requisition opens the booking page, once the patient’s birth date was given', async () => {
  const { order } = await mailed(atHome);
  const { text, codes } = await patientsPage(order);
  const [url = ''] = codes;
  expect(url).toMatch(/^http.*\/book\/paper\/[\w-]{43}$/);
  expect(text).toContain(url);
  expect(text).not.toContain('1985');
  const page = await open(new URL(url).pathname);
  await heading(page, 'Book your appointment');
  await inspect(page, '15-paper');
  await page.getByLabel('Patient’s date of birth').fill('1990-02-03');
  await press(page, 'Continue');
  await page.getByRole('alert').getByText('9 more tries are left').waitFor();
  await inspect(page, '15-paper-wrong');
  await page.emulateMedia({ colorScheme: 'dark' });
  await inspect(page, '15-paper-wrong-dark');
  await page.getByLabel('Patient’s date of birth').fill(order.patient.dob);
  await press(page, 'Continue');
  await heading(page, 'Choose a time for your home visit');
  expect(new URL(page.url()).pathname).toMatch(/^\/book\/[\w-]{43}$/);
  await pickDay(page, 2);
  await times(page).first().click();
  await press(page, 'Book this time');
  await heading(page, 'Your home visit is booked');
});

test('a requisition has no QR code where nothing can be booked: walk-in without bookable centers, a canceled order', async () => {
  const bookable = await mailed({ labTest: 'quest-lipid-panel' });
  expect((await patientsPage(bookable.order)).codes).toHaveLength(1);
  const walkIn = await mailed({ labTest: 'labcorp-lipid-panel' });
  await venule.journeys.cancel(await venule.reaches(bookable.order.id, 'requisition_created'));
  for (const { order } of [walkIn, bookable]) {
    const { text, codes } = await patientsPage(order);
    expect(codes).toEqual([]);
    expect(text).not.toMatch(/\/book\/|Book or change/);
  }
});

test('an expired, revoked or unknown link shows nothing about the order', async () => {
  const { order, path } = await mailed(atHome);
  const { path: revoked, order: other } = await mailed(atHome);
  await collectionOf(venule.store.bookingLinks).updateMany(
    { order_id: order.id },
    { $set: { expires_at: new Date() } },
  );
  expect(await revokeBookingLinks(venule.store, other.id)).toBeGreaterThan(0);
  const unknown = `/book/${'A'.repeat(43)}`;
  for (const [link, status, title] of [
    [path, 410, 'This link has expired'],
    [revoked, 410, 'This link is no longer valid'],
    [unknown, 404, 'This link does not work'],
  ] as const) {
    const page = await open(link);
    await heading(page, title);
    for (const part of ['', '/state', '/requisition.pdf', '/centres']) {
      const answer = await fetch(`${api}${link}${part}`);
      const text = await answer.text();
      expect(answer.status).toBe(status);
      for (const secret of [order.patient.first_name, 'Elm', 'Labcorp', order.placer_order_number, order.id]) {
        expect(text).not.toContain(secret);
      }
    }
    await inspect(page, `11-closed-${status}`);
  }
});

test('the link is the same in every message, another one once it was revoked, and none when the order is over', async () => {
  const { order, path } = await mailed({ ...atHome, options: { sms_enabled: true } });
  const urlOf = createBookingUrl(venule.store, {
    keys: parseCodecKeys(TEST_CODEC_KEYS),
    publicUrl: api,
    policy: venule.policy,
  });
  const bookingUrl = async () => urlOf(await venule.store.orders.findById(order.id).orFail().lean<OrderDocument>());
  expect(await bookingUrl()).toBe(`${api}${path}`);
  expect(await bookingUrl()).toBe(`${api}${path}`);
  const [link] = await venule.store.bookingLinks.find({ order_id: order.id, kind: { $exists: false } }).lean();
  expect(JSON.stringify(link)).not.toContain(path.slice('/book/'.length));
  const days = Math.round((Number(link?.expires_at) - Number(link?.created_at)) / 86_400_000);
  expect(days).toBe(60);

  await revokeBookingLinks(venule.store, order.id);
  const renewed = await bookingUrl();
  expect(renewed).not.toBe(`${api}${path}`);
  expect((await fetch(`${api}${path}`)).status).toBe(410);
  expect((await fetch(renewed ?? '')).status).toBe(200);

  await venule.journeys.cancel(await venule.reaches(order.id, 'requisition_created'));
  expect(await bookingUrl()).toBeNull();
  const page = await open(new URL(renewed ?? '').pathname);
  await heading(page, 'This order was canceled');
  expect(await page.getByRole('link', { name: /requisition/ }).count()).toBe(0);
});

test('while the database is away, the patient reads a page that says so, and whom to call', async () => {
  const { path } = await mailed(atHome);
  const findOne = jest
    .spyOn(collectionOf(venule.store.bookingLinks), 'findOne')
    .mockRejectedValueOnce(new Error('away'));
  const page = await open(path);
  await heading(page, 'This page is not available at the moment');
  await page.getByRole('link', { name: '(602) 555-0199' }).waitFor();
  findOne.mockRestore();
  faults.length = 0;
});

test('only the page itself can ask: another site’s requests and forms are refused', async () => {
  const { order, path } = await mailed(atHome);
  const json = { 'content-type': 'application/json' };
  const ask = (headers: Record<string, string>) =>
    fetch(`${api}${path}/times`, { method: 'POST', headers, body: '{}' }).then(({ status }) => status);
  expect(await ask({ ...json, 'sec-fetch-site': 'cross-site' })).toBe(403);
  expect(await ask({ ...json, origin: 'https://elsewhere.example' })).toBe(403);
  expect(await ask(json)).toBe(403);
  expect(await ask({ 'content-type': 'text/plain', origin: api })).toBe(400);
  expect(await ask({ ...json, origin: api })).toBe(200);
  const page = await fetch(`${api}${path}`);
  expect(Object.fromEntries(page.headers)).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-robots-tag': 'noindex, nofollow',
    'content-security-policy': expect.stringContaining("default-src 'none'"),
  });
  expect(await venule.store.appointments.countDocuments({ order_id: order.id })).toBe(0);
});

test('a link that asks a provider all the time has to wait, which the page says; other links and cancelling do not', async () => {
  const { order, path } = await mailed(atHome);
  const { path: other } = await mailed(atHome);
  const page = await open(path);
  await pickDay(page, 2);
  await times(page).first().click();
  await press(page, 'Book this time');
  await heading(page, 'Your home visit is booked');
  const ask = (link: string) =>
    fetch(`${api}${link}/times`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: api },
      body: '{}',
    });
  const refused = await until(async () => {
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => ask(path)));
    return answers.find(({ status }) => status !== 200 && status !== 503);
  });
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await ask(other)).status).toBe(200);

  await press(page, 'Choose another time');
  await page.getByText(/^You have searched for times very often just now. Please try again in \d minutes./).waitFor();
  await inspect(page, '13-too-often');
  await press(page, 'Keep my current time');
  await press(page, 'Cancel the appointment');
  await page.getByLabel('Another reason').check();
  await press(page, 'Cancel the appointment');
  await until(async () => (await held(order)).theirs.status === 'cancelled');
});

test('F11: neither page nor state names a test', async () => {
  const { order, path } = await mailed(atHome);
  const { name } = [...venule.catalogue.labTests.values()].find(({ id }) => id === order.lab_test_id) ?? {};
  const page = await open(path);
  await times(page).first().waitFor();
  const text = `${await page.content()}${await (await fetch(`${api}${path}/state`)).text()}`;
  expect(text).not.toContain(name);
  expect(text.toLowerCase()).not.toContain('lipid');
});
