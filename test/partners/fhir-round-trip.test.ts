/** Whatever a laboratory reports in FHIR, it is that report which is read. */
import fc from 'fast-check';
import { readBundle } from '../../partners/labs/formats/fhir/fhir-report.ts';
import { reportingLab } from '../../partners/labs/registry.ts';
import { faultsOf } from '../support/fhir/validation.ts';
import { anyReport } from '../support/reports/any-report.ts';
import { fhirBundle } from '../support/reports/fhir-bundle.ts';

test('report → FHIR → read: the same report, for any report', () => {
  fc.assert(
    fc.property(anyReport('fhir'), (report) => {
      const body = Buffer.from(JSON.stringify(fhirBundle(report)));
      expect(readBundle(body, reportingLab('labcorp', {})).reports).toEqual([report]);
    }),
    { numRuns: 300 },
  );
});

test('the Bundles of this test are valid FHIR R4', () => {
  fc.assert(
    fc.property(anyReport('fhir'), (report) => {
      for (const { resource } of fhirBundle(report).entry ?? []) if (resource) expect(faultsOf(resource)).toEqual([]);
    }),
    { numRuns: 15 },
  );
});
