/** Which orders a laboratory's reports are about: by our number, by our id, or by what the laboratory calls them. */
import type { Environment } from '../../domain/catalogue/lab-connection.ts';
import type { LabReport } from '../../domain/results/lab-report.ts';
import { mismatch } from '../../domain/results/report-matching.ts';
import { collectionOf } from '../collections/define.ts';
import type { OrderDocument } from '../collections/orders.ts';
import type { Store } from '../open.ts';

/** How many orders are asked for at once. */
const BATCH = 100;

/** A placer order number of ours, with what a laboratory has put behind it. */
const WITH_SUFFIX = /^(V[0-9A-Z]{11})[-._/ ]/i;

/**
 * The orders of reports; only those of the environment that the message came from. An exact placer order number comes first.
 * Where no order has it, what stands behind a separator in it is left out, if the patient is that order's. Then the order
 * counts whose id the report names; and then the only order of the laboratory that it has acknowledged under the filler order
 * number of the whole report, if the patient is that order's.
 */
export async function ordersOf(
  store: Store,
  reports: readonly LabReport[],
  environment: Environment,
): Promise<Map<LabReport, OrderDocument>> {
  const orders = new Map<LabReport, OrderDocument>();
  const rest = () => reports.filter((report) => !orders.has(report));

  const numbers = reports.flatMap(({ placer_order_number }) => placer_order_number ?? []);
  const byNumber = await ordersCalled(store, 'placer_order_number', numbers, environment);
  for (const report of reports) take(report, byNumber.get(report.placer_order_number ?? ''));

  const meant = new Map(
    rest().flatMap((report) => {
      const own = WITH_SUFFIX.exec(report.placer_order_number ?? '')?.[1]?.toUpperCase();
      return own === undefined ? [] : [[report, own] as const];
    }),
  );
  const withoutSuffix = await ordersCalled(store, 'placer_order_number', [...meant.values()], environment);
  const alike = Map.groupBy(meant.keys(), ({ placer_order_number }) => placer_order_number);
  for (const same of alike.values()) {
    const order = withoutSuffix.get(meant.get(same[0] as LabReport) ?? '');
    if (order && same.every((report) => agrees(report, order))) for (const report of same) take(report, order);
  }

  const ids = rest().flatMap(({ order_id }) => order_id ?? []);
  const byId = await ordersCalled(store, '_id', ids, environment);
  for (const report of rest()) take(report, byId.get(report.order_id ?? ''));

  const known = rest().filter(({ is_known_by_filler }) => is_known_by_filler);
  const byFiller = await ordersAcknowledgedAs(store, known, environment);
  for (const report of known) {
    const order = byFiller.get(report.filler_order_number ?? '');
    if (order && agrees(report, order)) take(report, order);
  }
  return orders;

  function take(report: LabReport, order: OrderDocument | undefined): void {
    if (order) orders.set(report, order);
  }
}

const agrees = (report: LabReport, { order, approved_patients }: OrderDocument) =>
  mismatch(report, order, new Date(report.reported_at), approved_patients) === null;

async function ordersCalled(
  store: Store,
  field: '_id' | 'placer_order_number',
  names: readonly string[],
  environment: Environment,
): Promise<Map<string, OrderDocument>> {
  const orders = new Map<string, OrderDocument>();
  const all = [...new Set(names)];
  for (let start = 0; start < all.length; start += BATCH) {
    const found = await collectionOf(store.orders)
      .find({ [field]: { $in: all.slice(start, start + BATCH) } })
      .toArray();
    for (const document of found) {
      const isOfEnvironment = document.order.options.sandbox === (environment === 'sandbox');
      if (isOfEnvironment) orders.set(document[field], document);
    }
  }
  return orders;
}

/** The only order that a laboratory calls so, by that number: of a number that several have, nobody knows which is meant. */
async function ordersAcknowledgedAs(
  store: Store,
  reports: readonly LabReport[],
  environment: Environment,
): Promise<Map<string, OrderDocument>> {
  const orders = new Map<string, OrderDocument>();
  const lab_slug = reports[0]?.lab_slug;
  const numbers = [...new Set(reports.flatMap(({ filler_order_number }) => filler_order_number ?? []))];
  if (lab_slug === undefined) return orders;
  for (let start = 0; start < numbers.length; start += BATCH) {
    await Promise.all(
      numbers.slice(start, start + BATCH).map(async (filler_order_number) => {
        const [order, another] = await collectionOf(store.orders)
          .find({ filler_order_number, lab_slug, 'order.options.sandbox': environment === 'sandbox' })
          .limit(2)
          .toArray();
        if (order && !another) orders.set(filler_order_number, order);
      }),
    );
  }
  return orders;
}
