/** Messages with anything wrong in them are read or refused, and nothing else happens (G1, F12). */
import { runMutations } from './campaign.ts';

/** What may stay in memory, of readers that were compiled meanwhile, in bytes. */
const FLAT = 24 * 1024 * 1024;

test('2,000 mutated messages: each is read or refused with a reason, and none stays in memory', async () => {
  const { counted, faults, growth } = await runMutations({ seed: 11, messages: 2_000 });
  expect(faults).toEqual([]);
  expect(growth).toBeLessThan(FLAT);
  // The messages are bad enough, and not too bad: each ending is there often.
  const endings = ['read', 'refused', 'acknowledgement', 'FHIR read', 'FHIR refused'];
  expect(endings.filter((ending) => (counted[ending] ?? 0) < 20)).toEqual([]);
});
