/** G3: every undo and every message of a journey runs to its own end, and what failed for good is told together, at the end. */
import { randomUUID } from 'node:crypto';
import { ApplicationFailure, type WorkflowFailedError } from '@temporalio/client';
import { mailMessageId } from '../../../domain/ids.ts';
import type { Order } from '../../../domain/orders/order.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import { atHome } from '../../support/at-home.ts';
import { reportUntilContinued } from '../../support/continued-as-new.ts';
import { inMs, nightUntil } from '../../support/nights.ts';
import { labMessage } from '../../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { currentDetails, stateOf } from '../../support/temporal-view.ts';
import { until } from '../../support/until.ts';

const lab = 'labcorp';
const TSH = '3016-3';
/** Undos are given up soon, and not before one that works has had its chance on a busy machine. */
const SOON = { undo_tried_for: 1_500, partner_call: 1_500 };
/** The night ends when the undos have been given up. */
const night = () => nightUntil(inMs(5_000));

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterEach(async () => {
  await venule.fault({ lab, mode: 'ok' });
  await fault({ mode: 'ok' });
  await isHeard(true);
});
afterAll(() => venule.close());

const { slots, order: placed, book, heldFor } = atHome(() => venule);
const fault = (trouble: object) => venule.atProvider('/sandbox/phlebotomy/faults', { provider: 'getlabs', ...trouble });
const walk = (id: string | null, status: string) =>
  venule.atProvider(`/sandbox/phlebotomy/getlabs/appointments/${id}/simulate`, { status });
/** What a provider says reaches us, or does not. */
const isHeard = (heard: boolean) =>
  collectionOf(venule.store.phlebotomyConnections).updateOne(
    { _id: 'getlabs:sandbox' },
    { $set: { secrets: [`whsec_${Buffer.alloc(24, heard ? 3 : 9).toString('base64')}`] } },
  );
const isTexted = ({ id }: Order, kind: string) =>
  venule.store.sentMessages.exists({ _id: mailMessageId(id, `sms.${kind}`) });
const isMailed = ({ id }: Order, kind: string) =>
  venule.mails.some(({ messageId }) => messageId === `<${mailMessageId(id, kind)}>`);

/** The failure that a workflow ended with. */
async function failureOf(order: Order): Promise<ApplicationFailure> {
  const failed = (await venule
    .workflow(order)
    .result()
    .then(() => null)
    .catch((failure: unknown) => failure)) as WorkflowFailedError | null;
  if (!(failed?.cause instanceof ApplicationFailure))
    throw new Error(`The workflow did not fail as it should: ${failed}`);
  return failed.cause;
}

/** What an order leaves to be undone when it is canceled, and what can go wrong with it for good. */
const UNDOS = {
  'the order at the laboratory': {
    'is away': () => venule.fault({ lab, mode: 'down' }),
    'answers with errors': () => venule.fault({ lab, mode: 'error' }),
  },
  'the visit at the provider': {
    'is away': () => fault({ mode: 'down', calls: ['cancel'] }),
    'answers with errors': () => fault({ mode: 'error', calls: ['cancel'] }),
    async 'refuses at once, as the visit is under way'(visit: string) {
      await isHeard(false);
      await walk(visit, 'in_progress');
      await until(async () => (await heldByProvider(visit)).status === 'in_progress');
    },
  },
} as const;

const heldByProvider = (id: string) => venule.atProvider(`/phlebotomy/getlabs/v1/appointments/${id}`);

const LAB = {
  undo: 'the order at the laboratory',
  words: /Requisition \w+ could not be canceled at labcorp\. Call the lab/,
};
const VISIT = {
  undo: 'the visit at the provider',
  words: /The appointment could not be canceled with the provider. Call/,
};

const cases = [LAB, VISIT].flatMap(({ undo, words }) =>
  Object.entries(UNDOS[undo as keyof typeof UNDOS]).map(([failure, fails]) => ({ undo, words, failure, fails })),
);
type Case = (typeof cases)[number];

