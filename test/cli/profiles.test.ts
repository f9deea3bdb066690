/** `npm run admin -- profile`, run as an operator runs it: shown, refused, previewed, applied, gone back to. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { takeHl7In } from '../../intake/laboratory-messages.ts';
import { rememberedProfiles } from '../../store/connections/lab-profiles.ts';
import { runAdmin } from '../support/running/admin-program.ts';
import { COMPILED_ONCE } from '../support/running/compiled-once.ts';
import { freshCatalogue } from '../support/running/fresh-store.ts';
import { until } from '../support/until.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'venule-profiles-'));
const production = { lab_slug: 'labcorp', environment: 'production' } as const;
const sandbox = { lab_slug: 'labcorp', environment: 'sandbox' } as const;

let fresh: Awaited<ReturnType<typeof freshCatalogue>>;
beforeAll(async () => {
  fresh = await freshCatalogue();
  for (const value of ['12,5', '13', '1,234']) await takeHl7In(inbox(), production, Buffer.from(ferritin(value)));
});
afterAll(async () => {
  await fresh.discard();
  rmSync(folder, { recursive: true });
});

const inbox = () => ({
  store: fresh.store,
  profiles: rememberedProfiles(fresh.store, fresh.catalogue.laboratoriesBySlug),
  logger: pino({ level: 'silent' }),
});
const ferritin = (value: string) =>
  [
    `MSH|^~\\&|LAB|LAB|VENULE|1|20261118093000-0600||ORU^R01^ORU_R01|M-${value}|P|2.5.1`,
    'PID|1||p||Okafor^Ngozi||19790922|F',
    'OBR|1|NOBODYS|F-1|004598^Ferritin^L|||202611171010-0600|||||||||||||||202611180900-0600|||F',
    `OBX|1|NM|2276-4^Ferritin^LN||${value}|ng/mL|15-150|N|||F`,
  ].join('\r');

const database = () => ({ MONGODB_URI: fresh.database, VENULE_DATA_DIR: folder });
const environment = () => ({ ...COMPILED_ONCE, PATH: process.env.PATH, ...database() });

const admin = (args: string[], input = '') => runAdmin(args, database(), input);
async function json(args: string[], input?: string) {
  const { code, out, err } = await admin(['--json', ...args], input);
  if (code !== 0) throw new Error(err);
  return JSON.parse(out);
}
const profile = (command: string, ...more: string[]) => ['profile', command, 'labcorp', ...more];

test('what the catalog says counts until somebody sets another; a wrong one is refused by its field', async () => {
  expect(await json(profile('show'))).toMatchObject({ version: 0, profile: { reasons: { HEM: expect.any(String) } } });
  expect((await admin(profile('history'))).out).toContain('Nobody has set one');
  const wrong = await admin(profile('set', '-'), '{"comma":"point"}');
  expect(wrong).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^The profile is wrong in comma: /) });
  expect(await admin(profile('set', join(folder, 'nothing.json')))).toMatchObject({
    code: 1,
    err: expect.stringMatching(/cannot be read/),
  });
  expect(await admin(['profile', 'show', 'nolab'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/no laboratory "nolab"/),
  });
  expect((await admin(profile('show', '--environment', 'test'))).code).toBe(2);
  expect(await fresh.store.labProfiles.countDocuments()).toBe(0);
}, 120_000);

test('a profile is previewed, applied, listed with who set it, and gone back from', async () => {
  const file = join(folder, 'labcorp.json');
  writeFileSync(file, '{"comma":"decimal"}');
  const preview = await json(profile('preview', file));
  expect(preview).toMatchObject({ profile_version: 1, messages: 3, unchanged: 1, changed: 2 });
  const row = { order: 'NOBODYS', test: 'Ferritin', result: 'Ferritin', what: 'read otherwise, held: no_match' };
  expect(preview.changes).toContainEqual(
    expect.objectContaining({
      ...row,
      was: expect.stringMatching(/^12,5 /),
      becomes: expect.stringMatching(/^12\.5 /),
    }),
  );
  expect(await fresh.store.labProfiles.countDocuments()).toBe(0);
  expect(await fresh.store.labReadings.countDocuments()).toBe(0);

  const one = await admin(profile('preview', file, '--limit', '1', '--show', '1'));
  expect(one.err).toMatch(/^Stopped after 1 messages; go on with --since 20/);

  expect(await json(profile('apply', file))).toMatchObject({ profile_version: 1, changed: 2 });
  expect((await admin(profile('apply'))).out).toContain('3 messages read; nothing changed.');
  expect(await json(profile('set', '-'), '{}')).toMatchObject({ version: 2 });
  const history = await json(profile('history'));
  expect(history).toMatchObject([
    { version: 2, changed_by: expect.any(String), sets: [] },
    { version: 1, sets: ['comma'] },
  ]);
  expect(await json(profile('show', '--set-version', '1'))).toMatchObject({ profile: { comma: 'decimal' } });
  expect(await json(profile('show'))).toMatchObject({ version: 2, profile: {} });
  expect(await admin(profile('show', '--set-version', '9'))).toMatchObject({
    code: 1,
    err: expect.stringMatching(/no version 9/),
  });
  const audit = await fresh.store.audit.find({ action: 'lab_profile.set' }).lean();
  expect(audit.map(({ by, detail }) => [by.kind, detail.version])).toEqual([
    ['person', 1],
    ['person', 2],
  ]);
}, 120_000);

test('one message is read again with what counts now', async () => {
  const { _id } = await fresh.store.labMessages.findOne({ control_id: 'M-12,5' }).orFail().lean();
  expect(await json(['inbox', 'read-again', _id, '--preview'])).toMatchObject({ id: _id, changed: 1 });
  expect(await json(['inbox', 'read-again', _id])).toMatchObject({ changed: 1 });
  expect((await admin(['inbox', 'read-again', _id])).out).toContain('It says the same as before.');
  expect(await fresh.store.labReadings.countDocuments({ report_id: _id })).toBe(2);
  expect(await json(['inbox', 'show', _id])).toMatchObject({ reading: 3 });
  expect((await admin(['inbox', 'read-again', 'nothing'])).err).toMatch(/There is no report nothing/);
}, 120_000);

test('a message is read with the profile of the laboratory that it is said to be from', async () => {
  const file = join(folder, 'message.hl7');
  writeFileSync(file, ferritin('12,5'));
  await json(profile('set', '-'), '{"comma":"decimal"}');
  const read = (...more: string[]) => json(['message', 'read', file, ...more]);
  expect((await read()).results[0].value).toBe('12,5');
  expect((await read('--lab', 'labcorp', '--production')).results[0].value).toBe('12.5');
  expect((await read('--lab', 'labcorp')).results[0].value).toBe('12,5');
}, 120_000);

test('apply is killed: what was not read anew is when it runs again, and nothing twice', async () => {
  for (let n = 0; n < 150; n += 1) await takeHl7In(inbox(), sandbox, Buffer.from(ferritin(`${100 + n},5`)));
  await json(profile('set', '-', '--environment', 'sandbox'), '{"comma":"decimal"}');
  const before = await fresh.store.labReadings.countDocuments();
  const done = async () => (await fresh.store.labReadings.countDocuments()) - before;
  const apply = profile('apply', '--environment', 'sandbox');
  const killed = spawn(process.execPath, [join(root, 'cli', 'admin.ts'), ...apply], { env: environment() });
  const over = new Promise((resolve) => killed.on('close', resolve));
  await until(async () => (await done()) >= 10);
  killed.kill('SIGKILL');
  await over;
  expect(await done()).toBeLessThan(150);

  await json(apply);
  expect(await done()).toBe(150);
  const reports = await fresh.store.labMessages.find({ control_id: /^M-\d+,5$/, reading: 2 }).lean();
  expect(reports.filter(({ report }) => /\.5$/.test(report.tests[0]?.observations[0]?.value ?? ''))).toHaveLength(150);
}, 120_000);

test('two who set it at once: the second is told', async () => {
  const outcomes = await Promise.all(
    ['decimal', 'thousands'].map((comma) => admin(profile('set', '-'), `{"comma":"${comma}"}`)),
  );
  const refused = outcomes.filter(({ code }) => code === 1);
  expect(outcomes.filter(({ code }) => code === 0).length).toBeGreaterThan(0);
  for (const { err } of refused) expect(err).toMatch(/changed in the meantime/);
}, 120_000);
