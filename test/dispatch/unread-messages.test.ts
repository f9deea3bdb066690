/** Messages that are acknowledged before they are read (docs/decisions/0024): G1, F5. */
import { pino } from 'pino';
import { startMessageReader } from '../../dispatch/unread-messages.ts';
import { DEFAULT_ALERT_LIMITS } from '../../domain/alerts.ts';
import { acknowledgeHl7, takeHl7In } from '../../intake/laboratory-messages.ts';
import { survey } from '../../store/alerts/survey.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { rememberedProfiles } from '../../store/connections/lab-profiles.ts';
import { listRefusedMessages } from '../../store/inbox/inbox-review.ts';
import { allRead } from '../support/all-read.ts';
import { previewed } from '../support/reading-anew.ts';
import { type FreshStore, freshCatalogue } from '../support/running/fresh-store.ts';
import { until } from '../support/until.ts';

const from = { lab_slug: 'labcorp', environment: 'sandbox' } as const;

let fresh: Awaited<ReturnType<typeof freshCatalogue>> & FreshStore;
const readers: ReturnType<typeof startMessageReader>[] = [];
beforeEach(async () => {
  fresh = await freshCatalogue();
});
afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.stop()));
  await fresh.discard();
});

const inbox = () => ({
  store: fresh.store,
  profiles: rememberedProfiles(fresh.store, fresh.catalogue.laboratoriesBySlug),
  logger: pino({ level: 'silent' }),
});
const read = async () => {
  readers.push(startMessageReader(inbox()));
  await allRead(fresh.store);
};
const message = (control_id: string, ...segments: string[]) =>
  Buffer.from(
    [
      `MSH|^~\\&|LAB|LAB|VENULE|1|20261101080000||ORU^R01|${control_id}|P|2.5.1`,
      'PID|1||1||Bell^Ana||19850312|F',
      ...(segments.length > 0
        ? segments
        : ['OBR|1|VN1||1^X^L', `OBX|1|NM|2345-7^Glucose^LN||${control_id.length}|mg/dL|||||F`]),
    ].join('\r'),
  );
const reportsOf = (control_id: string) => collectionOf(fresh.store.labMessages).find({ control_id }).toArray();
const texts = () => collectionOf(fresh.store.labMessageTexts);

test('what was acknowledged by a process that died then is read once, as of when it came', async () => {
  const [answer] = await acknowledgeHl7(inbox(), from, message('A-1'));
  expect(answer).toContain('MSA|AA|A-1');
  expect(await reportsOf('A-1')).toEqual([]);
  const text = await texts().findOne({ raw: String(message('A-1')) });
  readers.push(startMessageReader(inbox()), startMessageReader(inbox()));
  await allRead(fresh.store);
  expect(await reportsOf('A-1')).toMatchObject([{ content_hash: text?._id, received_at: text?.received_at }]);
  expect(await texts().findOne({ _id: text?._id as string })).not.toHaveProperty('to_read');
});

test('a message that comes again before it is read is read when it comes, and once', async () => {
  await acknowledgeHl7(inbox(), from, message('B-1'));
  const [again] = await acknowledgeHl7(inbox(), from, message('B-1'));
  expect(again).toContain('MSA|AA|B-1');
  expect(await reportsOf('B-1')).toHaveLength(1);
  await read();
  expect(await reportsOf('B-1')).toHaveLength(1);
});

test('the same bytes from another laboratory are reports of that one, too', async () => {
  await acknowledgeHl7(inbox(), from, message('C-1'));
  await acknowledgeHl7(inbox(), { ...from, lab_slug: 'quest' }, message('C-1'));
  await read();
  expect((await reportsOf('C-1')).map(({ lab_slug }) => lab_slug).sort()).toEqual(['labcorp', 'quest']);
});

