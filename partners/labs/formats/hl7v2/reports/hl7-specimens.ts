/** What tests were done on: the SPM of a report, and what its OBR say where no SPM does. */
import type { LabProfile } from '../../../../../domain/catalogue/lab-profile.ts';
import type { Specimen } from '../../../../../domain/results/lab-report.ts';
import type { Hl7Problem, ReceivedSegment } from '../hl7-message.ts';
import type { Pace, Steps } from '../steps.ts';
import { instantIn, type RejectReason, rejectReason } from './hl7-observation.ts';
import type { OrderSegments, TestSegments } from './hl7-report-segments.ts';

/** How many specimens there are to read, an order's own for each of its tests without any. */
export function specimensOfTests(orders: readonly OrderSegments[]): number {
  let count = 0;
  for (const { tests } of orders) {
    const own = tests.reduce((sum, { specimens }) => sum + specimens.length, 0);
    for (const { specimens } of tests) count += specimens.length || own;
  }
  return count;
}

/** Why a specimen was rejected (SPM-21), or what is wrong with it (SPM-22), where that is a reason for having no result. */
export function rejectionOf(specimen: ReceivedSegment, profile: LabProfile): RejectReason | undefined {
  const quality = rejectReason(specimen, 22, profile);
  return rejectReason(specimen, 21, profile) ?? (quality?.failure_type === 'unknown_failure' ? undefined : quality);
}

/** The SPM of a test; one without any was done on the specimens of its order. */
export const segmentsOf = (test: TestSegments, ofTheOrder: readonly ReceivedSegment[]) =>
  test.specimens.length > 0 ? test.specimens : ofTheOrder;

/** What a test was done on; what no SPM says, its OBR does. */
export function* readingSpecimens(
  test: TestSegments,
  ofTheOrder: readonly ReceivedSegment[],
  { zone, remarks, pace }: { zone: string; remarks: Hl7Problem[]; pace: Pace },
): Steps<Specimen[]> {
  const { obr } = test;
  const instant = (segment: ReceivedSegment, field: number) => instantIn(segment, field, zone, remarks);
  const byRequest = {
    number: obr.text(3) || null,
    collected_at: instant(obr, 7),
    received_at: instant(obr, 14),
  };
  const specimens: Specimen[] = [];
  for (const spm of segmentsOf(test, ofTheOrder)) {
    specimens.push({
      number: specimenNumber(spm) || byRequest.number,
      collected_at: instant(spm, 17) ?? byRequest.collected_at,
      received_at: instant(spm, 18) ?? byRequest.received_at,
    });
    if (pace.isTurnOver(spm.length)) yield;
  }
  return specimens.length > 0 ? specimens : [byRequest];
}

/** SPM-2: the lab's own specimen id, else ours. */
function specimenNumber(specimen: ReceivedSegment): string {
  return specimen.part(2, 2) || specimen.part(2, 1);
}
