/** Moments in the order in which they happened, which is not quite the one in which the demo hears of them. */
import type { Moment } from './heard-orders.ts';

/** For how long something that happened earlier may still be on its way, in milliseconds. */
const LAG = 1_000;

/** Passes moments on, the earliest first, once nothing earlier is to be expected. */
export function inOrderOfTime(pass: (moment: Moment) => void): { tell(moment: Moment): void; flush(): void } {
  let waiting: Moment[] = [];
  const passUntil = (time: number) => {
    waiting.sort((one, other) => one.at.getTime() - other.at.getTime());
    const due = waiting.filter(({ at }) => at.getTime() <= time);
    waiting = waiting.slice(due.length);
    due.forEach(pass);
  };
  const timer = setInterval(() => passUntil(Date.now() - LAG), LAG / 10);
  return {
    tell: (moment) => void waiting.push(moment),
    flush() {
      clearInterval(timer);
      passUntil(Number.POSITIVE_INFINITY);
    },
  };
}
