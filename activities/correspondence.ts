/** What every message about an order is written from, as things stand when it is sent. */
import { recipientOf } from '../domain/messages/recipient.ts';
import { contactOf, logoOf } from '../store/access/teams.ts';
import { needsFasting } from '../store/catalogue/catalogue.ts';
import type { OrderDocument } from '../store/collections/orders.ts';
import type { ActivityDependencies } from './dependencies.ts';

/**
 * Whether a message would announce results of which the laboratory has reported none: an order that was drawn is completed
 * without, when they are awaited no longer (F1).
 */
export const announcesNothing = (kind: string, { events }: Pick<OrderDocument, 'events'>): boolean =>
  kind === 'results_ready' && events.every(({ report_id }) => report_id === null);

/** Correspondence about this store's orders. */
export function correspondence({ store, catalogue, bookingUrl, standInContact }: ActivityDependencies) {
  return async (orderId: string) => {
    const document = await store.orders.findById(orderId).orFail().lean<OrderDocument>();
    const { order } = document;
    const team = await store.teams.findById(order.team_id).orFail().lean();
    const laboratory = catalogue.laboratoriesBySlug.get(order.lab_slug);
    const writtenAt = new Date();
    if (!laboratory) throw new Error(`The catalog no longer has the laboratory of order ${orderId}`);
    return {
      document,
      order,
      recipient: recipientOf(order, writtenAt),
      team: { name: team.name, contact: contactOf(team, standInContact), logo: logoOf(team) },
      laboratory,
      booking_url: await bookingUrl(document),
      fasting: await needsFasting(catalogue, order),
      drawn: document.events.some(({ status }) => status === 'draw_completed'),
      written_at: writtenAt,
    };
  };
}
