/** Where phlebotomy providers tell what they did: proven, stored, answered, and only then given to a journey. */
import { isUtf8 } from 'node:buffer';
import express, { type Router } from 'express';
import type { Logger } from 'pino';
import { APPOINTMENT_PROVIDERS } from '../../domain/appointments/appointment.ts';
import {
  ForgedEvent,
  type PhlebotomyEvent,
  readPhlebotomyEvent,
  UnreadableEvent,
} from '../../partners/phlebotomy/events.ts';
import type { PhlebotomyConnectionDocument } from '../../store/collections/connections.ts';
import { phlebotomyConnectionsOf } from '../../store/connections/phlebotomy-connections.ts';
import { keepUnreadableEvent, storePhlebotomyEvent } from '../../store/inbox/phlebotomy-inbox.ts';
import type { Store } from '../../store/open.ts';
import type { GuessLimit } from '../http/doors/guess-limit.ts';
import { ApiError } from '../http/errors.ts';
import { unreadable } from '../http/request-checks.ts';

const LARGEST_EVENT = '256kb';

/** `POST /phlebotomy/{provider}/events`, as docs/phlebotomy.md has it: 204 stored, 400 kept and not understood, 401
 * forged, 429 forged too often, 503 not stored. */
export function phlebotomyEventsRouter({
  store,
  logger,
  guesses,
}: {
  store: Store;
  logger: Logger;
  guesses: GuessLimit;
}): Router {
  const router = express.Router();
  const body = express.raw({ type: () => true, limit: LARGEST_EVENT });

  router.post('/phlebotomy/:provider/events', body, async (request, response) => {
    const provider = APPOINTMENT_PROVIDERS.find((known) => known === request.params.provider);
    const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    try {
      const connections = provider ? await phlebotomyConnectionsOf(store, provider) : [];
      const sender = senderOf(connections, request.headers, raw);
      if (!provider || !sender) {
        await guesses.failed(request, provider ?? 'unknown');
        logger.warn({ provider: provider ?? 'unknown' }, 'phlebotomy.event.forged');
        response.status(401).json({ detail: 'The event is not signed with this provider’s secret' });
        return;
      }
      const { environment } = sender.connection;
      const event = isText(raw, sender.event) ? sender.event : new UnreadableEvent(['text that is no text']);
      if (event instanceof UnreadableEvent) {
        const event_id = String(request.headers['webhook-id']);
        const unreadable_because = event.fields.join(', ') || 'not JSON';
        await keepUnreadableEvent(store, { provider, environment, event_id, raw, unreadable_because });
        logger.warn({ provider, event_id, fields: event.fields }, 'phlebotomy.event.unreadable');
        response.status(400).json({ detail: event.message });
        return;
      }
      await storePhlebotomyEvent(store, { ...event, provider, environment, raw: raw.toString('utf8') });
      response.status(204).end();
    } catch (error) {
      if (error instanceof ApiError) throw error;
      logger.error({ err: error, provider }, 'phlebotomy.event.not_stored');
      response.status(503).set('Retry-After', '5').json({ detail: 'The event could not be stored; send it again' });
    }
  });
  return router;
}

const isText = (raw: Buffer, event: PhlebotomyEvent | UnreadableEvent) =>
  isUtf8(raw) && (event instanceof UnreadableEvent || unreadable(event, []).length === 0);

/** Who sent an event, and what it says: the connection whose secret signed it; null when none did. */
function senderOf(
  connections: readonly PhlebotomyConnectionDocument[],
  headers: Parameters<typeof readPhlebotomyEvent>[0],
  raw: Buffer,
): { connection: PhlebotomyConnectionDocument; event: PhlebotomyEvent | UnreadableEvent } | null {
  for (const connection of connections) {
    try {
      return { connection, event: readPhlebotomyEvent(headers, raw, connection.secrets) };
    } catch (error) {
      if (error instanceof UnreadableEvent) return { connection, event: error };
      if (!(error instanceof ForgedEvent)) throw error;
    }
  }
  return null;
}
