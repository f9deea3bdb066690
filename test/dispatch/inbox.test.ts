/** How an inbox is emptied: by as many at once as it takes, and with few questions when there is little in it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { type InboxDispatcher, startInboxDispatcher } from '../../dispatch/inbox.ts';
import { until } from '../support/until.ts';

const MOST_AT_ONCE = 8;

/** An inbox in memory that notes how it is asked. */
function inboxOf(deliver: () => Promise<void> = async () => {}) {
  const waiting: { attempts: number }[] = [];
  const seen = { claims: 0, delivered: 0, atOnce: 0, mostAtOnce: 0, failing: 0 };
  let wake = () => {};
  let dispatcher: InboxDispatcher | undefined;
  return {
    waiting,
    seen,
    start() {
      dispatcher = startInboxDispatcher(
        {
          name: 'test',
          watch(ring) {
            wake = ring;
            return { close: async () => {} };
          },
          async claim() {
            seen.claims += 1;
            if (seen.failing > 0 && seen.claims % 2 === 0) {
              seen.failing -= 1;
              throw new Error('The database is away');
            }
            return waiting.shift() ?? null;
          },
          async deliver() {
            seen.atOnce += 1;
            seen.mostAtOnce = Math.max(seen.mostAtOnce, seen.atOnce);
            await deliver();
            seen.atOnce -= 1;
            seen.delivered += 1;
            return 'settled';
          },
          async postpone() {},
          describe: () => ({}),
        },
        pino({ level: 'silent' }),
      );
    },
    wake: () => wake(),
    stop: () => dispatcher?.stop(),
  };
}

const messages = (count: number) => Array.from({ length: count }, () => ({ attempts: 0 }));

let inbox: ReturnType<typeof inboxOf>;
afterEach(() => inbox?.stop());

test('an empty one is asked once a round, and not by everybody; so is one with a single message', async () => {
  inbox = inboxOf();
  inbox.start();
  await until(() => inbox.seen.claims > 0);
  // It is looked at again every second, should this take so long.
  expect(inbox.seen.claims).toBeLessThan(MOST_AT_ONCE / 2);
  const before = inbox.seen.claims;
  inbox.waiting.push(...messages(1));
  inbox.wake();
  await until(() => inbox.seen.delivered === 1);
  expect(inbox.seen.claims - before).toBeLessThan(MOST_AT_ONCE);
});

test('a full one is emptied by eight at once, and by no more', async () => {
  inbox = inboxOf(() => sleep(20));
  inbox.waiting.push(...messages(100));
  inbox.start();
  await until(() => inbox.seen.delivered === 100);
  expect(inbox.seen.mostAtOnce).toBe(MOST_AT_ONCE);
});

test('one that fails to answer some of them is emptied all the same', async () => {
  inbox = inboxOf(() => sleep(20));
  inbox.waiting.push(...messages(40));
  inbox.seen.failing = 5;
  inbox.start();
  await until(async () => {
    inbox.wake();
    return inbox.seen.delivered === 40;
  });
  expect(inbox.seen.failing).toBe(0);
  expect(inbox.seen.mostAtOnce).toBeLessThanOrEqual(MOST_AT_ONCE);
});
