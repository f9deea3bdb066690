/** How FHIR paths refuse: with an OperationOutcome, whatever was wrong. */
import type { ErrorRequestHandler, Response } from 'express';
import { type Issue, operationOutcome } from '../../wire/fhir/operation-outcome.ts';
import type { ApiDeps } from '../deps.ts';
import { type ApiError, ERRORS, type ErrorCode } from '../http/errors.ts';
import { answerErrors } from '../http/mount.ts';

export const FHIR_JSON = 'application/fhir+json';

/** A request that FHIR's own rules refuse. */
export class FhirRefusal extends Error {
  override name = 'FhirRefusal';
  readonly status: 400 | 404 | 406 | 413 | 415;
  readonly issues: readonly Issue[];

  constructor(status: FhirRefusal['status'], issues: readonly Omit<Issue, 'severity'>[]) {
    super(issues.map(({ text }) => text).join(' '));
    this.status = status;
    this.issues = issues.map((issue) => ({ severity: 'error', ...issue }));
  }
}

/** What FHIR calls our refusals; everything else is the request's form. */
const ISSUE_CODES: Partial<Record<ErrorCode, Issue['code']>> = {
  unauthorized: 'login',
  forbidden: 'forbidden',
  not_found: 'not-found',
  method_not_allowed: 'not-supported',
  request_timeout: 'timeout',
  body_too_large: 'too-costly',
  validation_failed: 'invalid',
  too_many_requests: 'throttled',
  internal_error: 'exception',
  unavailable: 'transient',
};

/** Every error as an OperationOutcome, which has the correlation id as its diagnostics. */
export function answerFhirErrors(deps: Pick<ApiDeps, 'logger'>): ErrorRequestHandler {
  const answerOurs = answerErrors(deps, (response, refusal) => {
    const { correlationId } = response.locals;
    sendOutcome(response, ERRORS[refusal.code].status, [issueOf(refusal, correlationId)]);
  });
  return (error, request, response, next) => {
    if (response.headersSent || !(error instanceof FhirRefusal)) return answerOurs(error, request, response, next);
    sendOutcome(response, error.status, error.issues);
  };
}

const issueOf = (refusal: ApiError, correlationId: string): Issue => ({
  severity: 'error',
  code: ISSUE_CODES[refusal.code] ?? 'structure',
  text: refusal.message,
  diagnostics: `x-request-id: ${correlationId}`,
});

/** Answers with an OperationOutcome. */
export function sendOutcome(response: Response, status: number, issues: readonly Issue[]): void {
  response
    .status(status)
    .type(FHIR_JSON)
    .send(JSON.stringify(operationOutcome(issues)));
}