test('what is refused is answered so at once, and is in the inbox with its reason', async () => {
  const body = Buffer.concat([message('D-1', 'PID|1'), Buffer.from('\r'), message('D-2')]);
  const answers = await acknowledgeHl7(inbox(), from, body);
  expect(answers.map((answer) => /MSA\|(\w\w)\|([^|\r]*)/.exec(answer)?.slice(1, 3))).toEqual([
    ['AR', 'D-1'],
    ['AA', 'D-2'],
  ]);
  await read();
  expect(await reportsOf('D-2')).toHaveLength(1);
  expect(await listRefusedMessages(fresh.store, {}, 5)).toMatchObject([{ refused: expect.stringContaining('OBR') }]);
});

test.each([
  ['no HL7', ['AR'], Buffer.from('hello')],
  ['nothing', ['AR'], Buffer.alloc(0)],
  ['another type', ['AR'], Buffer.from('MSH|^~\\&|LAB|LAB|V|1|2026||ADT^A01|E-1|P|2.5.1\rPID|1')],
  ['an acknowledgment', [], Buffer.from('MSH|^~\\&|LAB|LAB|V|1|2026||ACK|E-2|P|2.5.1\rMSA|AA|1')],
  [
    'an unknown character set',
    ['AR'],
    Buffer.from('MSH|^~\\&|LAB|LAB|V|1|2026||ORU^R01|E-3|P|2.5.1||||||KLINGON\rOBR|1'),
  ],
  ['too many specimens', ['AR'], message('E-4', ...Array(150).fill('OBR|1'), ...Array(150).fill('SPM|1'))],
  ['a report that is too long', ['AR'], message('E-5', 'OBR|1', `NTE|1|L|${'x'.repeat(15 * 1024 * 1024)}`)],
])('%s is answered over MLLP as it is elsewhere', async (_what, codes, raw) => {
  const told = (answers: string[]) => answers.map((answer) => answer.split('\r').slice(1));
  const elsewhere = told(await takeHl7In(inbox(), from, raw));
  expect(elsewhere.map(([msa]) => msa?.slice(4, 6))).toEqual(codes);
  await texts().deleteMany({});
  await collectionOf(fresh.store.labMessages).deleteMany({});
  expect(told(await acknowledgeHl7(inbox(), from, raw))).toEqual(elsewhere);
  await read();
});

test('one that cannot be read holds up no other, and is tried again', async () => {
  for (const control_id of ['F-1', 'F-22', 'F-333']) await acknowledgeHl7(inbox(), from, message(control_id));
  const messages = collectionOf(fresh.store.labMessages);
  const insertOne = messages.insertOne.bind(messages);
  const tried: string[] = [];
  const spy = jest.spyOn(messages, 'insertOne').mockImplementation(async (document) => {
    tried.push(document.control_id as string);
    if (tried.length === 1) throw new Error('Not this time');
    return insertOne(document);
  });
  readers.push(startMessageReader(inbox()));
  await until(() => tried.length === 4);
  await allRead(fresh.store);
  spy.mockRestore();
  expect(tried).toEqual(['F-1', 'F-22', 'F-333', 'F-1']);
  for (const control_id of tried) expect(await reportsOf(control_id)).toHaveLength(1);
});

test('what was not read yet is not read anew', async () => {
  await acknowledgeHl7(inbox(), from, message('H-1'));
  const preview = () => previewed(fresh.store, 'labcorp', {}, new Date(0));
  expect((await preview()).summary).toMatchObject({ messages: 0, newly_read: 0 });
  await read();
  expect((await preview()).summary).toMatchObject({ messages: 1, unchanged: 1 });
});

test('operators are told of one that waits for too long', async () => {
  await acknowledgeHl7(inbox(), from, message('G-1'));
  expect(await survey(fresh.store, DEFAULT_ALERT_LIMITS)).toEqual([]);
  const { _id } = (await texts().findOneAndUpdate({}, { $set: { received_at: new Date(0) } })) ?? {};
  expect(await survey(fresh.store, DEFAULT_ALERT_LIMITS)).toMatchObject([{ kind: 'inbox', count: 1, ids: [_id] }]);
});
