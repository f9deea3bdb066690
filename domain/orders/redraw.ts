/** Redraws: when an order gets one (D4) and what is drawn again (D6). */
import type { Marker } from '../catalogue/catalogue.ts';
import type { FailureType } from '../results/lab-report.ts';
import type { AoeAnswer, Order } from './order.ts';
import { unansweredQuestions } from './order-entry-questions.ts';
import type { OrderStatusDetail } from './status.ts';

/** Laboratories whose walk-in orders can be redrawn (D4). */
const REDRAW_LABS: readonly string[] = ['labcorp', 'quest', 'bioreference'];

/** D4, the one table: what each reason for a missing result means for a redraw, and for an order that has no result at all (D5). */
const FAILURES: Record<FailureType, { labError: boolean; detail: OrderStatusDetail | null }> = {
  quantity_not_sufficient_failure: { labError: true, detail: 'sample_quantity_not_sufficient' },
  insufficient_volume: { labError: true, detail: 'sample_quantity_not_sufficient' },
  collection_process_failure: { labError: true, detail: 'sample_improper_collection' },
  drop_off_failure: { labError: true, detail: 'sample_stability_exceeded' },
  internal_lab_failure: { labError: true, detail: null },
  order_entry_failure: { labError: false, detail: null },
  patient_condition_failure: { labError: false, detail: null },
  non_failure: { labError: false, detail: null },
  missing_result_calc_failure: { labError: false, detail: null },
  missing_demo_aoe_calc_failure: { labError: false, detail: 'demographic_information_unspecified' },
  unknown_failure: { labError: false, detail: null },
};

/** A result that a final report does not have. */
export interface MissingResult {
  slug: string;
  failure_type: FailureType;
}

/** Whether the lab answers for that failure, so that the draw may be repeated (D4). */
export const isLabError = (failure: FailureType): boolean => FAILURES[failure].labError;

/** The first reason, among the missing results, that a status detail can express (D5). */
export function statusDetailOf(missing: readonly MissingResult[]): OrderStatusDetail | null {
  return missing.map((result) => FAILURES[result.failure_type].detail).find((detail) => detail !== null) ?? null;
}

/**
 * The missing results that a redraw of this order would be for; empty when it gets none (D4).
 * @param missing What the final report lacks.
 */
export function redrawFor(order: Order, missing: readonly MissingResult[]): string[] {
  const eligible =
    order.origin === 'initial' &&
    order.collection_method === 'walk_in_test' &&
    REDRAW_LABS.includes(order.lab_slug) &&
    order.options.redraws_enabled;
  return eligible ? missing.filter((result) => isLabError(result.failure_type)).map((result) => result.slug) : [];
}

/** As much of a marker as decides whether it is drawn again. */
type Orderable = Pick<
  Marker,
  'id' | 'provider_id' | 'price' | 'is_active' | 'is_orderable' | 'a_la_carte_enabled' | 'aoe'
> & { expected_results: readonly { slug: string }[] };

/**
 * The lab's markers as an order has them: what it ordered yields what it was ordered for, though the catalogue may have
 * changed since, so that what the lab lost can always be drawn again.
 */
export function asOrdered(offered: readonly Orderable[], order: Pick<Order, 'markers'>): Orderable[] {
  const known = new Map(offered.map((marker) => [marker.id, marker]));
  for (const { marker_id: id, provider_id, result_slugs } of order.markers) {
    const gone = { price: '0.00', is_active: false, is_orderable: false, a_la_carte_enabled: false };
    const marker = known.get(id) ?? { id, provider_id, ...gone, aoe: { questions: [] }, expected_results: [] };
    const yields = new Set(marker.expected_results.map(({ slug }) => slug));
    const owed = result_slugs.filter((slug) => !yields.has(slug)).map((slug) => ({ slug }));
    known.set(id, { ...marker, expected_results: [...marker.expected_results, ...owed] });
  }
  return [...known.values()];
}

/**
 * The smallest set of the lab's orderable markers that yields the missing results (D6). Between sets of the same
 * size, the one that repeats fewest results nobody misses, then the cheaper one.
 * @param missing Slugs of the results to be had again.
 * @param offered The lab's markers; those that cannot be ordered (again) are passed over.
 * @param order What was ordered: its own markers can always be ordered again, others only à la carte and when no question of theirs still needs an answer.
 * @throws Error when the lab offers no marker for one of the results, naming it.
 */
export function smallestMarkerSet<Offered extends Orderable>(
  missing: readonly string[],
  offered: readonly Offered[],
  order: { markers: readonly { marker_id: number }[]; aoe_answers: readonly AoeAnswer[] },
): Offered[] {
  const ordered = new Set(order.markers.map((marker) => marker.marker_id));
  const wanted = new Set(missing);
  const candidates = offered
    .filter(
      (marker) =>
        ordered.has(marker.id) ||
        (marker.is_active &&
          marker.is_orderable &&
          marker.a_la_carte_enabled &&
          unansweredQuestions(marker, order.aoe_answers).length === 0),
    )
    .map((marker) => {
      const yields = marker.expected_results.map((result) => result.slug).filter((slug) => wanted.has(slug));
      return { marker, yields, surplus: marker.expected_results.length - yields.length, price: Number(marker.price) };
    })
    .filter((candidate) => candidate.yields.length > 0)
    .sort((a, b) => a.marker.id - b.marker.id);

  type Cover = { size: number; surplus: number; price: number; markers: Offered[] };
  const better = (a: Cover, b: Cover) => a.size - b.size || a.surplus - b.surplus || a.price - b.price;
  const known = new Map<string, Cover>();

  function cover(rest: readonly string[]): Cover {
    const [first] = rest;
    if (first === undefined) return { size: 0, surplus: 0, price: 0, markers: [] };
    const key = rest.join(' ');
    const remembered = known.get(key);
    if (remembered) return remembered;
    let best: Cover | undefined;
    for (const candidate of candidates) {
      if (!candidate.yields.includes(first)) continue;
      const remaining = cover(rest.filter((slug) => !candidate.yields.includes(slug)));
      const found: Cover = {
        size: remaining.size + 1,
        surplus: remaining.surplus + candidate.surplus,
        price: remaining.price + candidate.price,
        markers: [candidate.marker, ...remaining.markers],
      };
      if (!best || better(found, best) < 0) best = found;
    }
    if (!best) throw new Error(`The lab has no orderable marker that produces ${first}`);
    known.set(key, best);
    return best;
  }

  return cover([...wanted].sort()).markers.sort((a, b) => a.id - b.id);
}
