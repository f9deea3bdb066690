/**
 * Test files that run for a minute or more go first, so that no processor is left idle at the end while the last of them
 * runs. Jest knows durations only where it has run before.
 */
import TestSequencer from '@jest/test-sequencer';

const LONG = /test\/(kills|local)\/|kills|cli\/admin|booking\/page|barcodes|uncached|undos|simulated-visits|texting/;

export default class LongestFirst extends TestSequencer {
  /** @override */
  sort(tests) {
    const sorted = super.sort(tests);
    const isLong = ({ path }) => LONG.test(path);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
}