/** An order with a visit is canceled while undos fail as they are told; answers once its workflow is closed. */
async function canceledWhile(
  failing: readonly Case[],
): Promise<{ document: OrderDocument; failure: ApplicationFailure }> {
  const document = await placed({ options: { sms_enabled: true } }, { ...SOON, ...night() });
  const [slot] = await slots();
  const booked = await book(document, slot);
  const visit = booked.provider_appointment_id ?? '';
  for (const { fails } of failing) await fails(visit);
  await venule.journeys.cancel(document);

  const state = () => stateOf(venule.workflow(document.order));
  for (const { words } of failing) await until(async () => (await state()).troubles.some((one) => words.test(one)));
  expect(await currentDetails(venule.workflow(document.order))).toContain('Call ');
  expect((await venule.workflow(document.order).describe()).status.name).toBe('RUNNING');
  await fault({ mode: 'ok' });
  await isHeard(true);
  // What the provider still has ends as the provider says, and the journey with it.
  if (failing.some(({ undo }) => undo === VISIT.undo)) await walk(visit, 'completed');
  return { document, failure: await failureOf(document.order) };
}

async function undone(document: OrderDocument, failing: readonly Case[]): Promise<string[]> {
  const kept = failing.map(({ undo }) => undo);
  const atLab = await venule.atLab(document.order);
  const [visit] = await collectionOf(venule.store.appointments).find({ order_id: document._id }).toArray();
  const atProvider = visit && (await heldFor({ id: visit._id }));
  return [
    ...(atLab.state === 'cancelled' ? [LAB.undo] : []),
    ...(atProvider?.status === 'cancelled' ? [VISIT.undo] : []),
  ].filter((undo) => !kept.includes(undo));
}

describe('G3: when an undo fails for good, every other and every message comes to its own end, and it is told at the end', () => {
  test.each(cases)('$undo, which $failure', async (failing) => {
    const { document, failure } = await canceledWhile([failing]);
    expect(failure.type).toBe('CancellationNotDelivered');
    expect(failure.message).toMatch(failing.words);
    expect(await undone(document, [failing])).toEqual([LAB.undo, VISIT.undo].filter((undo) => undo !== failing.undo));
    expect(await isTexted(document.order, 'order_cancelled')).toBeTruthy();
    expect(isMailed(document.order, 'order_cancelled')).toBe(true);
    const transaction = await venule.store.transactions.findById(document.transaction_id).lean();
    expect(transaction?.status).toBe('cancelled');
  });

  const pairs = cases.flatMap((one) =>
    cases.filter((other) => one.undo === LAB.undo && other.undo === VISIT.undo).map((other) => ({ one, other })),
  );
  test.each(pairs)(
    'two at once: $one.undo, which $one.failure, and $other.undo, which $other.failure',
    async ({ one, other }) => {
      const { document, failure } = await canceledWhile([one, other]);
      expect(failure.message).toMatch(one.words);
      expect(failure.message).toMatch(other.words);
      expect(await isTexted(document.order, 'order_cancelled')).toBeTruthy();
      expect(isMailed(document.order, 'order_cancelled')).toBe(true);
    },
  );
});

