/**
 * A process that opens an order, records its next event, moves what these told, and tells the order again; and kills
 * itself just before the command to MongoDB of a given number.
 *
 * `node dies-at-a-command.ts <database> <order as JSON> <number>`; ends with 0 when it came to its end before that.
 */
import type { Order } from '../../domain/orders/order.ts';
import { loadCatalogue } from '../../store/catalogue/catalogue.ts';
import { closeStore, openStore } from '../../store/open.ts';
import { openOrder } from '../../store/orders/open-order.ts';
import { recordEvent } from '../../store/orders/record-event.ts';
import { moveOutgoing } from '../../store/outbox/outgoing.ts';
import { resendOrderEvents } from '../../store/outbox/webhook-resend.ts';
import { requisitionCreated } from '../support/requisition-created.ts';

const [database, json, last] = process.argv.slice(2) as [string, string, string];
const order = JSON.parse(json) as Order;
const watched = new URL(database);
watched.searchParams.set('monitorCommands', 'true');
const store = await openStore(watched.href);
const catalogue = await loadCatalogue(store);
await catalogue.know([order.lab_test_id]);

let commands = 0;
store.connection.getClient().on('commandStarted', () => {
  commands += 1;
  if (commands === Number(last)) process.kill(process.pid, 'SIGKILL');
});
await openOrder(store, catalogue, order);
await recordEvent(store, catalogue, requisitionCreated(order));
await moveOutgoing(store, { orders: [order.id] });
await resendOrderEvents(store, order.team_id, { order_ids: [order.id] });
if (commands === 0) throw new Error('No command was seen');
await closeStore(store);
