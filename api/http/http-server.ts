/** The HTTP server around the application: its limits, and answers to what never becomes a request. */
import { randomUUID } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { REQUEST_LIMITS } from '../../domain/limits.ts';
import { ApiError, ERRORS, type ErrorCode, errorEnvelope } from './errors.ts';

/** How often connections are looked through for requests that do not come in whole, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

const REFUSALS: Record<string, { code: ErrorCode; message: string }> = {
  HPE_HEADER_OVERFLOW: {
    code: 'head_too_large',
    message: 'The URL and the headers are too large; ask for fewer things at once.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', message: 'The complete request did not arrive in time.' },
};
const UNREADABLE = { code: 'malformed_request', message: 'This is not an HTTP/1.1 request.' } as const;

/**
 * Makes a server; it does not listen yet. What cannot be read as a request is answered as every refusal is.
 * @param arrivesWithin In how many milliseconds a request has to come in whole.
 */
export function httpServer(app?: RequestListener, arrivesWithin: number = REQUEST_LIMITS.arrives_within): Server {
  const limits = {
    maxHeaderSize: REQUEST_LIMITS.head_bytes,
    headersTimeout: arrivesWithin,
    requestTimeout: arrivesWithin,
    connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, arrivesWithin),
  };
  const server = app ? createServer(limits, app) : createServer(limits);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || hasBegun(socket)) socket.destroy();
    else refuse(socket, REFUSALS[error.code ?? ''] ?? UNREADABLE);
  });
  server.on('connect', (_request, socket: Socket) => {
    refuse(socket, { code: 'method_not_allowed', message: 'This is not a proxy.' });
  });
  return server;
}

/** Whether an answer is under way on the connection, into which another must not be written. */
function hasBegun(socket: Socket): boolean {
  return (socket as Socket & { _httpMessage?: { headersSent: boolean } | null })._httpMessage?.headersSent ?? false;
}

function refuse(socket: Socket, { code, message }: { code: ErrorCode; message: string }): void {
  const correlationId = randomUUID();
  const body = JSON.stringify(errorEnvelope(new ApiError(code, message), correlationId));
  const head = [
    `HTTP/1.1 ${ERRORS[code].status} ${code}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${correlationId}`,
    ...(code === 'method_not_allowed' ? ['allow: GET, HEAD, POST, PATCH, PUT, DELETE'] : []),
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