describe('G3: an SMS that fails for good holds up no undo and no other message', () => {
  /** Whether SMS can be sent: the database, where they are kept for want of a carrier, takes none or all. */
  const takesTexts = (taken: boolean) =>
    venule.store.connection.db?.command({
      collMod: venule.store.sentMessages.collection.name,
      validator: taken ? {} : { never: true },
    });
  afterEach(() => takesTexts(true));

  /** Canceled without an SMS, while another undo may fail, too. */
  async function canceledUntold(failing?: Case) {
    const policy = { ...(failing && SOON), mail_tried_for: 5_000 };
    const document = await placed({ options: { sms_enabled: true } }, policy);
    const [slot] = await slots();
    const booked = await book(document, slot);
    await takesTexts(false);
    const state = () => stateOf(venule.workflow(document.order));
    const untilNoted = (words: RegExp) => until(async () => (await state()).troubles.some((one) => words.test(one)));
    const visit = booked.provider_appointment_id ?? '';
    await failing?.fails(visit);
    await venule.journeys.cancel(document);
    await untilNoted(/^The SMS order_cancelled was not sent/);
    if (failing) await untilNoted(failing.words);
    await fault({ mode: 'ok' });
    if (failing?.undo === VISIT.undo) await walk(visit, 'completed');
    return document;
  }

  test('alone: everything is undone and mailed, and the workflow does not fail for it', async () => {
    const document = await canceledUntold();
    await venule.ended(document.order);
    expect(await undone(document, [])).toEqual([LAB.undo, VISIT.undo]);
    expect(isMailed(document.order, 'order_cancelled')).toBe(true);
    expect(await isTexted(document.order, 'order_cancelled')).toBeNull();
  });

  test('it holds up no later one', async () => {
    await takesTexts(false);
    const document = await placed({ options: { sms_enabled: true } }, { ...SOON, mail_tried_for: 5_000 });
    const state = () => stateOf(venule.workflow(document.order));
    await until(async () =>
      (await state()).troubles.some((one) => one.startsWith('The SMS requisition_ready was not')),
    );
    await takesTexts(true);
    await venule.journeys.cancel(document);
    await venule.ended(document.order);
    expect(await isTexted(document.order, 'requisition_ready')).toBeNull();
    expect(await isTexted(document.order, 'order_cancelled')).toBeTruthy();
  });

  test.each(cases.filter(({ failure }) => failure === 'is away'))(
    'beside $undo, which $failure: the other is undone, and what failed is told at the end',
    async (failing) => {
      const document = await canceledUntold(failing);
      expect((await failureOf(document.order)).message).toMatch(failing.words);
      expect(await undone(document, [failing])).toEqual([LAB.undo, VISIT.undo].filter((undo) => undo !== failing.undo));
      expect(isMailed(document.order, 'order_cancelled')).toBe(true);
    },
  );
});

test('G3: a failure of weeks ago neither keeps a journey from continuing as new nor swallows its last mail', async () => {
  const policy = { ...SOON, longest_history: 30 };
  const document = await placed({ options: { results_ready_mail: true } }, policy);
  const [slot, another] = await slots();
  await fault({ mode: 'down', calls: ['book', 'read'] });
  await expect(book(document, slot)).rejects.toThrow('did not respond in time');
  const state = () => stateOf(venule.workflow(document.order));
  await until(async () => (await state()).troubles.some((trouble) => trouble.includes('could not find out whether')));
  await fault({ mode: 'ok' });

  const booked = await until(() => book(document, another).catch(() => null));
  await walk(booked.provider_appointment_id, 'completed');
  await venule.reaches(document._id, 'draw_completed');
  await reportUntilContinued(venule, document.order, { status: 'P' });
  await venule.simulate(document.order, { final_status: 'completed' });
  expect((await failureOf(document.order)).message).toMatch(/^We could not find out whether getlabs made booking/);
  expect((await venule.reaches(document._id, 'completed')).last_status).toBe('completed');
  expect(isMailed(document.order, 'results_ready')).toBe(true);
});

test('G3: a parent is not failed by its redraw, and what it has to tell is told', async () => {
  const options = { sms_enabled: true };
  const order = await venule.place({ labTest: 'labcorp-thyroid-panel', options }, { ...SOON, ...night() });
  await venule.reaches(order.id, 'requisition_created');
  await venule.deliver(lab, labMessage(venule.catalogue, order, { control_id: randomUUID(), lost: { [TSH]: 'QS' } }));
  const redraw = await venule.redrawOf(order);
  await venule.reaches(redraw._id, 'requisition_created');
  await venule.fault({ lab, mode: 'down' });
  await until(() =>
    venule.journeys.cancel(redraw).then(
      () => true,
      () => false,
    ),
  );
  expect((await failureOf(redraw.order)).message).toMatch(LAB.words);
  expect(await (await venule.ended(order)).result()).toMatchObject({
    status: 'completed',
    orders: [{ last_status: 'redraw_available' }, { last_status: 'cancelled' }],
  });
  expect(await isTexted(order, 'redraw_needed')).toBeTruthy();
});
