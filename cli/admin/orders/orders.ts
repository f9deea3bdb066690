/** `admin order`: finding an order by anything, what happened to it, and doing something about it. */
import type { Command } from 'commander';
import { cancelOrder } from '../../../api/orders/cancel-order.ts';
import { loadCatalogue } from '../../../store/catalogue/catalogue.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import type { Store } from '../../../store/open.ts';
import { recordAudit } from '../../../store/orders/audit.ts';
import { findOrdersBy } from '../../../store/orders/lists/find-orders.ts';
import { timelineOf } from '../../../store/orders/order-timeline.ts';
import { resendOrderEvents } from '../../../store/outbox/webhook-resend.ts';
import { Named } from '../output.ts';
import { CannotDo, inSession, operator, positive, type Session, teamNames, withJourneys } from '../session.ts';
import { addLateRejectionCommands } from './late-rejections.ts';
import { CannotRestart, restartJourney } from './restart-journey.ts';
import { addUnservedOrderCommands } from './unserved-orders.ts';

/** How an argument that names one order is described. */
export const AN_ORDER = 'its id, requisition number, or anything else that finds only this order';

/**
 * The one order that this finds.
 * @throws CannotDo when there is none, or more than one
 */
export async function orderCalled(store: Store, known: string): Promise<OrderDocument> {
  const found = await findOrdersBy(store, known, 5);
  const exact = found.find(({ _id, placer_order_number }) => [_id, placer_order_number].includes(known));
  if (exact) return exact;
  const [order, another] = found;
  if (!order) throw new CannotDo(`"${known}" finds no order; see admin order find --help`);
  if (another) throw new CannotDo(`"${known}" finds more than one order; see admin order find "${known}"`);
  return order;
}

function shown(order: OrderDocument, teams: Map<string, string>) {
  return {
    id: order._id,
    requisition: order.placer_order_number,
    status: order.last_status,
    patient: `${order.order.patient.first_name} ${order.order.patient.last_name}`,
    born: order.patient_dob,
    lab: order.lab_slug,
    origin: order.origin,
    team: new Named(order.team_id, teams.get(order.team_id)),
    created_at: order.created_at,
  };
}

/** What `admin order` can do. */
export function addOrderCommands(order: Command): void {
  order
    .command('find')
    .description('find orders by anything known about them, newest first; names patients')
    .argument('<known>', 'anything known about the order')
    .option('--limit <n>', 'maximum number', positive, 20)
    .addHelpText(
      'after',
      `
Finds orders by the beginnings of words in the patient's name, in any order; by date of birth or part of it (1985-03);
by requisition number, sample number, or email address; by the beginning of the id of an order, transaction, user, or
appointment; and by your own id for the user.

Examples:
  admin order find 7c1e52
  admin order find "bell ana"
  admin order find 1985-03-12`,
    )
    .action((known: string, { limit }: { limit: number }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const [found, teams] = await Promise.all([findOrdersBy(store, known, limit), teamNames(store)]);
        out.list(
          found.map((each) => shown(each, teams)),
          'No order found.',
        );
      }),
    );

  order
    .command('timeline')
    .description('show an order with everything that happened to it and to its redraw, oldest first')
    .argument('<order>', AN_ORDER)
    .action((known: string, _options, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const document = await orderCalled(store, known);
        const [timeline, teams] = await Promise.all([timelineOf(store, document.transaction_id), teamNames(store)]);
        const rows = timeline.map(({ by, ...entry }) => ({ ...entry, by: by && `${by.kind} ${by.id}` }));
        out.showWith({ ...shown(document, teams), transaction: document.transaction_id }, 'timeline', rows);
      }),
    );

  order
    .command('cancel')
    .description('cancel an order in your name')
    .argument('<order>', AN_ORDER)
    .option('--reason <text>', 'the reason, for the audit log')
    .action((known: string, { reason }: { reason?: string }, command: Command) =>
      inSession(command, async (session) => cancel(session, await orderCalled(session.store, known), reason)),
    );

  order
    .command('restart')
    .description('restart the journey of an order that was terminated by hand in Temporal, from what is recorded')
    .argument('<order>', AN_ORDER)
    .action((known: string, _options, command: Command) =>
      inSession(command, async (session) => restart(session, await orderCalled(session.store, known))),
    );

  order
    .command('resend')
    .description('resend the latest webhook event of an order to every endpoint of its team that receives it')
    .argument('<order>', AN_ORDER)
    .action((known: string, _options, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const { _id, team_id } = await orderCalled(store, known);
        const told = await resendOrderEvents(store, team_id, { order_ids: [_id] });
        if (told.length === 0) throw new CannotDo(`No event of order ${_id} has been sent`);
        await recordAudit(store, { by: operator(), action: 'order.resent', team_id, order_id: _id });
        out.done(`The latest event of order ${_id} is being sent again.`, { id: _id });
      }),
    );

  addUnservedOrderCommands(order);
  addLateRejectionCommands(order);
}

/** Starts a journey again that was ended by hand (F10). */
async function restart({ store, out }: Session, { _id }: OrderDocument): Promise<void> {
  const catalogue = await loadCatalogue(store);
  try {
    await withJourneys((_journeys, parts) => restartJourney({ store, catalogue, ...parts }, _id, operator()));
  } catch (error) {
    if (error instanceof CannotRestart) throw new CannotDo(error.message);
    throw error;
  }
  out.done(`The journey of order ${_id} continues from what is recorded.`, { id: _id });
}

async function cancel({ store, out }: Session, document: OrderDocument, reason: string | undefined): Promise<void> {
  const { _id, team_id } = document;
  await withJourneys((journeys) => cancelOrder({ journeys, store }, document, operator()));
  await recordAudit(store, {
    by: operator(),
    action: 'order.cancelled_by_hand',
    team_id,
    order_id: _id,
    detail: { reason: reason ?? null },
  });
  out.done(`Order ${_id} was canceled.`, { id: _id, status: 'cancelled' });
}
