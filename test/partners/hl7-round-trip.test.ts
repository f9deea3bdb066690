/** Whatever a laboratory reports in HL7, it is that report which is read. */
import fc from 'fast-check';
import { readReports } from '../../partners/labs/formats/hl7v2/reports/hl7-report.ts';
import { reportingLab } from '../../partners/labs/registry.ts';
import { anyReport } from '../support/reports/any-report.ts';
import { hl7Message } from '../support/reports/hl7-message.ts';

test('report → HL7 → read: the same report, for any report', () => {
  fc.assert(
    fc.property(anyReport('hl7'), (report) => {
      const { reports } = readReports(hl7Message(report), reportingLab('labcorp', {}));
      expect(reports).toEqual([report]);
    }),
    { numRuns: 300 },
  );
});
