/** F5, G1: a message with several reports, broken off at any write and sent again, has each of them once. */
import { randomUUID } from 'node:crypto';
import { collectionOf } from '../../store/collections/define.ts';
import { keepText, type ReadMessage, storeReports } from '../../store/inbox/lab-inbox.ts';
import { openOrder } from '../../store/orders/open-order.ts';
import { observation, reportOf, testOf } from '../support/partners/lab-report.ts';
import { type FreshStore, freshCatalogue } from '../support/running/fresh-store.ts';
import { anOrder } from '../support/running/in-process-venule.ts';

let fresh: Awaited<ReturnType<typeof freshCatalogue>> & FreshStore;
beforeAll(async () => {
  fresh = await freshCatalogue();
});
afterAll(() => fresh.discard());

const report = (placer_order_number: string, value: string) =>
  reportOf([testOf('T', [observation('2345-7', value)])], { placer_order_number });

/** Stores a message as it is stored when it comes. */
async function take(raw: string, rest: Pick<ReadMessage, 'reports' | 'control_id'>): Promise<void> {
  const from = { lab_slug: 'labcorp', environment: 'sandbox' } as const;
  const kept = await keepText(fresh.store, { ...from, raw: Buffer.from(raw) });
  const places = { is_test: false, contents: new Map<string, Buffer>(), reports_before: 0, same_before: 0 };
  await storeReports(fresh.store, { ...from, ...kept, ...places, ...rest }, 1_000_000);
}

test.each([1, 2, 3])('broken off at write %i', async (broken) => {
  const { store, catalogue } = fresh;
  const order = anOrder(catalogue, randomUUID());
  await openOrder(store, catalogue, order);
  // Nobody's; held for a person, since the patient is another; and nobody's again.
  const numbers = [`V1-${broken}`, order.placer_order_number, `V2-${broken}`];
  const message = { control_id: `BROKEN-${broken}`, reports: numbers.map((number, at) => report(number, `${at}`)) };
  const collection = collectionOf(store.labMessages);
  let writes = 0;
  const spies = (['insertOne', 'insertMany'] as const).map((name) => {
    const write = collection[name].bind(collection) as (...given: unknown[]) => Promise<never>;
    return jest.spyOn(collection, name).mockImplementation(async (...given: unknown[]) => {
      writes += 1;
      if (writes === broken) throw new Error('broken off');
      return write(...given);
    });
  });
  await take(message.control_id, message).catch(({ message: why }: Error) => expect(why).toBe('broken off'));
  for (const spy of spies) spy.mockRestore();
  await take(message.control_id, message);
  const stored = await collection.find({ control_id: message.control_id }).sort({ report_index: 1 }).toArray();
  expect(stored.map((each) => each.report.placer_order_number)).toEqual(numbers);
});
