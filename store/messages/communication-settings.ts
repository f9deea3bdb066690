/** What may be sent about one order. */
import { collectionOf } from '../collections/define.ts';
import type { OrderDocument } from '../collections/orders.ts';
import type { Store } from '../open.ts';

/** Whether SMS go out about that order: what the caller last said, else what held when it was accepted. */
export function smsEnabled({ sms_enabled, order }: Pick<OrderDocument, 'sms_enabled' | 'order'>): boolean {
  return sms_enabled ?? order.options.sms_enabled ?? false;
}

/** Switches the SMS about an order; those that are due from now on obey. */
export async function switchSms(store: Store, orderId: string, enabled: boolean): Promise<void> {
  await collectionOf(store.orders).updateOne({ _id: orderId }, { $set: { sms_enabled: enabled } });
}
