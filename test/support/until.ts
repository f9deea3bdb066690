/** Waiting, with a deadline instead of a sleep. */

/**
 * Waits until a condition holds and answers with what it answered.
 *
 * @param within milliseconds, half a minute unless told
 * @throws Error when it does not hold in time; whatever the condition throws
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  within = 30_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + within;
  for (;;) {
    const answer = await condition();
    if (answer) return answer as Exclude<T, false | null | undefined>;
    if (Date.now() > deadline) throw new Error(`Not within ${within / 1000} s: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
