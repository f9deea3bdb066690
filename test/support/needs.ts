/** Tests that need a tool beside Node: skipped where it is missing, and said so; in CI that is a failure. */

/**
 * `describe` where the tool is there. Where it is not: a line on the terminal and skipped tests on a developer's machine,
 * and a failing test in CI (`CI` set).
 * @param need What is missing then, in words: `Python 3.10 or newer`.
 */
export function describeWith(need: string, isThere: boolean): (name: string, tests: () => void) => void {
  if (isThere) return describe;
  if (process.env.CI) {
    return (name) =>
      describe(name, () => {
        test(`needs ${need}`, () => {
          throw new Error(`${need} is missing, and in CI nothing is skipped`);
        });
      });
  }
  return (name, tests) => {
    process.stderr.write(`SKIPPED, as this machine has no ${need}: ${name}\n`);
    describe.skip(name, tests);
  };
}
