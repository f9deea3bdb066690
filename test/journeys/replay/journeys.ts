/** One journey for each way an order transaction can end, walked on a whole Venule; every test of them shares these. */
import type { Appointment } from '../../../domain/appointments/appointment.ts';
import type { Order } from '../../../domain/orders/order.ts';
import type { OrderLowLevelStatus } from '../../../domain/orders/status.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import { deliverAgain } from '../../../store/inbox/inbox-review.ts';
import { atHome } from '../../support/at-home.ts';
import { labMessage } from '../../support/partners/lab-message.ts';
import { applied } from '../../support/reading-anew.ts';
import type { InProcessVenule } from '../../support/running/in-process-venule.ts';
import { until } from '../../support/until.ts';

const lab = 'labcorp';
const A_PERSON = { kind: 'person', id: 'operator' } as const;

/** Of a CBC and a CMP: */
const CBC = '005009';
const GLUCOSE = '2345-7';

/** Of a thyroid panel: */
const TSH = '3016-3';
const FREE_T4 = '3024-7';

export interface Journey {
  /** How it ends; also the name of its recorded history. */
  name: string;
  /** Walks it to the end of its workflow, and answers with the initial order. */
  walk(venule: InProcessVenule): Promise<Order>;
  /** Every status that the initial order went through. */
  initial: OrderLowLevelStatus[];
  /** Every status of its redraw, where there is one. */
  redraw?: OrderLowLevelStatus[];
}

/** An order that the lab has acknowledged. */
async function placed(venule: InProcessVenule, ...how: Parameters<InProcessVenule['place']>): Promise<Order> {
  const order = await venule.place(...how);
  await venule.reaches(order.id, 'requisition_created');
  return order;
}

/** An order of which the lab lost two results, and its redraw that the lab has acknowledged. */
async function redrawn(venule: InProcessVenule): Promise<{ order: Order; redraw: Order }> {
  const order = await placed(venule, { labTest: 'labcorp-thyroid-panel' });
  const lost = { [TSH]: 'QS', [FREE_T4]: 'QS' };
  await venule.deliver(lab, labMessage(venule.catalogue, order, { lost }));
  await venule.reaches(order.id, 'redraw_available');
  const { order: redraw } = await venule.redrawOf(order);
  await venule.reaches(redraw.id, 'requisition_created');
  return { order, redraw };
}

async function cancel(venule: InProcessVenule, order: Order): Promise<void> {
  await venule.journeys.cancel(await venule.reaches(order.id, 'ordered'));
}

async function over(venule: InProcessVenule, order: Order): Promise<Order> {
  await venule.ended(order);
  return order;
}

/** A journey of an order and its redraw. @param then What becomes of the redraw, which ends `last`. */
const redrawnAnd = (
  name: string,
  last: OrderLowLevelStatus,
  then: (venule: InProcessVenule, redraw: Order) => Promise<unknown>,
): Journey => ({
  name,
  async walk(venule) {
    const { order, redraw } = await redrawn(venule);
    await then(venule, redraw);
    return over(venule, order);
  },
  initial: ['ordered', 'requisition_created', 'redraw_available'],
  redraw: ['ordered', 'requisition_created', last],
});

/** Waits for the end of a journey of which something failed for good. */
async function failed(venule: InProcessVenule, order: Order): Promise<Order> {
  const isFailed = await venule
    .workflow(order)
    .result()
    .then(() => false)
    .catch(() => true);
  if (!isFailed) throw new Error('Nothing of the journey failed');
  return order;
}

/** Results are awaited for as many milliseconds after the requisition. */
const expiringIn = (deadline: number) => ({ requisition_valid: { walk_in_test: 1 }, results_awaited_longer: deadline });

/** The same on site, after a draw that is reported at once. */
const EXPIRING_ON_SITE = { requisition_valid: { on_site_collection: 1 }, results_awaited_longer: 6_000 };

const EARLY = { options: { early_booking_enabled: true } };
const OTHER = { kind: 'cancel', reason: 'Other', notes: null } as const;

