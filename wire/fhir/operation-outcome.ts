/** What went wrong, or what there is to say, as a FHIR OperationOutcome. */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';

/** One thing to say. */
export interface Issue {
  severity: OperationOutcomeIssue['severity'];
  /** Of FHIR's issue types. */
  code: OperationOutcomeIssue['code'];
  text: string;
  /** Where: a FHIRPath, or the name of a search parameter. */
  expression?: string;
  /** What finds it in the logs. */
  diagnostics?: string;
}

/** @param issues At least one. */
export function operationOutcome(issues: readonly Issue[]): OperationOutcome {
  return {
    resourceType: 'OperationOutcome',
    issue: issues.map(({ severity, code, text, expression, diagnostics }) => ({
      severity,
      code,
      details: { text },
      ...(diagnostics && { diagnostics }),
      ...(expression && { expression: [expression] }),
    })),
  };
}
