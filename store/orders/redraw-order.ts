/** The order that a redraw is. */
import { randomUUID } from 'node:crypto';
import type { Marker } from '../../domain/catalogue/catalogue.ts';
import type { Order } from '../../domain/orders/order.ts';
import { asOrdered, smallestMarkerSet } from '../../domain/orders/redraw.ts';
import { THE_JOURNEY } from '../../domain/principal.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { newPlacerOrderNumber } from './placer-order-number.ts';

const requiredOf = (marker: Marker | undefined) =>
  (marker?.expected_results ?? []).filter(({ required }) => required).map(({ slug }) => slug);

/** The redraw of an order: the same patient, the same lab, and only what must be tested again (D6). */
export function redrawOrder(initial: Order, missing: readonly string[], catalogue: Catalogue, now: Date): Order {
  const offered = [...catalogue.markers.values()].filter((marker) => marker.lab_id === initial.lab_id);
  const markers = smallestMarkerSet(missing, asOrdered(offered, initial), initial);
  const kept = new Set(markers.map((marker) => marker.id));
  return {
    ...initial,
    id: randomUUID(),
    origin: 'redraw',
    parent_id: initial.id,
    markers: markers.map((marker) => ({
      marker_id: marker.id,
      provider_id: marker.provider_id,
      result_slugs: marker.expected_results.map((result) => result.slug),
      required_slugs: requiredOf(catalogue.markers.get(marker.id)),
    })),
    aoe_answers: initial.aoe_answers.filter((answer) => kept.has(answer.marker_id)),
    placer_order_number: newPlacerOrderNumber(),
    sample_id: null,
    activate_by: null,
    activate_at: null,
    placed_by: THE_JOURNEY,
    created_at: now.toISOString(),
  };
}
