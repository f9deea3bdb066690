/** E4: no endpoint takes another's turn. */
import { createLanes } from '../../notifications/webhooks/lanes.ts';

describe('lanes', () => {
  const limits = { overall: 10, perEndpoint: 4, perFailingEndpoint: 1 };

  test('an endpoint gets no more than its share, and gets it back when attempts end', () => {
    const lanes = createLanes(limits);
    expect(lanes.take('a', false)).toBe(4);
    expect(lanes.take('a', false)).toBe(0);
    lanes.giveBack('a', 3);
    expect(lanes.held('a')).toBe(1);
    expect(lanes.take('a', false)).toBe(3);
  });

  test('an endpoint that fails is tried one attempt at a time', () => {
    const lanes = createLanes(limits);
    expect(lanes.take('a', true)).toBe(1);
    expect(lanes.take('a', true)).toBe(0);
  });

  test('endpoints that fail hold half of all attempts at most', () => {
    const lanes = createLanes(limits);
    const taken = Array.from({ length: 20 }, (_, i) => lanes.take(`failing-${i}`, true));
    expect(taken.reduce((sum, slots) => sum + slots)).toBe(5);
    expect(lanes.take('good', false)).toBe(4);
  });

  test('all endpoints together stay within the overall limit', () => {
    const lanes = createLanes(limits);
    const taken = ['a', 'b', 'c', 'd'].map((id) => lanes.take(id, false));
    expect(taken).toEqual([4, 4, 2, 0]);
  });
});
