/** Orders on which laboratories reported, and what is there once their messages were read anew (0022). */
import type { LabProfile } from '../../../domain/catalogue/lab-profile.ts';
import type { Order } from '../../../domain/orders/order.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import { moveAllOutgoing } from '../../../store/outbox/outgoing.ts';
import { type LabMessageChanges, labMessage } from '../../support/partners/lab-message.ts';
import { applied, previewed } from '../../support/reading-anew.ts';
import type { InProcessVenule } from '../../support/running/in-process-venule.ts';
import { until } from '../../support/until.ts';

export const lab = 'labcorp';
export const CBC = '005009';
export const CMP = '322000';
/** A result of the CMP, as a laboratory writes it that has decimal commas. */
export const GLUCOSE = '2345-7';
export const WITH_COMMA = { [GLUCOSE]: '90,5' };
export const COMMA: LabProfile = { comma: 'decimal' };

/** @param venule Asked for at every use: tests start it in a hook. */
export function readings(venule: () => InProcessVenule) {
  /** Messages of before are not read anew. */
  let began = new Date();
  const store = () => venule().store;
  const scene = {
    begin: () => {
      began = new Date();
    },
    apply: (profile: LabProfile, slug = lab) => applied(store(), slug, profile, began),
    preview: (profile: LabProfile, slug = lab) => previewed(store(), slug, profile, began),
    message: (order: Order, changes: LabMessageChanges = {}) => labMessage(venule().catalogue, order, changes),

    /** The order's tests are not final by their status, and its results have codes that only this profile knows. */
    unknown(order: Order): { text: string; profile: LabProfile } {
      const text = scene.message(order, { result_code: (loinc) => `X${loinc}^Renamed^L` });
      const codes = [...text.matchAll(/\|X([\d-]+)\^/g)].map(([, loinc]) => [`X${loinc}`, String(loinc)]);
      const results = Object.fromEntries(codes) as Record<string, string>;
      return { text: text.replace(/(\rOBR[^\r]*\|)F(?=\r)/g, '$1P'), profile: { results } };
    },

    /** Delivers and insists on the acknowledgment AA. */
    async deliver(text: string): Promise<void> {
      const answer = await venule().deliver(lab, text);
      expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('MSA|AA|')]);
    },

    async placed(labTest = 'labcorp-cbc-and-cmp'): Promise<Order> {
      const order = await venule().place({ labTest });
      await venule().reaches(order.id, 'requisition_created');
      return order;
    },

    documentOf: (order: Order) => store().orders.findById(order.id).orFail().lean(),
    statuses: async (order: Order) => (await scene.documentOf(order)).events.map(({ status }) => status),
    /** Waits until the order has so many events. */
    has: (order: Order, count: number) => until(async () => (await scene.statuses(order)).length === count),
    becomes: (order: Order, status: string) => until(async () => (await scene.statuses(order)).at(-1) === status),
    reportsOn: (order: Order) =>
      collectionOf(store().labMessages)
        .find({ order_id: order.id })
        .sort({ received_at: 1, report_index: 1 })
        .toArray(),
    versionsOf: (order: Order) => store().results.countDocuments({ order_id: order.id }),

    /** A result in the newest version, as its text and as a number. */
    async resultOf(order: Order, loinc: string) {
      const { result } = await store().results.findOne({ order_id: order.id }).sort({ version: -1 }).orFail().lean();
      const found = result.results.find((one) => one.loinc === loinc);
      return found && [found.result, found.value];
    },

    /** Every new reading has been told. */
    isTold: () => until(async () => !(await store().labReadings.exists({ state: 'owed' }))),

    async auditOf(order: Order, action: string) {
      await moveAllOutgoing(store(), { orders: [order.id] });
      return collectionOf(store().audit).find({ order_id: order.id, action }).toArray();
    },
  };
  return scene;
}
