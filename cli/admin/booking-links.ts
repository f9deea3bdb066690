/** `admin booking-link`: closing a patient's booking page to whoever has the link. */
import type { Command } from 'commander';
import { revokeBookingLinks } from '../../store/access/booking-links.ts';
import { recordAudit } from '../../store/orders/audit.ts';
import { CannotDo, inSession, operator } from './session.ts';

/** What `admin booking-link` can do. */
export function addBookingLinkCommands(link: Command): void {
  link
    .command('revoke')
    .description(
      'revoke the links of an order, including the one on its requisition, for example after a mail reached the wrong person; its next message has a new one',
    )
    .argument('<order>', 'id of the order')
    .action((orderId: string, _options, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const order = await store.orders.findById(orderId).lean();
        if (!order) throw new CannotDo(`There is no order ${orderId}`);
        const revoked = await revokeBookingLinks(store, orderId);
        await recordAudit(store, {
          by: operator(),
          action: 'booking_link.revoked',
          team_id: order.team_id,
          order_id: orderId,
          detail: { revoked },
        });
        out.done(`${revoked} ${revoked === 1 ? 'link was' : 'links were'} revoked.`, { revoked });
      }),
    );
}
