/** A line of the table: what was measured, what it should be, and whether it is. */
import Table from 'cli-table3';

/** A figure, as the table and `bench-results.json` have it. */
export interface Measurement {
  /** Which measurement it came from: what `--only` takes. */
  row: string;
  what: string;
  /** In its unit. */
  measured: number;
  unit: string;
  /** Null for a figure that only informs. */
  budget: { atLeast: number } | { atMost: number } | null;
  /** The absolute figures behind a ratio, and whatever helps to judge it. */
  detail: string;
}

export type Verdict = 'kept' | 'missed' | 'for information';

/** Whether a measurement keeps its budget. */
export function verdictOf({ measured, budget }: Measurement): Verdict {
  if (!budget) return 'for information';
  const kept = 'atLeast' in budget ? measured >= budget.atLeast : measured <= budget.atMost;
  return kept ? 'kept' : 'missed';
}

const rounded = (value: number) => Number(value.toPrecision(3)).toString();

/** The table for people. */
export function table(measurements: readonly Measurement[]): string {
  const lines = new Table({
    head: ['what', 'budget', 'measured', 'verdict', 'detail'],
    colWidths: [46, 12, 12, 17, 62],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const measurement of measurements) {
    const { budget, unit, what, measured, detail } = measurement;
    const limit = budget && ('atLeast' in budget ? `≥ ${budget.atLeast}` : `≤ ${budget.atMost}`);
    lines.push([what, limit ? `${limit}${unit}` : '', `${rounded(measured)}${unit}`, verdictOf(measurement), detail]);
  }
  return lines.toString();
}
