/** From the token in an address to the order that it opens. */
import type { Principal } from '../../../domain/principal.ts';
import { findBookingLink } from '../../../store/access/booking-links.ts';
import type { TeamDocument } from '../../../store/collections/access.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import type { Store } from '../../../store/open.ts';
import { ClosedLink, EXPIRED, REVOKED, SCAN_AGAIN } from './closed-link.ts';

/** What a patient came for. */
export interface OpenedLink {
  team: TeamDocument;
  order: OrderDocument;
  /** Whoever has the link (G4). */
  by: Principal;
}

/**
 * The order behind a link.
 * @param onUnknown is asked first when the link is unknown: it may have been guessed
 * @throws ClosedLink when the link is unknown, expired or revoked
 */
export async function openLink(store: Store, token: string, onUnknown: () => Promise<void>): Promise<OpenedLink> {
  const { link, order, team } = await behind(store, await findBookingLink(store, token, new Date()), onUnknown);
  if (link.state === 'expired') throw new ClosedLink(link.kind === 'from_paper' ? SCAN_AGAIN : EXPIRED, team);
  if (link.state === 'revoked') throw new ClosedLink(REVOKED, team);
  return { team, order, by: { kind: 'patient_link', id: link._id } };
}

/**
 * The order and the team of a link, whatever has become of it.
 * @param onUnknown is asked first when there is no such link: it may have been guessed
 * @throws ClosedLink when there is no such link
 */
export async function behind<Link extends { order_id: string }>(
  store: Store,
  link: Link | null,
  onUnknown: () => Promise<void>,
): Promise<{ link: Link; order: OrderDocument; team: TeamDocument }> {
  if (!link) await onUnknown();
  const order = link && (await store.orders.findById(link.order_id).lean<OrderDocument>());
  const team = order && (await store.teams.findById(order.team_id).lean<TeamDocument>());
  if (!link || !order || !team) throw new ClosedLink();
  return { link, order, team };
}
