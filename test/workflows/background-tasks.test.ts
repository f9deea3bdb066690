/** What a journey remembers of what failed for good. */
import type { RecordedEvent } from '../../domain/orders/order.ts';
import { BackgroundTasks } from '../../workflows/journey/background-tasks.ts';

const ENDING = { status: 'completed' } as RecordedEvent;

const failures = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `failure ${from + n}`);

function told(tasks: BackgroundTasks): string[] {
  try {
    tasks.throwFailures(ENDING);
  } catch (error) {
    return (error as Error).message.split('\n');
  }
  return [];
}

describe('1.7, G3: what failed for good is carried through continue-as-new', () => {
  const noted: string[] = [];
  const tasks = (memory = {}) => new BackgroundTasks((message) => noted.push(message), memory);

  test('in words up to a number, and then the latest, with how many there were before', () => {
    let running = tasks();
    for (const failure of failures(0, 50)) running.failed(failure);
    expect(told(running)).toEqual(failures(0, 50));

    running = tasks(JSON.parse(JSON.stringify(running.memory())));
    for (const failure of failures(50, 70)) running.failed(failure);
    const carried = JSON.parse(JSON.stringify(running.memory()));
    running = tasks(carried);
    running.failed('failure 70');
    expect(told(running)).toEqual(['21 earlier failures are not listed.', ...failures(21, 71)]);
    expect(JSON.stringify(running.memory()).length).toBeLessThan(JSON.stringify(carried).length + 10);
    expect(noted).toEqual(failures(0, 71));
  });

  test('as it was remembered before it was bounded', () => {
    expect(told(tasks({ failures: ['the lab was never told'] }))).toEqual(['the lab was never told']);
    expect(told(tasks())).toEqual([]);
  });
});
