/** Of laboratories' long answers only two are in memory at once; the others wait, and none of them for ever. */
import { LongAnswer } from '../../partners/labs/long-answers.ts';

const never = new AbortController().signal;
const MB = 1024 * 1024;
const reading: LongAnswer[] = [];

afterEach(() => {
  for (const answer of reading.splice(0)) answer.end();
});

function answer(): LongAnswer {
  const one = new LongAnswer();
  reading.push(one);
  return one;
}

test('the third waits until one has ended; short ones wait for nobody', async () => {
  const [first, second, third, short] = [answer(), answer(), answer(), answer()];
  await first.makeRoom(20 * MB, never);
  await second.makeRoom(MB, never);
  await second.makeRoom(20 * MB, never);
  let isReading = false;
  const turn = third.makeRoom(20 * MB, never).then(() => {
    isReading = true;
  });
  await short.makeRoom(4_000, never);
  await new Promise((resolve) => setImmediate(resolve));
  expect(isReading).toBe(false);
  second.end();
  second.end();
  await turn;
  expect(isReading).toBe(true);
});

test('one whose call is over waits no longer, and takes no place', async () => {
  const [first, second, third, fourth] = [answer(), answer(), answer(), answer()];
  await first.makeRoom(MB, never);
  await second.makeRoom(MB, never);
  const call = new AbortController();
  const given = third.makeRoom(MB, call.signal);
  const waits = fourth.makeRoom(MB, never);
  call.abort(new Error('too late'));
  await expect(given).rejects.toThrow('too late');
  await expect(third.makeRoom(MB, call.signal)).rejects.toThrow('too late');
  first.end();
  await waits;
});
