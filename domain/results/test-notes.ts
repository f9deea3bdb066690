/**
 * What a laboratory says that is no value of its own: notes about a test as a whole, and results that nobody asked for and
 * that there are not. Both stand with the specimen that they are about (A7).
 */
import type { LabReport, ReportedTest, Specimen } from './lab-report.ts';
import type { SampleData } from './results.ts';

/** A text about a specimen of a report. */
export interface SpecimenNote {
  report: LabReport;
  test: ReportedTest;
  text: string;
}

/** The notes about each test, from the newest report that has any. @param reports in the order in which they came */
export function notesOfTests(reports: readonly LabReport[]): SpecimenNote[] {
  const newest = new Map<string, SpecimenNote[]>();
  for (const report of reports) {
    for (const test of report.tests) {
      const { name, notes } = test;
      if (!notes) continue;
      const code = test.provider_id || name;
      const said = { report, test, text: [name, notes].filter(Boolean).join('\n') };
      const known = newest.get(code);
      const of = known?.[0]?.report;
      if (of === report) known?.push(said);
      else if (!of || Date.parse(report.reported_at) >= Date.parse(of.reported_at)) newest.set(code, [said]);
    }
  }
  return [...newest.values()].flat();
}

/** Puts notes with the specimens that they are about, each once. @param nameOf The specimen's key in `samples`. */
export function noteOnSamples(
  samples: Readonly<Record<string, SampleData>>,
  notes: readonly SpecimenNote[],
  nameOf: (report: LabReport, specimen: Specimen) => string,
): void {
  const texts = Map.groupBy(notes, ({ report, test: { specimens } }) => specimens[0] && nameOf(report, specimens[0]));
  for (const [name, of] of texts) {
    const sample = name === undefined ? undefined : samples[name];
    if (sample) sample.clinical_information.notes = [...new Set(of.map(({ text }) => text))].join('\n\n');
  }
}
