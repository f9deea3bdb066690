/** SMS, and reminders, which are SMS: by day at once, at night not before the morning, and of nothing that is settled. */
import type { Appointment } from '../../domain/appointment.ts';
import type { OfferedSlot } from '../../domain/appointment-command.ts';
import type { OrderDocument } from '../../store/documents.ts';
import { atHome } from '../support/at-home.ts';
import { type InProcessVenule, startVenule } from '../support/in-process-venule.ts';
import { inMs, NO_NIGHT, nightUntil } from '../support/nights.ts';
import { pendingTimers } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule?.close());

const { slots, order, book } = atHome(() => venule);

/** An SMS that the patient of an order was sent, by what it is about. */
async function sent({ _id }: Pick<OrderDocument, '_id'>, about: string) {
  const messages = await venule.store.sentMessages.find({ _id: new RegExp(`^${_id}.sms.${about}`) }).lean();
  return messages.sort((one, other) => one.sent_at.getTime() - other.sent_at.getTime());
}
const arrives = (document: Pick<OrderDocument, '_id'>, about: string) =>
  until(async () => (await sent(document, about))[0]);

/** Due times of reminders, in their order, as often as a slow machine may miss one. */
const OFTEN = [2, 6, 20].map((seconds) => seconds * SECOND);

describe('F1: an SMS', () => {
  const TEXTED = { options: { sms_enabled: true, email_enabled: false } };

  test('goes out at once where no hour is quiet', async () => {
    const document = await order(TEXTED, NO_NIGHT);
    const { text } = await arrives(document, 'requisition_ready');
    expect(text).toContain('Northwind Health');
    expect(await sent(document, 'order_received')).toHaveLength(1);
  });

  test('waits at night, and the journey does not wait for it', async () => {
    const morning = inMs(6 * HOUR);
    const document = await order(TEXTED, nightUntil(morning));
    const [slot] = await slots();
    await book(document, slot);
    const waiting = await until(async () => {
      const timers = await pendingTimers(venule.workflow(document.order), 'No SMS at night');
      return timers.length === 3 && timers;
    });
    expect(waiting.filter((due) => !isAbout(due, morning))).toEqual([]);
    expect(await sent(document, '')).toEqual([]);
  });

  test('is sent in the morning', async () => {
    const morning = inMs(3 * SECOND);
    const document = await order(TEXTED, nightUntil(morning));
    const { sent_at } = await arrives(document, 'order_received');
    expect(sent_at.getTime()).toBeGreaterThanOrEqual(morning.getTime());
  });

  test('is not what a mail is: that goes out at night', async () => {
    const email = 'awake@patients.example';
    const { patient } = (await order()).order;
    await order({ patient: { ...patient, email } }, nightUntil(inMs(6 * HOUR)));
    await until(() => venule.mails.some(({ to }) => to?.[0]?.address === email));
  });
});

describe('a reminder to book', () => {
  test('is sent to who has not booked, and says how to be left alone', async () => {
    const document = await reminded({ booking_reminders_after: OFTEN });
    const { text } = await arrives(document, 'reminder');
    expect(text).toContain('STOP');
  });

  test('waits at night until the morning', async () => {
    const morning = inMs(4 * SECOND);
    const document = await reminded({
      booking_reminders_after: [1, 2, 3, 4].map((wait) => wait * 500),
      ...nightUntil(morning),
    });
    const { _id, sent_at } = await arrives(document, 'reminder');
    expect(sent_at.getTime()).toBeGreaterThanOrEqual(morning.getTime());
    expect(dueOf(_id).getTime()).toBeGreaterThanOrEqual(morning.getTime());
  });

  test('is not sent by a team that sends none, or no SMS', async () => {
    const timing = { booking_reminders_after: [HOUR] };
    const silent = await Promise.all([
      order({ options: { sms_enabled: true } }, timing),
      order({ options: { reminders_enabled: true } }, timing),
    ]);
    for (const document of silent) expect(await planned(document)).toEqual([]);
  });

  test('is not sent to who has booked; whose appointment is cancelled is reminded again', async () => {
    const document = await reminded({ booking_reminders_after: [HOUR], appointment_reminders_before: [HOUR] });
    const toBook = new Date(created(document).getTime() + HOUR);
    await waitsUntil(document, toBook);
    const [slot] = await slots();
    await book(document, slot);
    await waitsUntil(document, leading(slot, HOUR));
    await venule.journeys.appointment(document, { kind: 'cancel', reason: 'Other', notes: null });
    await waitsUntil(document, toBook);
  });
});

