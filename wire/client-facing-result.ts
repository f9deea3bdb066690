/** Results in the shape of the wire (contract §2.4). */
import type { BiomarkerResult, OrderResult } from '../domain/results/results.ts';

/** A result as callers see it: without what is kept beside it for FHIR. */
export function clientFacingResult(result: OrderResult) {
  return { ...result, results: result.results.map(withoutStatus) };
}

function withoutStatus({ reported_status: _, ...rest }: BiomarkerResult): Omit<BiomarkerResult, 'reported_status'> {
  return rest;
}