const visitOf = (venule: InProcessVenule, { id }: Pick<Appointment, 'id'>) =>
  collectionOf(venule.store.appointments).findOne({ _id: id });

/** An order that is collected on site, with its requisition. */
async function onSite(venule: InProcessVenule, policy: object = {}): Promise<OrderDocument> {
  const order = await venule.place({ labTest: 'labcorp-wellness-panel-on-site' }, policy);
  return venule.reaches(order.id, 'requisition_created');
}

/** The same, drawn, as its caller reports. */
async function drawnOnSite(venule: InProcessVenule, policy?: object): Promise<OrderDocument> {
  const document = await onSite(venule, policy);
  await venule.journeys.drawCompleted(document, A_PERSON);
  return document;
}

/** Makes getlabs misbehave from now on. */
const providerTrouble = (venule: InProcessVenule, trouble: object) =>
  venule.atProvider('/sandbox/phlebotomy/faults', { provider: 'getlabs', ...trouble });

/** An order at home that the lab has acknowledged, and times that getlabs offers for it. */
async function offered(venule: InProcessVenule, ...how: Parameters<InProcessVenule['place']>) {
  const scene = atHome(() => venule);
  const document = await scene.order(...how);
  const [slot, another] = await scene.slots();
  return { scene, document, slot, another };
}

/** The same, with the first of those times booked. */
async function booked(venule: InProcessVenule, ...how: Parameters<InProcessVenule['place']>) {
  const offer = await offered(venule, ...how);
  return { ...offer, visit: await offer.scene.book(offer.document, offer.slot) };
}

/** The provider comes, draws, and says so. */
async function drawn(venule: InProcessVenule, order: Order): Promise<void> {
  const held = await until(() =>
    collectionOf(venule.store.appointments).findOne({ order_id: order.id, status: 'scheduled' }),
  );
  const visit = `/sandbox/phlebotomy/getlabs/appointments/${held.provider_appointment_id}`;
  await venule.atProvider(`${visit}/simulate`, { status: 'completed' });
  await venule.reaches(order.id, 'draw_completed');
}

/** The provider draws, the lab reports, and that is the end. */
async function drawnAndReported(venule: InProcessVenule, order: Order): Promise<Order> {
  await drawn(venule, order);
  await venule.simulate(order, { final_status: 'completed' });
  return over(venule, order);
}

/** The statuses of an order at home until its visit is booked. */
const BOOKED: OrderLowLevelStatus[] = [
  'ordered',
  'requisition_created',
  'appointment_pending',
  'appointment_scheduled',
];

