import type { Appointment } from '../../../domain/appointments/appointment.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import { atHome } from '../../support/at-home.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { stateOf } from '../../support/temporal-view.ts';
import { until } from '../../support/until.ts';

const DAY = 86_400_000;

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const { slots, order, book, heldFor, says, now, statuses } = atHome(() => venule);
const appointment = async ({ id }: Pick<Appointment, 'id'>) =>
  collectionOf(venule.store.appointments).findOne({ _id: id });
const walk = (id: string | null, to: object) =>
  venule.atProvider(`/sandbox/phlebotomy/getlabs/appointments/${id}/simulate`, to);
const cancel = (document: OrderDocument) =>
  venule.journeys.appointment(document, { kind: 'cancel', reason: 'Other', notes: null });
const eventOf = (choice: object) => collectionOf(venule.store.phlebotomyEvents).findOne(choice);

test('F1, G2: an overdue visit that was made after all counts for the draw, and the one booked in its place is canceled', async () => {
  const document = await order();
  const [slot, another] = await slots();
  const overdue = await book(document, slot);
  await walk(overdue.provider_appointment_id, {
    status: 'scheduled',
    start: new Date(Date.now() - 5 * DAY).toISOString(),
  });
  await until(async () => Date.parse((await appointment(overdue))?.start_at ?? '') < Date.now());
  const next = await book(document, another);
  expect(await appointment(overdue)).toMatchObject({ status: 'cancelled' });

  await walk(overdue.provider_appointment_id, { status: 'completed' });
  await venule.reaches(document._id, 'draw_completed');
  await until(async () => (await appointment(next))?.status === 'cancelled');
  expect(await heldFor(next)).toMatchObject({ status: 'cancelled' });
  const event = await eventOf({ appointment_id: overdue.id, 'report.status': 'completed' });
  expect(event).toMatchObject({ state: 'kept', kept_because: 'counted_as_draw', order_id: document._id });
  const reason = (await now(document.order)).events.find(({ status }) => status === 'draw_completed')?.reason;
  expect(reason).toContain(`Appointment ${overdue.id} took place after all`);

  await venule.simulate(document.order, { final_status: 'completed' });
  await venule.ended(document.order);
  expect(statuses(await now(document.order)).slice(-2)).toEqual(['partial_results', 'completed']);
});

test('G2: a visit that was canceled and took place all the same counts for the draw', async () => {
  const document = await order();
  const [slot] = await slots();
  const booked = await book(document, slot);
  await cancel(document);
  await says(booked, { status: 'completed', occurred_at: new Date(Date.now() + 1000).toISOString() });
  await venule.reaches(document._id, 'draw_completed');
  expect(statuses(await now(document.order)).slice(-4)).toEqual([
    'appointment_cancelled',
    'appointment_pending',
    'appointment_scheduled',
    'draw_completed',
  ]);
});

test('G1: a visit that stands again is kept with the reason, and shown; an echo of what is known is not', async () => {
  const document = await order();
  const [slot, another] = await slots();
  const booked = await book(document, slot);
  const echo = { status: 'scheduled', occurred_at: booked.events[0]?.occurred_at ?? '' } as const;
  await cancel(document);
  await book(document, another);
  const [again, old] = [
    await says(booked, { status: 'scheduled', occurred_at: new Date(Date.now() + 1000).toISOString() }),
    await says(booked, echo),
  ];
  await until(async () => (await eventOf({ _id: again }))?.state === 'kept');
  expect(await eventOf({ _id: again })).toMatchObject({ kept_because: 'earlier_visit', order_id: document._id });
  const state = await until(async () => {
    const { troubles } = await stateOf(venule.workflow(document.order));
    return troubles.length > 0 && troubles;
  });
  expect(state).toEqual([expect.stringContaining(`appointment ${booked.id}, which is over for us, is scheduled`)]);
  await until(async () => (await eventOf({ _id: old }))?.state === 'delivered');
  expect((await now(document.order)).last_status).toBe('appointment_scheduled');
});
