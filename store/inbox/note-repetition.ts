/** Finds out whether a report repeats an earlier one, before its journey hears of it (F5). */
import type { Catalogue } from '../catalogue/catalogue.ts';
import { collectionOf } from '../collections/define.ts';
import type { LabMessageDocument } from '../collections/inbox.ts';
import type { OrderDocument } from '../collections/orders.ts';
import type { Store } from '../open.ts';
import { sayOtherwise } from '../results/taken-in.ts';

/** The reports on an order that came before this one and that its journey has, or will have. */
const BEFORE: LabMessageDocument['state'][] = ['stored', 'delivered', 'applied'];

/**
 * Notes that a report repeats an earlier one on its order, where it does: the same was said, and saying it again changes
 * nothing.
 * @returns whether it does
 */
export async function noteRepetition(
  store: Store,
  catalogue: Catalogue,
  order: OrderDocument,
  message: LabMessageDocument,
): Promise<boolean> {
  const { _id, says, received_at } = message;
  if (says === undefined) return false;
  const before = {
    order_id: order._id,
    _id: { $ne: _id },
    state: { $in: BEFORE },
    $or: [{ received_at: { $lt: received_at } }, { received_at, _id: { $lt: _id } }],
  };
  const messages = collectionOf(store.labMessages);
  const original = await messages.findOne({ ...before, says }, { sort: { received_at: 1 }, projection: { _id: 1 } });
  if (!original) return false;
  const earlier = await messages
    .find(before, { projection: { raw: 0 } })
    .sort({ received_at: 1, _id: 1 })
    .toArray();
  if (sayOtherwise(catalogue, order, earlier, [...earlier, message])) return false;
  await messages.updateOne({ _id, state: 'stored' }, { $set: { state: 'repeated', repeats: original._id } });
  return true;
}
