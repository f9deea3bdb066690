/** E4: no endpoint takes another's turn. */
import { createLanes, type Lane } from '../../dispatch/lanes.ts';

describe('lanes', () => {
  const limits = {
    overall: 20,
    troubled: 6,
    perEndpoint: 4,
    perNewEndpoint: 2,
    perSlowEndpoint: 3,
    perFailingEndpoint: 1,
    slowAfterMs: 1000,
  };

  function scene() {
    let clock = 0;
    const lanes = createLanes(limits, () => clock);
    const begin = (taken: Lane[]) => {
      for (const lane of taken) lane.begin();
      return taken;
    };
    const end = (taken: Lane[]) => {
      for (const lane of taken) {
        lane.answered();
        lane.giveBack();
      }
    };
    return {
      lanes,
      take: (id: string, failing = false) => begin(lanes.take(id, failing)),
      end,
      pass: (ms: number) => {
        clock += ms;
      },
      /** Endpoints that have just answered quickly. */
      quick: (...ids: string[]) => {
        for (const id of ids) end(begin(lanes.take(id, false)));
      },
    };
  }

  test('an endpoint gets no more than its share, and gets it back when attempts end', () => {
    const { lanes, take, end, quick } = scene();
    quick('a');
    const taken = take('a');
    expect(taken).toHaveLength(4);
    expect(take('a')).toHaveLength(0);
    end(taken.slice(0, 3));
    expect(lanes.held('a')).toBe(1);
    expect(take('a')).toHaveLength(3);
  });

  test('an endpoint that has answered nothing yet begins with a few', () => {
    const { take, end } = scene();
    const first = take('a');
    expect(first).toHaveLength(2);
    end(first);
    expect(take('a')).toHaveLength(4);
  });

  test('an endpoint that fails is tried one attempt at a time', () => {
    const { take } = scene();
    expect(take('a', true)).toHaveLength(1);
    expect(take('a', true)).toHaveLength(0);
  });

  test('an endpoint is slow as soon as an answer is late, and until one comes quickly', () => {
    const { take, end, pass, quick } = scene();
    quick('a');
    const [late, ...others] = take('a');
    end(others);
    pass(1001);
    const more = take('a');
    expect(more).toHaveLength(2);
    end([late as Lane]);
    expect(take('a')).toHaveLength(1);
    end(more);
    pass(1);
    expect(take('a')).toHaveLength(3);
  });

  test('what a slow endpoint does not ask for itself is not counted against it: a lane that waits to begin is not late', () => {
    const { lanes, pass, quick } = scene();
    quick('a');
    expect(lanes.take('a', false)).toHaveLength(4);
    pass(5000);
    quick('b');
    expect(lanes.take('b', false)).toHaveLength(4);
  });

  test('endpoints that all become slow at once leave lanes to the others', () => {
    const { lanes, take, pass, quick } = scene();
    const crowd = Array.from({ length: 6 }, (_, i) => `slow-${i}`);
    quick('good', ...crowd);
    lanes.divide(['good', ...crowd].map((id) => ({ id, failing: false })));
    expect(crowd.map((id) => take(id).length)).toEqual([2, 2, 2, 2, 2, 2]);
    expect(take('good')).toHaveLength(2);

    // They do not answer: they count as slow from now on, hold more than their part and get no more.
    pass(1001);
    for (const id of crowd) expect(take(id)).toHaveLength(0);
    expect(take('failing', true)).toHaveLength(0);
    quick('another');
    lanes.divide(['another', ...crowd].map((id) => ({ id, failing: false })));
    expect(take('another')).toHaveLength(4);
  });

  test('slow endpoints that took their whole part leave all the rest to the others', () => {
    const { take, end, pass, quick } = scene();
    const crowd = Array.from({ length: 10 }, (_, i) => `slow-${i}`);
    for (const id of crowd) {
      const attempt = take(id);
      pass(1001);
      end(attempt);
    }
    const held = crowd.map((id) => take(id).length);
    expect(held).toEqual([3, 3, 0, 0, 0, 0, 0, 0, 0, 0]);
    quick('a', 'b', 'c', 'd');
    expect(['a', 'b', 'c', 'd'].map((id) => take(id).length)).toEqual([4, 4, 4, 2]);
  });
});