/** A journey for every ending. */
export const JOURNEYS: Journey[] = [
  {
    name: 'completed',
    async walk(venule) {
      const order = await placed(venule, {
        labTest: 'labcorp-thyroid-panel',
        options: { results_ready_mail: true },
      });
      await venule.simulate(order, { final_status: 'partial_results' });
      await venule.reaches(order.id, 'partial_results');
      await venule.simulate(order, { final_status: 'completed' });
      return over(venule, order);
    },
    initial: ['ordered', 'requisition_created', 'partial_results', 'completed'],
  },
  redrawnAnd('completed-after-redraw', 'completed', (venule, redraw) =>
    venule.deliver(lab, labMessage(venule.catalogue, redraw)),
  ),
  redrawnAnd('redraw-still-missing', 'completed', (venule, redraw) =>
    venule.deliver(lab, labMessage(venule.catalogue, redraw, { lost: { [TSH]: 'QS' } })),
  ),
  redrawnAnd('redraw-cancelled', 'cancelled', cancel),
  {
    name: 'rejected-after-acceptance',
    async walk(venule) {
      const order = await placed(venule);
      await venule.journeys.rejected(await venule.reaches(order.id, 'ordered'), 'Not performed here');
      return over(venule, order);
    },
    initial: ['ordered', 'requisition_created', 'cancelled'],
  },
  {
    name: 'cancelled',
    async walk(venule) {
      const order = await placed(venule);
      await cancel(venule, order);
      return over(venule, order);
    },
    initial: ['ordered', 'requisition_created', 'cancelled'],
  },
  {
    name: 'cancellation-refused-by-the-lab',
    async walk(venule) {
      const order = await placed(venule);
      await venule.fault({ lab, mode: 'reject', times: 1 });
      await cancel(venule, order);
      return failed(venule, order);
    },
    initial: ['ordered', 'requisition_created', 'cancelled'],
  },
  {
    name: 'cancellation-not-delivered',
    async walk(venule) {
      const order = await placed(venule, {}, { undo_tried_for: 500 });
      await venule.fault({ lab, mode: 'down' });
      await cancel(venule, order);
      await failed(venule, order);
      await venule.fault({ lab, mode: 'ok' });
      return order;
    },
    initial: ['ordered', 'requisition_created', 'cancelled'],
  },
  {
    name: 'report-accepted-after-cancellation',
    async walk(venule) {
      const order = await placed(venule);
      await venule.fault({ lab, mode: 'down' });
      await cancel(venule, order);
      await venule.deliver(lab, labMessage(venule.catalogue, order));
      const held = await until(() =>
        collectionOf(venule.store.labMessages).findOne({ order_id: order.id, state: 'unmatched' }),
      );
      await deliverAgain(venule.store, venule.catalogue, A_PERSON, held._id);
      await venule.fault({ lab, mode: 'ok' });
      return over(venule, order);
    },
    initial: ['ordered', 'requisition_created', 'cancelled'],
  },
  {
    name: 'refused-by-the-lab',
    async walk(venule) {
      await venule.fault({ lab, mode: 'reject', times: 1 });
      return over(venule, await venule.place());
    },
    initial: ['ordered', 'cancelled'],
  },
  {
    name: 'failed-check',
    walk: async (venule) => over(venule, await venule.place({ icd_codes: ['nonsense'] })),
    initial: ['ordered', 'cancelled'],
  },
  {
    name: 'expired-before-results',
    walk: async (venule) => over(venule, await venule.place({}, expiringIn(300))),
    initial: ['ordered', 'requisition_created', 'cancelled'],
  },
  {
    name: 'expired-after-partial-results',
    async walk(venule) {
      await venule.fault({ lab, mode: 'slow', times: 1, delay_ms: 500 });
      const order = await venule.place({ labTest: 'labcorp-cbc-and-cmp' }, expiringIn(300));
      await venule.deliver(lab, labMessage(venule.catalogue, order, { tests: [CBC] }));
      return over(venule, order);
    },
    initial: ['ordered', 'requisition_created', 'partial_results', 'completed'],
  },
  {
    name: 'corrected-after-the-end',
    async walk(venule) {
      const order = await placed(venule, { labTest: 'labcorp-cbc-and-cmp', options: { results_ready_mail: true } });
      // While the last mail cannot be sent the workflow stays open, so that it is the one to take the correction.
      venule.mailServer.trouble = { at: 'sender', code: 451, refusals: 0 };
      await venule.deliver(lab, labMessage(venule.catalogue, order));
      await venule.reaches(order.id, 'completed');
      const correction = { status: 'C', values: { [GLUCOSE]: '180' } } as const;
      await venule.deliver(lab, labMessage(venule.catalogue, order, correction));
      await venule.reaches(order.id, 'corrected');
      venule.mailServer.trouble = null;
      return over(venule, order);
    },
    initial: ['ordered', 'requisition_created', 'completed', 'corrected'],
  },
  {
    name: 'continued-as-new',
    async walk(venule) {
      const order = await placed(venule, { labTest: 'labcorp-thyroid-panel' }, { longest_history: 30 });
      for (const [index, { provider_id }] of order.markers.entries()) {
        await venule.deliver(lab, labMessage(venule.catalogue, order, { tests: [provider_id] }));
        await until(async () => (await venule.reaches(order.id, 'ordered')).events.length === index + 3);
      }
      return over(venule, order);
    },
    initial: [
      'ordered',
      'requisition_created',
      'partial_results',
      'partial_results',
      'partial_results',
      'partial_results',
      'completed',
    ],
  },
  {
    name: 'at-home-completed',
    async walk(venule) {
      const { scene, document, slot, another } = await offered(venule, {
        options: { sms_enabled: true, reminders_enabled: true },
      });
      await scene.book(document, slot, { notes: 'left arm' });
      if (!another) throw new Error('No second slot was offered');
      const reschedule = { kind: 'reschedule', slot: another, appointment_notes: 'right arm' } as const;
      await venule.journeys.appointment(document, reschedule);
      return drawnAndReported(venule, document.order);
    },
    initial: [...BOOKED, 'appointment_scheduled', 'draw_completed', 'partial_results', 'completed'],
  },
  {
    name: 'at-home-cancelled-with-its-visit',
    async walk(venule) {
      const { document } = await booked(venule);
      await venule.journeys.cancel(document);
      return over(venule, document.order);
    },
    initial: [...BOOKED, 'cancelled'],
  },
  {
    name: 'at-home-expired-after-the-draw',
    async walk(venule) {
      const deadline = { requisition_valid: { at_home_phlebotomy: 1 }, results_awaited_longer: 6_000 };
      const { document } = await booked(venule, {}, deadline);
      await drawn(venule, document.order);
      return over(venule, document.order);
    },
    initial: [...BOOKED, 'draw_completed', 'completed'],
  },
  {
    name: 'at-home-draw-shown-by-the-lab',
    async walk(venule) {
      const { scene, document, visit } = await booked(venule, {}, { draw_inferred_after: 1 });
      const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
      await scene.says(visit, { start_at: ago(2), end_at: ago(1) });
      await until(async () => Date.parse((await visitOf(venule, visit))?.end_at ?? '') < Date.now());
      await venule.deliver(lab, labMessage(venule.catalogue, document.order));
      return over(venule, document.order);
    },
    initial: [...BOOKED, 'appointment_scheduled', 'draw_completed', 'completed'],
  },
  {
    name: 'at-home-drawn-at-an-earlier-visit',
    async walk(venule) {
      const { scene, document, visit, another } = await booked(venule);
      await venule.journeys.appointment(document, OTHER);
      const next = await scene.book(document, another);
      await scene.says(visit, { status: 'completed', occurred_at: new Date(Date.now() + 1000).toISOString() });
      await until(async () => (await visitOf(venule, next))?.status === 'cancelled');
      await venule.simulate(document.order, { final_status: 'completed' });
      return over(venule, document.order);
    },
    initial: [
      ...BOOKED,
      'appointment_cancelled',
      'appointment_pending',
      'appointment_scheduled',
      'draw_completed',
      'partial_results',
      'completed',
    ],
  },
  {
    name: 'at-home-found-again',
    async walk(venule) {
      const { scene, document, slot } = await offered(venule, {}, { partner_call: 1_000 });
      await providerTrouble(venule, { mode: 'down', after_accept: true, calls: ['book'] });
      await scene.book(document, slot).catch(() => {});
      await providerTrouble(venule, { mode: 'ok' });
      await venule.reaches(document._id, 'appointment_scheduled');
      await venule.journeys.appointment(document, OTHER);
      await venule.journeys.cancel(document);
      return over(venule, document.order);
    },
    initial: [...BOOKED, 'appointment_cancelled', 'cancelled'],
  },
  {
    name: 'at-home-confirmed-later',
    async walk(venule) {
      const { scene, document, slot } = await offered(venule);
      await providerTrouble(venule, { mode: 'down', calls: ['book'] });
      await scene.book(document, slot, { patience: { answered_within: 1_000, confirmed_within: 60_000 } });
      await providerTrouble(venule, { mode: 'ok' });
      return drawnAndReported(venule, document.order);
    },
    initial: [...BOOKED, 'draw_completed', 'partial_results', 'completed'],
  },
  {
    name: 'at-home-booked-early',
    async walk(venule) {
      const scene = atHome(() => venule);
      await venule.fault({ lab, mode: 'down' });
      const order = await venule.place({ labTest: 'labcorp-lipid-panel-at-home', ...EARLY });
      const [slot] = await scene.slots();
      await scene.book(await venule.reaches(order.id, 'ordered'), slot);
      await venule.fault({ lab, mode: 'ok' });
      return drawnAndReported(venule, order);
    },
    initial: [...BOOKED, 'draw_completed', 'partial_results', 'completed'],
  },
  {
    name: 'on-site-completed',
    async walk(venule) {
      const { order } = await drawnOnSite(venule);
      await venule.simulate(order, { final_status: 'partial_results' });
      await venule.reaches(order.id, 'partial_results');
      await venule.simulate(order, { final_status: 'completed' });
      return over(venule, order);
    },
    initial: ['ordered', 'requisition_created', 'draw_completed', 'partial_results', 'completed'],
  },
  {
    name: 'on-site-cancelled',
    async walk(venule) {
      const { order } = await onSite(venule);
      await cancel(venule, order);
      return over(venule, order);
    },
    initial: ['ordered', 'requisition_created', 'cancelled'],
  },
  {
    name: 'on-site-cancelled-after-the-draw',
    async walk(venule) {
      const { order } = await drawnOnSite(venule);
      await cancel(venule, order);
      return over(venule, order);
    },
    initial: ['ordered', 'requisition_created', 'draw_completed', 'cancelled'],
  },
  {
    name: 'on-site-expired-before-the-draw',
    async walk(venule) {
      const { order } = await onSite(venule, EXPIRING_ON_SITE);
      return over(venule, order);
    },
    initial: ['ordered', 'requisition_created', 'cancelled'],
  },
  {
    name: 'on-site-expired-after-the-draw',
    async walk(venule) {
      const { order } = await drawnOnSite(venule, EXPIRING_ON_SITE);
      return over(venule, order);
    },
    initial: ['ordered', 'requisition_created', 'draw_completed', 'completed'],
  },
  {
    name: 'on-site-sample-error',
    async walk(venule) {
      const { order } = await drawnOnSite(venule);
      await venule.simulate(order, { final_status: 'sample_error' });
      return over(venule, order);
    },
    initial: ['ordered', 'requisition_created', 'draw_completed', 'sample_error'],
  },
  {
    name: 'on-site-draw-shown-by-the-lab',
    async walk(venule) {
      const { order } = await onSite(venule);
      await venule.deliver(lab, labMessage(venule.catalogue, order));
      return over(venule, order);
    },
    initial: ['ordered', 'requisition_created', 'draw_completed', 'completed'],
  },
  {
    name: 'read-anew-and-completed',
    async walk(venule) {
      const order = await placed(venule);
      const since = new Date();
      const text = labMessage(venule.catalogue, order, { result_code: (loinc) => `X${loinc}^Renamed^L` });
      await venule.deliver(lab, text.replace(/(\rOBR[^\r]*\|)F(?=\r)/g, '$1P'));
      await venule.reaches(order.id, 'partial_results');
      const codes = [...text.matchAll(/\|X([\d-]+)\^/g)].map(([, loinc]) => [`X${loinc}`, String(loinc)]);
      await applied(venule.store, lab, { results: Object.fromEntries(codes) }, since);
      return over(venule, order);
    },
    initial: ['ordered', 'requisition_created', 'partial_results', 'completed'],
  },
  redrawnAnd('read-anew-during-the-redraw', 'completed', async (venule, redraw) => {
    await applied(
      venule.store,
      lab,
      { reasons: { QS: 'non_failure' } },
      new Date(Date.parse(redraw.created_at) - 60_000),
    );
    await until(async () => !(await venule.store.labReadings.exists({ state: 'owed' })));
    await venule.deliver(lab, labMessage(venule.catalogue, redraw));
  }),
];
