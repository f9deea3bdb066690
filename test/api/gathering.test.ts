/** Orders whose journeys start at about the same time are written together; whoever is alone waits for nobody. */
import { createGathering } from '../../api/orders/gathering.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Lets time pass, and says who has been let go by then. */
function watched(comers: Record<string, Promise<void>>) {
  const gone: string[] = [];
  for (const [name, comer] of Object.entries(comers)) void comer.then(() => gone.push(name));
  return async (ms: number) => {
    await jest.advanceTimersByTimeAsync(ms);
    return [...gone];
  };
}

test('one that is alone goes at once', async () => {
  const comer = createGathering().setOut();
  expect(await watched({ a: comer.arrive() })(0)).toEqual(['a']);
});

test('the first waits for the last, and they go together', async () => {
  const gathering = createGathering();
  const [a, b] = [gathering.setOut(), gathering.setOut()];
  await jest.advanceTimersByTimeAsync(100);
  const comers = { a: a.arrive() };
  expect(await watched(comers)(10)).toEqual([]);
  expect(await watched({ ...comers, b: b.arrive() })(0)).toEqual(['a', 'b']);
});

test('who waits is let go after a quarter of its own way, with whoever came meanwhile', async () => {
  const gathering = createGathering();
  const [a, b, late] = [gathering.setOut(), gathering.setOut(), gathering.setOut()];
  await jest.advanceTimersByTimeAsync(100);
  const comers = { a: a.arrive() };
  await jest.advanceTimersByTimeAsync(20);
  const goneAfter = watched({ ...comers, b: b.arrive() });
  expect(await goneAfter(4)).toEqual([]);
  expect(await goneAfter(1)).toEqual(['a', 'b']);
  expect(await watched({ late: late.arrive() })(0)).toEqual(['late']);
});

test('nobody waits longer than 50 ms, however long its way was', async () => {
  const gathering = createGathering();
  const [a] = [gathering.setOut(), gathering.setOut()];
  await jest.advanceTimersByTimeAsync(10_000);
  const goneAfter = watched({ a: a.arrive() });
  expect(await goneAfter(49)).toEqual([]);
  expect(await goneAfter(1)).toEqual(['a']);
});

test('nobody waits for one whose journey could not be started', async () => {
  const gathering = createGathering();
  const [a, b] = [gathering.setOut(), gathering.setOut()];
  await jest.advanceTimersByTimeAsync(100);
  const comers = { a: a.arrive() };
  b.leave();
  expect(await watched(comers)(0)).toEqual(['a']);
});
