/** 6.6: `search_input` finds orders by the beginnings of words, on an index. */
import { randomUUID } from 'node:crypto';
import { listOrders } from '../../api/orders/list-orders.ts';
import { orderListQuery } from '../../api/orders/schemas.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { pairsAreThere } from '../../store/migrations/0003-pairs-of-words.ts';
import type { Store } from '../../store/open.ts';
import { searchFilter, searchTerms } from '../../store/orders/lists/search-terms.ts';
import { completeMigrations } from '../support/running/completed-migrations.ts';
import { freshStore } from '../support/running/fresh-store.ts';

const team = { _id: randomUUID(), options: { time_zone: 'America/New_York' } } as TeamDocument;

function anOrder(
  first_name: string,
  last_name: string,
  dob: string,
  receiver_name: string,
  number: string,
  _id: string = randomUUID(),
) {
  const document = {
    _id,
    team_id: team._id,
    user_id: randomUUID(),
    placer_order_number: `VN${number}`,
    sample_id: `SP-${number}`,
    order: {
      patient: { first_name, last_name, dob, email: `${last_name}@patient.example` },
      address: { receiver_name },
    },
    created_at: new Date(0),
  } as unknown as OrderDocument;
  const wordsFrom = (name: string) =>
    name
      .toLowerCase()
      .split(' ')
      .map((_, at, all) => all.slice(at).join(' '));
  const patient_names = wordsFrom(`${first_name} ${last_name}`);
  return { ...document, patient_names, recipient_names: wordsFrom(receiver_name), search_terms: searchTerms(document) };
}

const KNOWN_ID = '4c0ffee1-5f3c-4c57-8c1c-0f0f8e3b7a11';
const ada = anOrder('Ada', 'King Lovelace', '1988-03-04', 'Ada King', '4711');
const mary = anOrder('Mary-Jane', "O'Hara", '1988-11-20', 'Front Desk, West', '5822', KNOWN_ID);
// More names than are paired, and a mail address and numbers that names do not explain.
const rosa = {
  ...anOrder('Rosa', 'Luna', '1970-05-06', 'Front Desk of the Sunrise Medical Building, Second Floor', '6933'),
};
const joan = anOrder('Joan', 'Roe', '1961-07-08', 'Joan Roe', '7044');
joan.order.patient.email = 'vera.moon@patient.example';
joan.search_terms = searchTerms(joan);
const others = Array.from({ length: 200 }, (_, n) => anOrder('Grace', 'Hopper', '1906-12-09', 'G. Hopper', `9${n}`));

let store: Store;
let discard: () => Promise<void>;
beforeAll(async () => {
  ({ store, discard } = await freshStore());
  await collectionOf(store.orders).insertMany([ada, mary, rosa, joan, ...others]);
  await collectionOf(store.orders).insertOne({
    ...ada,
    _id: randomUUID(),
    placer_order_number: 'VN1',
    team_id: 'another',
  });
});
afterAll(() => discard());

const found = (search_input: string) => idsOf({ search_input });

async function idsOf(asked: object): Promise<string[]> {
  const query = orderListQuery.parse({ ...asked, size: 100 });
  return (await listOrders(store, team, query)).documents.map(({ _id }) => _id);
}

describe.each(['before orders had pairs of words', 'once all have them'])('%s', (when) => {
  beforeAll(async () => {
    if (when === 'once all have them') await completeMigrations(store);
    expect(await pairsAreThere(store)).toBe(when === 'once all have them');
  });

  test.each([
    ['the beginning of a first name', 'AD', [ada]],
    ['the beginning of a middle word', 'lov', [ada]],
    ['words in another order, with a comma', 'Lovelace, ada', [ada]],
    ['beginnings of several words', 'kin ad lo', [ada]],
    ['a name with a hyphen, whole or from the hyphen on', 'jane', [mary]],
    ['a name with a hyphen', 'mary-j', [mary]],
    ['a name from its apostrophe on', 'hara', [mary]],
    ['a name with an apostrophe as word processors write it', 'O\u2019Hara', [mary]],
    ['the receiver, whose name has a comma', 'west desk', [mary]],
    ['a year of birth', '1988', [ada, mary]],
    ['a year and month of birth', '1988-03', [ada]],
    ['a birth date and a name', '1988 mary', [mary]],
    ['the beginning of an order id', ada._id.slice(0, 13).toUpperCase(), [ada]],
    ['a few characters of an order id', KNOWN_ID.slice(0, 6), [mary]],
    ['a whole order id', mary._id, [mary]],
    ['a user id', ada.user_id, [ada]],
    ['a requisition number', 'vn4711', [ada]],
    ['a sample number', 'sp-58', [mary]],
    ['a mail address', "O'Hara@patient", [mary]],
    ['signs that mean something to databases', '.*', []],
    ['what nobody is called', 'ada grace', []],
    ['a receiver of many names and the patient', 'sunrise luna', [rosa]],
    ['a name and a mail address that has another', 'joan vera', [joan]],
    ['a name and a whole mail address', 'joan vera.moon@patient.example', [joan]],
    ['a name and a mail address, the other way around', 'moon roe', []],
    ['a name and a requisition number', 'roe vn7044', [joan]],
    ['a name and the beginning of a requisition number', 'roe v', [joan]],
    ['a requisition number and a name', 'vn47 lovelace', [ada]],
    ['a name and a sample number', 'lovelace sp-4711', [ada]],
    ['a name and an order id', `mary ${KNOWN_ID}`, [mary]],
    ['a name and the beginning of an order id', `mary ${KNOWN_ID.slice(0, 6)}`, [mary]],
    ['a birth date, then a name', '1988-11-20 jan', [mary]],
    ['one word that is the beginning of another', 'lovelace love', [ada]],
    ['two words of one name', 'jane mary', [mary]],
    ['a short word before a long one', 'k lovelace', [ada]],
    ['a name with an apostrophe and another', "o'h mary", [mary]],
  ])('6.6: by %s: "%s"', async (_what, input, expected) => {
    expect((await found(input)).sort()).toEqual(expected.map(({ _id }) => _id).sort());
  });

  test.each([
    ['grace bell', []],
    ['king ada', [ada]],
    ['lov', [ada]],
    ["o'hara, mary", [mary]],
    ['luna', [rosa]],
  ])('patient_name "%s": of the patient, not of the receiver', async (patient_name, expected) => {
    expect(await idsOf({ patient_name })).toEqual(expected.map(({ _id }) => _id));
  });

  test.each([
    ['desk', [mary, rosa]],
    ['sunrise second', [rosa]],
    ['mary', []],
    ['king ad', [ada]],
  ])('shipping_recipient_name "%s": of the receiver, not of the patient', async (shipping_recipient_name, expected) => {
    expect((await idsOf({ shipping_recipient_name })).sort()).toEqual(expected.map(({ _id }) => _id).sort());
  });
});

test('6.6: a search reads an index, and no more than what begins that way', async () => {
  const filter = { $and: [{ team_id: team._id }, searchFilter('lovelace, ada')] };
  const { executionStats } = await collectionOf(store.orders)
    .find(filter as object)
    .explain('executionStats');
  expect(executionStats.totalDocsExamined).toBeLessThanOrEqual(2);
  expect(JSON.stringify(executionStats)).toContain('search_terms');
});
