/** The demo’s other story: a phlebotomist comes to the patient, at another time than first booked. All of it through the SDK. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Junction, type JunctionClient } from '@junction-api/sdk';
import { expect, type Moment, NotAsExpected, Orders } from './heard-orders.ts';
import { ADDRESS, type JourneyReport, listen, PATIENT, rowsOf, save } from './journey.ts';
import type { Lab } from './lab-reports.ts';
import { watchMail } from './mail.ts';
import type { Venule } from './venule.ts';

const METHOD = Junction.LabTestCollectionMethod.AtHomePhlebotomy;
const ACCESS_NOTES = 'Gate code 4411, ring twice';
/** Between the steps of the visit. */
const DELAY_SECONDS = 1;
/** Requisition, confirmation, the new time. */
const MAILS = 3;

/**
 * Walks the at-home journey and tells of each moment as it comes.
 *
 * @throws NotAsExpected when Venule does anything else than it should; whatever the SDK throws
 */
export async function walkAtHome(
  venule: Venule,
  client: JunctionClient,
  lab: Lab,
  tell: (moment: Moment) => void,
): Promise<JourneyReport> {
  const did = (what: string, note: string) => tell({ at: new Date(), who: 'demo', what, note });
  const [panel] = await client.labTests.get({ labSlug: lab, collectionMethod: METHOD });
  if (!panel) throw new NotAsExpected(`${lab} has no lab test that is drawn at home`);
  const user = await client.user.create({ clientUserId: `demo-${Date.now()}` });
  did('creates a user', user.userId);

  const orders = new Orders(tell);
  const news = await listen(venule, user, orders);
  const stopMail = venule.mail === null ? undefined : watchMail(venule.mail, (id) => orders.knows(id), tell);
  try {
    did('listens', news.name);
    did('places an order', `${panel.name} at ${panel.lab?.name ?? lab}, drawn at home`);
    const { order } = await client.labTests.createOrder({
      idempotencyKey: `demo-${user.userId}`,
      userId: user.userId,
      orderSet: { labTestIds: [panel.id] },
      collectionMethod: METHOD,
      patientDetails: PATIENT,
      patientAddress: { ...ADDRESS, accessNotes: ACCESS_NOTES },
    });
    const orderId = order.id;
    await orders.reaches(orderId, 'requisition_created');

    const { firstLine, city, state, zip: zipCode } = ADDRESS;
    const { slots: days } = await client.labTests.getPhlebotomyAppointmentAvailability({
      body: { firstLine, city, state, zipCode },
    });
    const [first, second] = days.slice(1).flatMap((day) => day.slots);
    if (!first?.bookingKey || !second?.bookingKey) throw new NotAsExpected('No time is available for the visit');
    did('books a visit', `${told(first.start)}; notes: “Faints easily”`);
    await client.labTests.bookPhlebotomyAppointment({
      orderId,
      body: { bookingKey: first.bookingKey, appointmentNotes: 'Faints easily' },
    });
    await orders.reaches(orderId, 'appointment_scheduled');
    did('moves the visit', `${told(second.start)}; notes: “Faints easily; left arm only”`);
    const moved = await client.labTests.reschedulePhlebotomyAppointment({
      orderId,
      body: { bookingKey: second.bookingKey, appointmentNotes: 'Faints easily; left arm only' },
    });
    expect(moved.address.accessNotes === ACCESS_NOTES, 'The phlebotomist was not told how to get in');

    did('completes the visit', 'then the lab reports');
    const finalStatus = 'completed.at_home_phlebotomy.completed';
    await client.labTests.simulateOrderProcess({ orderId, finalStatus, delay: DELAY_SECONDS, body: {} });
    await orders.reaches(orderId, 'draw_completed');
    const ended = await orders.reaches(orderId, 'completed');

    const transactionId = ended.order_transaction.id;
    const transaction = await client.orderTransaction.getTransaction({ transactionId });
    expect(transaction.status === 'completed', `The order transaction is ${transaction.status}, not completed`);
    const raw = await client.labTests.getResultRaw({ orderId });
    const missing = (raw.missingResults ?? []).map(({ name }) => name);
    expect(missing.length === 0, `Missing after the final report: ${missing.join(', ')}`);
    const folder = join(venule.dataDir, 'demo', transactionId);
    mkdirSync(folder, { recursive: true });
    const documents = {
      requisition: await save(client.labTests.getOrderRequistionPdf({ orderId }), folder, 'requisition'),
      result: await save(client.labTests.getResultPdf({ orderId }), folder, 'result'),
    };
    await stopMail?.(MAILS);
    return {
      panel: panel.name,
      lab: panel.lab?.name ?? lab,
      transaction: { id: transactionId, status: transaction.status },
      orders: [{ id: orderId, origin: 'initial', status: 'completed' }],
      lost: [],
      results: rowsOf(raw, ''),
      missing,
      documents,
    };
  } finally {
    await stopMail?.(0);
    await news.stop();
  }
}

/** In the time zone of the visit. */
const told = (start: Date | string) =>
  new Date(start).toLocaleString('en-US', { timeZone: 'America/Phoenix', dateStyle: 'full', timeStyle: 'short' });
