/** SMS, and reminders, which are SMS: by day at once, at night not before the morning, and of nothing that is settled. */
import { randomUUID } from 'node:crypto';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { smsActivities } from '../../activities/sms.ts';
import type { Appointment, AppointmentEventStatus, UsAddress } from '../../domain/appointments/appointment.ts';
import type { OfferedSlot } from '../../domain/appointments/appointment-command.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { loggedSms } from '../../store/messages/message-log.ts';
import { atHome } from '../support/at-home.ts';
import { inMs, NO_NIGHT, nightUntil } from '../support/nights.ts';
import { labMessage } from '../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { pendingActivities, pendingTimers, stateOf } from '../support/temporal-view.ts';
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
    await venule.reaches(document._id, 'appointment_scheduled');
    const held = await pendingTimers(venule.workflow(document.order), 'Quiet hours');
    expect(held).toHaveLength(1);
    expect(held.filter((due) => !isAbout(due, morning))).toEqual([]);
    expect(await sent(document, '')).toEqual([]);
  });

  test('comes in the morning after those that were held before it', async () => {
    const document = await order(TEXTED, nightUntil(inMs(6 * SECOND)));
    const [slot] = await slots();
    const { id } = await book(document, slot);
    await venule.journeys.cancel(await venule.reaches(document._id, 'appointment_scheduled'));
    await venule.ended(document.order);
    expect((await sent(document, '')).map(({ _id }) => /sms\.(.*)@/.exec(_id)?.[1])).toEqual([
      'order_received',
      'requisition_ready',
      `appointment.${id}.1`,
      'order_cancelled',
      `appointment.${id}.2`,
    ]);
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

describe('an appointment that is confirmed', () => {
  const VIROQUA: UsAddress = {
    first_line: '11 Oak Street',
    second_line: null,
    city: 'Viroqua',
    state: 'WI',
    zip_code: '54650',
    access_notes: null,
  };

  /** An appointment whose provider has to find the time, and what its patient is mailed. */
  async function requested() {
    const document = await order();
    const visit = await venule.journeys.appointment(document, {
      kind: 'request',
      appointment_id: randomUUID(),
      provider: 'phlebfinders',
      address: VIROQUA,
      location: { lng: -90.89, lat: 43.56 },
      appointment_notes: null,
    });
    const say = (status: AppointmentEventStatus, start: Date | null) => {
      const { provider_appointment_id } = visit;
      const [start_at, end_at] = start ? [start, new Date(start.getTime() + HOUR)].map((at) => at.toISOString()) : [];
      return venule.journeys.appointmentReport(document, {
        event_id: randomUUID(),
        appointment_id: visit.id,
        report: {
          status,
          start_at: start_at ?? null,
          end_at: end_at ?? null,
          time_zone: start ? 'America/Chicago' : null,
          external_id: null,
          provider_appointment_id,
          site_code: null,
          occurred_at: new Date().toISOString(),
          data: null,
        },
      });
    };
    const mailed = () =>
      venule.mails.flatMap(({ messageId }) => new RegExp(`${visit.id}\\.(\\d)@`).exec(messageId ?? '')?.[1] ?? []);
    return { document, visit, say, mailed };
  }

  test('is told of when it is, and not afterward: a report of the visit brings no confirmation along', async () => {
    const [usual, late] = [await requested(), await requested()];
    await usual.say('scheduled', inMs(3 * DAY));
    await until(() => usual.mailed().includes('2'));

    await late.say('completed', inMs(-HOUR));
    await venule.reaches(late.document._id, 'draw_completed');
    const { events } = (await collectionOf(venule.store.appointments).findOne({ _id: late.visit.id })) ?? {
      events: [],
    };
    expect(events.map(({ status }) => status)).toEqual(['pending', 'scheduled', 'completed']);
    await venule.deliver(late.document.order.lab_slug, labMessage(venule.catalogue, late.document.order));
    await venule.ended(late.document.order);
    expect(late.mailed()).toEqual(['1']);
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

  test('keeps the quiet hours of the place where the appointment is', async () => {
    const [slot] = await slots();
    const due = leading(slot, HOUR);
    const phoenix = Number(
      due.toLocaleString('en-US', { timeZone: 'America/Phoenix', hour: 'numeric', hourCycle: 'h23' }),
    );
    // Ohio is two hours ahead, in summer three.
    const quiet = { quiet_from: (phoenix + 1) % 24, quiet_until: (phoenix + 5) % 24 };
    const { order: at } = await order();
    const document = await reminded(
      { appointment_reminders_before: [HOUR], ...quiet },
      { address: { ...at.address, city: 'Columbus', state: 'OH', zip: '43215' } },
    );
    await book(document, slot);
    await waitsUntil(document, due);
  });

  test('that should have been sent before the booking is skipped, and the next is not', async () => {
    const document = await reminded({ appointment_reminders_before: [30 * DAY, 2 * HOUR] });
    const [slot] = await slots();
    await book(document, slot);
    await waitsUntil(document, leading(slot, 2 * HOUR));
    expect(await sent(document, 'reminder')).toEqual([]);
  });

  test('is not sent when the order has ended, though the visit to a service center still stands', async () => {
    const center = async (path: string, body: object) => {
      const headers = { 'x-vital-api-key': venule.api.key, 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      const answer = await fetch(`${venule.api.url}/v3/order/${path}`, init);
      expect(answer.status).toBe(200);
      // biome-ignore lint/suspicious/noExplicitAny: of an answer only what is named here is read.
      return (await answer.json()) as any;
    };
    const document = await reminded(nightUntil(inMs(6 * HOUR)), { labTest: 'quest-lipid-panel' });
    const search = { zip_code: '85004', radius: 25 };
    const { slots: days } = await center('psc/appointment/availability?lab=quest', search);
    const { booking_key } = days.at(-1).slots[0];
    const { id } = await center(`${document._id}/psc/appointment/book`, { booking_key });
    await until(async () => (await planned(document)).length === 1);
    await venule.journeys.cancel(document);
    await venule.reaches(document._id, 'cancelled');
    expect(await collectionOf(venule.store.appointments).findOne({ _id: id })).toMatchObject({ status: 'scheduled' });
    await until(async () => (await planned(document)).length === 0);
    expect((await venule.workflow(document.order).describe()).status.name).toBe('RUNNING');
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

describe('a reminder under way', () => {
  /** An order whose reminder of a visit is due and cannot be handed over. */
  async function stuck(policy = {}): Promise<OrderDocument> {
    const [slot] = await slots();
    const lead = [6, 20].map((seconds) => startOf(slot) - Date.now() - seconds * SECOND);
    const document = await reminded({ appointment_reminders_before: lead, ...policy });
    await book(document, slot);
    await arrives(document, 'requisition_ready');
    await handing('refused');
    await until(async () => (await underWay(document)).some(({ attempt }) => attempt > 1));
    return document;
  }
  const underWay = async ({ order }: OrderDocument) =>
    (await pendingActivities(venule.workflow(order))).filter(({ type }) => type === 'sendReminder');
  const handing = (over: 'refused' | 'taken') =>
    venule.store.connection.db?.command({
      collMod: venule.store.sentMessages.collection.collectionName,
      validator: over === 'refused' ? { _id: 'nothing' } : {},
    });
  afterEach(() => handing('taken'));

  test('is not sent when its appointment is cancelled meanwhile', async () => {
    const document = await stuck();
    await venule.journeys.appointment(document, { kind: 'cancel', reason: 'Other', notes: null });
    await handing('taken');
    await until(async () => (await underWay(document)).length === 0);
    expect(await sent(document, 'reminder')).toEqual([]);
  });

  test('is settled before its journey ends', async () => {
    const document = await stuck();
    await venule.journeys.cancel(document);
    await handing('taken');
    const { events } = await (await venule.ended(document.order)).fetchHistory();
    const begun = events?.filter(({ activityTaskScheduledEventAttributes: activity }) => activity);
    const settled = events?.filter(({ activityTaskCompletedEventAttributes: activity }) => activity);
    expect(settled?.length).toBe(begun?.length);
    expect(await sent(document, 'reminder')).toEqual([]);
  });

  test('is given up when it would come too late to be one', async () => {
    const document = await stuck({ reminder_tried_for: 2 * SECOND });
    await until(async () => {
      const { troubles } = await stateOf(venule.workflow(document.order));
      return troubles.some((trouble) => trouble.startsWith('The SMS reminder was not sent'));
    });
  });
});

describe('at the moment of sending, a reminder', () => {
  const remind = (document: OrderDocument, visit: Pick<Appointment, 'id' | 'start_at'> | null, due: string) =>
    smsActivities(
      {
        store: venule.store,
        catalogue: venule.catalogue,
        sms: loggedSms(venule.store),
        standInContact: { email: '', phone: '' },
        bookingUrl: async () => null,
      } as unknown as ActivityDependencies,
      { sendAppointmentMail: async () => undefined },
    ).sendReminder(document._id, visit, due);
  const came = async (document: OrderDocument) =>
    (await sent(document, 'reminder')).map(({ _id }) => /reminder\.(.*)@/.exec(_id)?.[1]);

  test('to book is sent only while there is something to book', async () => {
    const document = await reminded();
    await remind(document, null, 'before');
    const [slot] = await slots();
    await book(document, slot);
    await remind(await venule.reaches(document._id, 'appointment_scheduled'), null, 'booked');
    await venule.journeys.appointment(document, { kind: 'cancel', reason: 'Other', notes: null });
    await venule.reaches(document._id, 'appointment_cancelled');
    await remind(document, null, 'cancelled');
    await venule.journeys.cancel(document);
    await venule.reaches(document._id, 'cancelled');
    await remind(document, null, 'ended');
    expect(await came(document)).toEqual(['before', 'cancelled']);
  });

  test('to book is sent of no order for which nothing is booked, as orders of before planned it', async () => {
    const onSite = { labTest: 'labcorp-wellness-panel-on-site', options: { sms_enabled: true } };
    const { id } = await venule.place(onSite);
    const document = await venule.reaches(id, 'requisition_created');
    await remind(document, null, 'planned');
    expect(await came(document)).toEqual([]);
  });

  test('of an appointment is sent only of the one that is to come, at the time that it was planned for', async () => {
    const document = await reminded();
    const [first, , , fourth] = await slots();
    const booked = await book(document, first);
    await venule.reaches(document._id, 'appointment_scheduled');
    await remind(document, booked, 'booked');
    const moved = await move(document, fourth);
    await remind(document, booked, 'moved');
    await remind(document, moved, 'planned anew');

    const begun = { id: moved.id, start_at: inMs(-SECOND).toISOString() };
    const at = (start_at: string | null) =>
      collectionOf(venule.store.appointments).updateOne({ _id: moved.id }, { $set: { start_at } });
    await at(begun.start_at);
    await remind(document, begun, 'begun');
    await at(moved.start_at);
    await venule.journeys.appointment(document, { kind: 'cancel', reason: 'Other', notes: null });
    await remind(document, moved, 'cancelled');
    expect(await came(document)).toEqual(['booked', 'planned anew']);
  });
});

/** An order of a team that reminds. */
function reminded(policy = {}, changes: Parameters<typeof order>[0] = {}): Promise<OrderDocument> {
  return order({ options: { sms_enabled: true, reminders_enabled: true }, ...changes }, policy);
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
