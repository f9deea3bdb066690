/** What is stored twice: told from every other failure, and given the id it always had. */
import { isDuplicateKey } from '../../store/duplicate-key.ts';
import { uuidByName } from '../../store/uuid-by-name.ts';
import { freshStore } from '../support/running/fresh-store.ts';

test('a write of many is one of duplicates only if nothing else went wrong in it', async () => {
  const { store, discard } = await freshStore();
  try {
    const things = await store.connection.createCollection<{ _id: unknown; size: unknown }>('things', {
      validator: { $jsonSchema: { properties: { size: { bsonType: 'number' } } } },
    });
    await things.insertOne({ _id: 1, size: 1 });
    const failing = (...documents: { _id: number; size: unknown }[]) =>
      things.insertMany(documents, { ordered: false }).catch((error: unknown) => error);

    expect(isDuplicateKey(await things.insertOne({ _id: 1, size: 2 }).catch((error: unknown) => error))).toBe(true);
    expect(isDuplicateKey(await failing({ _id: 1, size: 2 }, { _id: 2, size: 2 }))).toBe(true);
    expect(isDuplicateKey(await failing({ _id: 1, size: 2 }, { _id: 3, size: 'large' }))).toBe(false);
    expect(isDuplicateKey(await failing({ _id: 4, size: 'large' }))).toBe(false);
    expect(isDuplicateKey(new Error('no connection'))).toBe(false);
  } finally {
    await discard();
  }
});

test('what is stored keeps its id: lab tests made from a choice, and reports of a message', () => {
  expect(uuidByName('["team",1,"walk_in_test",[1,2]]', 'a')).toBe('4b581e12-8b27-83f0-a95b-ce3a0138b69d');
  expect(uuidByName('labcorp\nC1\n00ff\n0')).toBe('d3ffafe6-e3c7-8b20-865e-289f2cf3af0e');
});
