/** Simulations of the sandbox (F6). */

/** What the sandbox laboratory is asked to report (docs/hl7.md). */
export interface SimulatedReport {
  final_status: 'partial_results' | 'completed' | 'corrected' | 'sample_error';
  has_missing_results: boolean;
  /** Between its messages. */
  delay_seconds: number;
  interpretation: 'normal' | 'abnormal' | 'critical';
  result_types: readonly string[];
}
