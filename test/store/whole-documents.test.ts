/** What is written whole is what its collection holds, and what is not is refused before it is stored. */
import { randomUUID } from 'node:crypto';
import { collectionOf } from '../../store/collections/define.ts';
import type { SentMessageDocument } from '../../store/collections/messages.ts';
import { insert, insertOnce, replace } from '../../store/collections/write.ts';
import type { Store } from '../../store/open.ts';
import { freshStore } from '../support/running/fresh-store.ts';

let store: Store;
let discard: () => Promise<void>;
beforeAll(async () => {
  ({ store, discard } = await freshStore());
});
afterAll(() => discard());

const sms = (changes: object = {}) =>
  ({ _id: randomUUID(), to: '+16025550142', text: 'Book', sent_at: new Date(), ...changes }) as SentMessageDocument;
const count = () => store.sentMessages.countDocuments();

test.each([
  ['a field that must be there', { to: undefined }, 'to'],
  ['a field of another type', { sent_at: 'tomorrow' }, 'sent_at'],
  ['a field that nobody knows', { from: 'us' }, 'from'],
])(
  '%s is refused by its name and without a value, with all that was to be written with it',
  async (_, wrong, field) => {
    const before = await count();
    const message = `A document for sent_messages is wrong in ${field}`;
    await expect(insert(store.sentMessages, [sms(), sms(wrong)])).rejects.toThrow(message);
    await expect(insertOnce(store.sentMessages, sms(wrong))).rejects.toThrow(message);
    expect(await count()).toBe(before);
  },
);

test('one that is there stays as it is; a text can be empty', async () => {
  const first = sms({ text: '' });
  expect(await insertOnce(store.sentMessages, first)).toBe(true);
  expect(await insertOnce(store.sentMessages, { ...first, text: 'again' })).toBe(false);
  expect(await collectionOf(store.sentMessages).findOne({ _id: first._id })).toEqual(first);
});

test('the next version of a document from before may lack what today’s have, and have what they lack; its types hold', async () => {
  const { to: _, ...old } = sms({ from: 'us' });
  await collectionOf(store.sentMessages).insertOne(old as SentMessageDocument);
  const next = { ...old, text: 'Moved' } as SentMessageDocument;
  await replace(store.sentMessages, next, {});
  expect(await collectionOf(store.sentMessages).findOne({ _id: old._id })).toEqual(next);
  const wrong = { ...next, sent_at: 'tomorrow' } as unknown as SentMessageDocument;
  await expect(replace(store.sentMessages, wrong, {})).rejects.toThrow('wrong in sent_at');
});
