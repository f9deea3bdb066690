/** What contradicts itself, or does not say why, is shown and waits for a person (docs/hl7.md, "Held for a person"). */
import type { Order } from '../../../domain/orders/order.ts';
import { CannotSettle, settleHeldTests } from '../../../store/inbox/held-tests.ts';
import { listReports } from '../../../store/inbox/inbox-review.ts';
import { type LabMessageChanges, labMessage } from '../../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { until } from '../../support/until.ts';

const A_PERSON = { kind: 'person', id: 'operator' } as const;
const CBC = '005009';
const CMP = '322000';
/** A result of the CMP. */
const GLUCOSE = '2345-7';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const message = (order: Order, changes: LabMessageChanges = {}) => labMessage(venule.catalogue, order, changes);

async function deliver(text: string): Promise<void> {
  const answer = await venule.deliver('labcorp', text);
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('MSA|AA|')]);
}
async function placed(): Promise<Order> {
  const order = await venule.place({ labTest: 'labcorp-cbc-and-cmp', options: { redraws_enabled: false } });
  await venule.reaches(order.id, 'requisition_created');
  return order;
}

/** The same message with a test's OBR-25 `X`. */
const canceling = (text: string, test: string) =>
  text.replace(new RegExp(`(\\rOBR\\|[^\\r]*\\|${test}\\^[^\\r]*\\|)F`), '$1X');
/** The same message with a value in words. */
const reading = (text: string, loinc: string, word: string, ...notes: string[]) =>
  text.replace(new RegExp(`(\\rOBX\\|\\d+\\|)NM(\\|${loinc}\\^[^|]*\\|[^|]*\\|)[^|]*([^\\r]*)`), (_, a, b, c) =>
    [`${a}ST${b}${word}${c}`, ...notes.map((note) => `NTE|1|L|${note}`)].join('\r'),
  );
/** The same message with the OBX-11 of a result. */
const marked = (text: string, loinc: string, status: string) =>
  text.replace(new RegExp(`(\\rOBX\\|\\d+\\|NM\\|${loinc}\\^(?:[^|\\r]*\\|){8})[^|]*`), `$1${status}`);

const statuses = async (order: Order) => (await venule.reaches(order.id, 'ordered')).events.map(({ status }) => status);
async function newest(order: Order) {
  const found = await venule.store.results.findOne({ order_id: order.id }).sort({ version: -1 }).lean();
  return {
    version: found?.version,
    glucose: found?.result.results.find(({ loinc }) => loinc === GLUCOSE)?.result ?? null,
    missing:
      found?.result.missing_results.map(({ loinc, inferred_failure_type }) => [loinc, inferred_failure_type]) ?? [],
  };
}
const held = async (order: Order) =>
  (await listReports(venule.store, { order_id: order.id, to_review: { $exists: true } }, 10)) as {
    _id: string;
    to_review: object[];
  }[];
const heldReport = (order: Order) => until(async () => (await held(order))[0]);
const settle = (id: string, how: Parameters<typeof settleHeldTests>[3], test?: string) =>
  settleHeldTests(venule.store, A_PERSON, id, how, test);

describe('a test that is canceled (OBR-25 X) although it has values', () => {
  async function inDoubt(): Promise<{ order: Order; id: string }> {
    const order = await placed();
    await deliver(canceling(message(order, { values: { [GLUCOSE]: '91' } }), CMP));
    const { events } = await venule.reaches(order.id, 'partial_results');
    expect(events.at(-1)?.status).toBe('partial_results');
    expect((await newest(order)).glucose).toBe('91');
    const { _id, to_review } = await heldReport(order);
    expect(to_review).toEqual([{ test: CMP, because: 'canceled_with_values' }]);
    return { order, id: _id };
  }

  test('is shown and held; a person finds that the values are right', async () => {
    const { order, id } = await inDoubt();
    await settle(id, 'values_stand');
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'partial_results', 'completed']);
    expect(await newest(order)).toMatchObject({ glucose: '91', missing: [] });
    expect(await held(order)).toEqual([]);
    const entry = await venule.store.audit.findOne({ order_id: order.id, action: 'report.settled' }).lean();
    expect(entry).toMatchObject({ by: A_PERSON, detail: { report_id: id, settlement: 'values_stand' } });
    await expect(settle(id, 'values_stand')).rejects.toThrow(CannotSettle);
  });

  test('or that there are none, and why', async () => {
    const { order, id } = await inDoubt();
    await settle(id, 'internal_lab_failure');
    await venule.ended(order);
    const { glucose, missing } = await newest(order);
    expect([glucose, missing.length > 5]).toEqual([null, true]);
    expect(missing).toContainEqual([GLUCOSE, 'internal_lab_failure']);
  });

  test('or the laboratory says more: then nobody needs to', async () => {
    const { order } = await inDoubt();
    await deliver(message(order, { tests: [CMP], values: { [GLUCOSE]: '95' } }));
    await venule.ended(order);
    expect((await newest(order)).glucose).toBe('95');
  });
});