describe('a reminder of an appointment', () => {
  test('is sent when it is due, and only then', async () => {
    const [slot] = await slots();
    const earliest = Date.now() + Math.min(...OFTEN);
    const lead = OFTEN.map((wait) => startOf(slot) - Date.now() - wait);
    const document = await reminded({ appointment_reminders_before: lead });
    await book(document, slot);
    const { _id, text, sent_at } = await arrives(document, 'reminder');
    expect(text).toContain('STOP');
    expect(dueOf(_id).getTime()).toBeGreaterThanOrEqual(earliest);
    expect(sent_at.getTime()).toBeGreaterThanOrEqual(dueOf(_id).getTime());
  });

  test('waits at night until the morning', async () => {
    const [slot] = await slots();
    const morning = inMs(8 * SECOND);
    const lead = OFTEN.map((wait) => startOf(slot) - Date.now() - wait);
    const document = await reminded({ appointment_reminders_before: lead, ...nightUntil(morning) });
    await book(document, slot);
    const { _id, sent_at } = await arrives(document, 'reminder');
    expect(dueOf(_id).getTime()).toBeGreaterThanOrEqual(morning.getTime());
    expect(sent_at.getTime()).toBeGreaterThanOrEqual(morning.getTime());
  });

  test('comes a day before, and is planned anew when the appointment is moved', async () => {
    const document = await reminded();
    const [first, , , fourth] = await slots();
    await book(document, first);
    await waitsUntil(document, leading(first, DAY));
    await move(document, fourth);
    await waitsUntil(document, leading(fourth, DAY));
  });

  test('that should have been sent before the booking is skipped, and the next is not', async () => {
    const document = await reminded({ appointment_reminders_before: [30 * DAY, 2 * HOUR] });
    const [slot] = await slots();
    await book(document, slot);
    await waitsUntil(document, leading(slot, 2 * HOUR));
    expect(await sent(document, 'reminder')).toEqual([]);
  });

  test('keeps no journey open, and is not sent when it is over', async () => {
    const document = await reminded();
    const [slot] = await slots();
    await book(document, slot);
    await waitsUntil(document, leading(slot, DAY));
    await venule.journeys.cancel(await venule.reaches(document._id, 'appointment_scheduled'));
    await venule.ended(document.order);
    expect(await planned(document)).toEqual([]);
    expect(await sent(document, 'reminder')).toEqual([]);
  });
});

/** An order of a team that reminds. */
function reminded(policy = {}): Promise<OrderDocument> {
  return order({ options: { sms_enabled: true, reminders_enabled: true } }, policy);
}

function move(document: OrderDocument, slot: OfferedSlot | undefined): Promise<Appointment> {
  if (!slot) throw new Error('No slot was offered');
  return venule.journeys.appointment(document, { kind: 'reschedule', slot, appointment_notes: null });
}

const planned = ({ order }: OrderDocument) => pendingTimers(venule.workflow(order), 'A reminder is due');

/** Waits until the one reminder that is waited for is due at that instant. */
const waitsUntil = (document: OrderDocument, instant: Date) =>
  until(async () => {
    const due = await planned(document);
    return due.length === 1 && due.every((each) => isAbout(each, instant));
  });

/** Temporal starts a timer a little after the journey asks for it. */
function isAbout(due: Date, instant: Date): boolean {
  const late = due.getTime() - instant.getTime();
  return late >= -SECOND && late < 5 * 60 * SECOND;
}

const startOf = (slot: OfferedSlot | undefined) => Date.parse(slot?.start_at ?? '');
const leading = (slot: OfferedSlot | undefined, lead: number) => new Date(startOf(slot) - lead);
const created = ({ events }: OrderDocument) =>
  new Date(events.find(({ status }) => status === 'requisition_created')?.created_at ?? '');
/** A reminder's reference ends with the instant at which it was due. */
const dueOf = (reference: string) => new Date(/reminder\.(.*)@/.exec(reference)?.[1] ?? '');
