/** Every way in which the API refuses, in one table; `docs/errors.md` and the OpenAPI document say the same. */
import mongoose from 'mongoose';
import { z } from 'zod';
import { JourneysUnavailable } from '../../temporal/journeys.ts';

const { MongoBulkWriteError, MongoError, MongoNetworkError, MongoNotConnectedError, MongoOperationTimeoutError } =
  mongoose.mongo;
const { MongoServerSelectionError, MongoTopologyClosedError } = mongoose.mongo;
const AWAY = [
  MongoNetworkError,
  MongoNotConnectedError,
  MongoOperationTimeoutError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
];

/** What went wrong, for programs (`error`), with its HTTP status and what it means. */
export const ERRORS = {
  malformed_request: { status: 400, meaning: 'The body is not valid JSON, or the URL cannot be decoded.' },
  rule_broken: { status: 400, meaning: 'A business rule does not allow this; the message says which one.' },
  transition_not_allowed: { status: 400, meaning: 'The order’s current status does not allow this.' },
  client_user_id_taken: { status: 400, meaning: 'Another user of the team already has this `client_user_id`.' },
  unauthorized: { status: 401, meaning: 'The key is missing, unknown, or revoked.' },
  forbidden: { status: 403, meaning: 'The team is not allowed to do this, for example to simulate in production.' },
  not_found: {
    status: 404,
    meaning:
      'Nothing has this id, or it belongs to another team; or there is no such document (yet, or any more); or no time is available.',
  },
  method_not_allowed: { status: 405, meaning: 'This URL does not support the method; `Allow` lists those it does.' },
  request_timeout: { status: 408, meaning: 'The complete request did not arrive within 30 seconds.' },
  idempotency_key_in_use: {
    status: 409,
    meaning: 'A request with the same idempotency key is still in progress. Retry with the same body.',
  },
  idempotency_key_reused: {
    status: 409,
    meaning: 'The idempotency key was already used with a different body. Nothing was done; use a new key.',
  },
  body_too_large: {
    status: 413,
    meaning: 'The body is larger than 8 MB, or has more than 10,000 values or 32 levels.',
  },
  validation_failed: { status: 422, meaning: 'Fields are invalid or missing; `detail` lists each of them.' },
  too_many_requests: {
    status: 429,
    meaning:
      'The service, or your team’s share of it, is at capacity, or too many invalid keys came from your address. Nothing was done. Retry after `Retry-After`.',
  },
  head_too_large: { status: 431, meaning: 'The URL and headers together are larger than 64 KB.' },
  internal_error: { status: 500, meaning: 'An error on our side. Please report the correlation id.' },
  unavailable: {
    status: 503,
    meaning:
      'A service that Venule depends on is not responding; the request may still be carried out. Retry after `Retry-After`.',
  },
} as const satisfies Record<string, { status: number; meaning: string }>;

/** The `error` of an answer that refuses. */
export type ErrorCode = keyof typeof ERRORS;

/** One wrong field, as FastAPI would name it. */
export const fieldProblem = z
  .object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() })
  .meta({ id: 'ValidationError' });
export type FieldProblem = z.infer<typeof fieldProblem>;

/** What every answer that refuses looks like. */
export interface ErrorEnvelope {
  /** The message; for `validation_failed` the list of wrong fields; for `client_user_id_taken` who has it. */
  detail: unknown;
  error: ErrorCode;
  message: string;
  status_code: number;
  /** Finds the request in the logs. */
  correlation_id: string;
}

/** Seconds after which it is worth asking again. */
const RETRY_AFTER_SECONDS = 2;

/** A refusal, thrown by anything that answers a request. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly code: ErrorCode;
  readonly detail: unknown;
  /** Sent as `Retry-After`, in seconds. */
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, options: { detail?: unknown; retryAfter?: number } = {}) {
    super(message);
    this.code = code;
    this.detail = options.detail ?? message;
    const worthAskingAgain = code === 'unavailable' || code === 'idempotency_key_in_use';
    this.retryAfter = options.retryAfter ?? (worthAskingAgain ? RETRY_AFTER_SECONDS : undefined);
  }
}

/** An answer that was given before and is given again, body and all (F9). */
export class ReplayedRefusal extends Error {
  override name = 'ReplayedRefusal';
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, body: unknown) {
    super('replayed');
    this.status = status;
    this.body = body;
  }
}

/** The body of a refusal. */
export function errorEnvelope(error: ApiError, correlationId: string): ErrorEnvelope {
  return {
    detail: error.detail,
    error: error.code,
    message: error.message,
    status_code: ERRORS[error.code].status,
    correlation_id: correlationId,
  };
}

/** Any error as a refusal: ours as it is, a part that gives no answer as `unavailable`, all else as our fault. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { status } = error as { status?: number };
  if (status === 413) return new ApiError('body_too_large', 'The body is too large.');
  if (status !== undefined && status >= 400 && status < 500) {
    return new ApiError(
      'malformed_request',
      'The request cannot be read: the body must be valid JSON and the URL well-formed.',
    );
  }
  if (error instanceof JourneysUnavailable) return new ApiError('unavailable', error.message);
  if (isAway(error))
    return new ApiError('unavailable', 'A service that Venule depends on is not responding; please retry.');
  return new ApiError('internal_error', 'Something went wrong on our side.');
}

/** An error as it may be logged: its name and code; its message could name a patient. */
export function loggable(error: unknown): { error: string; code?: unknown } {
  const { name, code } = error as { name?: string; code?: unknown };
  return { error: name ?? typeof error, ...(code !== undefined && { code }) };
}

/** Whether a write of many documents had no answer: the driver then throws an error of its own kind, whatever it was. */
const isUnanswered = (error: Error) =>
  error instanceof MongoBulkWriteError && typeof error.code !== 'number' && [error.writeErrors].flat().length === 0;

/** Whether an error says that MongoDB or Temporal is away for now. */
export function isAway(error: unknown): boolean {
  if (error instanceof JourneysUnavailable) return true;
  if (!(error instanceof MongoError)) return false;
  return (
    AWAY.some((kind) => error instanceof kind) ||
    isUnanswered(error) ||
    error.name === 'MongoWaitQueueTimeoutError' ||
    error.name === 'MongoPoolClosedError' ||
    error.hasErrorLabel('RetryableWriteError') ||
    error.hasErrorLabel('TransientTransactionError')
  );
}