test('a test that is canceled after its values came: they stay, the order ends, and a person decides', async () => {
  const order = await placed();
  await deliver(message(order, { values: { [GLUCOSE]: '91' } }));
  await venule.ended(order);
  const [header, patient] = message(order).split('\r');
  await deliver(
    [header, patient, `OBR|1|${order.placer_order_number}|ACC-1|${CMP}^Test^L|||||||||||||||||||||X`].join('\r'),
  );
  const { _id, to_review } = await heldReport(order);
  expect(to_review).toEqual([{ test: CMP, because: 'canceled_after_values' }]);
  expect(await newest(order)).toMatchObject({ version: 1, glucose: '91' });
  // It is kept with its order by then, and not on its way there.
  await until(async () => (await venule.store.labMessages.findById(_id).lean())?.state !== 'stored');
  await settle(_id, 'order_entry_failure');
  await venule.reaches(order.id, 'corrected');
  expect(await newest(order)).toMatchObject({ version: 2, glucose: null });
});

describe('a word that says that there is no value (TNP), and nothing that says why', () => {
  test('is shown and held until a person knows the reason', async () => {
    const order = await placed();
    await deliver(reading(message(order), GLUCOSE, 'TNP'));
    await venule.reaches(order.id, 'partial_results');
    expect(await newest(order)).toMatchObject({ glucose: 'TNP', missing: [] });
    const { _id, to_review } = await heldReport(order);
    expect(to_review).toEqual([{ test: CMP, because: 'not_performed' }]);
    await expect(settle(_id, 'values_stand')).rejects.toThrow('no value that could stand');
    await expect(settle(_id, 'non_failure', CBC)).rejects.toThrow(CannotSettle);
    await settle(_id, 'quantity_not_sufficient_failure', CMP);
    await venule.ended(order);
    expect((await newest(order)).missing).toEqual([[GLUCOSE, 'quantity_not_sufficient_failure']]);
  });

  test('with a reason in its notes it is missing for that, and nobody is asked', async () => {
    const order = await placed();
    await deliver(reading(message(order), GLUCOSE, 'TNP', 'QNS'));
    await venule.ended(order);
    expect((await newest(order)).missing).toEqual([[GLUCOSE, 'quantity_not_sufficient_failure']]);
    expect(await held(order)).toEqual([]);
  });
});

describe('a value that is taken back (OBX-11 W or D)', () => {
  test.each(['W', 'D'])('%s: it stays in the earlier version, and is not current any more', async (status) => {
    const order = await placed();
    await deliver(message(order, { values: { [GLUCOSE]: '91' } }));
    await venule.ended(order);
    await deliver(marked(message(order, { tests: [CMP], values: { [GLUCOSE]: '91' } }), GLUCOSE, status));
    await venule.reaches(order.id, 'corrected');
    expect(await newest(order)).toMatchObject({ version: 2, glucose: null, missing: [[GLUCOSE, 'unknown_failure']] });
    const { result } = await venule.store.results.findOne({ order_id: order.id, version: 1 }).orFail().lean();
    expect(result.results.find(({ loinc }) => loinc === GLUCOSE)?.result).toBe('91');
    const current = await venule.store.results.findOne({ order_id: order.id, version: 2 }).orFail().lean();
    expect(JSON.stringify(current.result)).not.toContain('"91"');
  });

  test('after a correction, too; and what is reported after that counts', async () => {
    const order = await placed();
    const glucose = (value: string, changes: LabMessageChanges = {}) =>
      message(order, { tests: [CMP], values: { [GLUCOSE]: value }, ...changes });
    await deliver(glucose('91'));
    await venule.reaches(order.id, 'partial_results');
    await deliver(glucose('92', { status: 'C' }));
    await until(async () => (await newest(order)).glucose === '92');
    await deliver(marked(glucose('92'), GLUCOSE, 'W'));
    await until(async () => (await newest(order)).glucose === null);
    await deliver(glucose('93'));
    await until(async () => (await newest(order)).glucose === '93');
  });
});
