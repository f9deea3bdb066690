/** Leases: work that one process does at a time. */
import { endLease, type Lease, takeLease } from '../../store/leases.ts';
import { type FreshStore, freshCatalogue } from '../support/running/fresh-store.ts';

let fresh: FreshStore;
beforeAll(async () => {
  fresh = await freshCatalogue();
}, 120_000);
afterAll(() => fresh.discard());

test('work is taken by one, and by the next once that one gives it back', async () => {
  const { store } = fresh;
  const lease = (await takeLease(store, 'given-back', 60_000)) as Lease;
  expect(lease).not.toBeNull();
  expect(await takeLease(store, 'given-back', 60_000)).toBeNull();
  await endLease(store, lease);
  expect(await takeLease(store, 'given-back', 60_000)).not.toBeNull();
});

test('whoever comes back after its time was over does not end the lease of the next', async () => {
  const { store } = fresh;
  const late = (await takeLease(store, 'overrun', 0)) as Lease;
  expect(await takeLease(store, 'overrun', 60_000)).not.toBeNull();
  await endLease(store, late);
  expect(await takeLease(store, 'overrun', 60_000)).toBeNull();
});
