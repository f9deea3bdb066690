/** F4, F7: a cancellation that is recorded is carried out, whatever dies right after its record. On real processes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loseCancellations, MISHAPS } from './lost-cancellations.ts';

/** The API gives up after two seconds, so that Temporal need not be away for long. */
const IMPATIENT = {
  command_tried_for: 2_000,
  journey_checked_after: 500,
  partner_call: 1_500,
  partner_retry_first: 100,
  partner_retry_longest: 500,
};

test('F4, F7: three orders each are canceled while Temporal goes, Temporal and API die, or the worker dies under a booking', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'venule-lost-cancellations-'));
  try {
    const outcome = await loseCancellations({
      mishaps: MISHAPS,
      orders: 3,
      atOnce: 3,
      away: 4_000,
      policy: IMPATIENT,
      dataDir,
    });
    expect(outcome.faults).toEqual([]);
    expect(outcome.orders).toBe(3 * MISHAPS.length);
    // The crash came in time for some of them.
    expect(outcome.given_back).toBeGreaterThan(0);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}, 600_000);
