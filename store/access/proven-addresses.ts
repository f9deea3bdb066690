/** Addresses from which an identity has shown the right password, so that others' failures from there do not lock it out. */
import { collectionOf } from '../collections/define.ts';
import type { Store } from '../open.ts';

/** @param who An address and an identity. */
export async function isProvenAddress(store: Store, who: string): Promise<boolean> {
  return (await collectionOf(store.provenAddresses).findOne({ _id: who })) !== null;
}

/** Remembers it for as long as the index says. */
export async function proveAddress(store: Store, who: string): Promise<void> {
  await collectionOf(store.provenAddresses).updateOne({ _id: who }, { $set: { at: new Date() } }, { upsert: true });
}
