/** Where laboratories deliver: authenticated, stored, acknowledged, and only then given to a journey (F5, F12). */
import express, { type Request, type Response, type Router } from 'express';
import type { Logger } from 'pino';
import { writeAcknowledgement } from '../../partners/labs/hl7-acknowledgement.ts';
import { Hl7Refused } from '../../partners/labs/hl7-message.ts';
import { readReports } from '../../partners/labs/hl7-report.ts';
import { reportingLab } from '../../partners/labs/registry.ts';
import type { Catalogue } from '../../store/catalogue.ts';
import { environmentOfLab } from '../../store/lab-connections.ts';
import { storeReports } from '../../store/lab-inbox.ts';
import type { Store } from '../../store/store.ts';
import { isAway, loggable } from '../errors.ts';
import { phlebotomyEventsRouter } from './phlebotomy-events.ts';

const HL7 = 'application/hl7-v2';
const LARGEST_MESSAGE = '4mb';
const UNREADABLE = {
  400: 'The body could not be read',
  413: `A message may have ${LARGEST_MESSAGE} at most`,
  415: 'This character set or content encoding is not known; send UTF-8',
} as const;

/**
 * `POST /partners/labs/{lab}/hl7`: takes ORU^R01 and answers with its acknowledgement, as docs/hl7.md has it; and
 * `POST /partners/phlebotomy/{provider}/events`.
 */
export function partnersRouter({
  store,
  catalogue,
  logger,
}: {
  store: Store;
  catalogue: Catalogue;
  logger: Logger;
}): Router {
  const router = express.Router();
  router.use(phlebotomyEventsRouter({ store, logger }));
  const body = express.text({ type: HL7, limit: LARGEST_MESSAGE, defaultCharset: 'utf-8' });

  /** What cannot be stored for now is not acknowledged: the lab sends it again (F12). */
  async function stored<T>(lab: string, response: Response, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (!isAway(error)) throw error;
      logger.error({ lab, ...loggable(error) }, 'A laboratory message could not be stored');
      response.status(503).set('Retry-After', '5').json({ detail: 'The message could not be stored; send it again' });
      return null;
    }
  }

  router.post('/labs/:lab/hl7', async (request, response) => {
    const lab = request.params.lab;
    const known = catalogue.laboratoriesBySlug.has(lab);
    const { user, password } = basicCredentials(request);
    const environment = known ? await stored(lab, response, () => environmentOfLab(store, lab, user, password)) : null;
    if (response.headersSent) return;
    if (!environment) {
      logger.warn({ lab: known ? lab : 'unknown' }, 'A laboratory message came with wrong credentials');
      response.status(401).set('WWW-Authenticate', 'Basic realm="Venule laboratories"');
      response.json({ detail: `These are not the credentials of laboratory "${lab}"` });
      return;
    }
    if (!request.is(HL7)) {
      response.status(415).json({ detail: `Send HL7 v2 messages as ${HL7}` });
      return;
    }
    const unreadable = await new Promise<{ status?: number } | undefined>((resolve) =>
      body(request, response, resolve),
    );
    if (unreadable) {
      const status = unreadable.status === 413 || unreadable.status === 415 ? unreadable.status : 400;
      response.status(status).json({ detail: UNREADABLE[status] });
      return;
    }

    const raw = typeof request.body === 'string' ? request.body : '';
    const now = new Date().toISOString();
    const answer = (acknowledgement: Parameters<typeof writeAcknowledgement>[1]) =>
      response.type(`${HL7}; charset=utf-8`).send(writeAcknowledgement(raw, acknowledgement, now));
    try {
      const { message, reports } = readReports(raw, reportingLab(lab, environment));
      await stored(lab, response, () =>
        storeReports(store, { lab_slug: lab, environment, control_id: message.control_id, raw, reports }),
      );
      if (!response.headersSent) answer({ code: 'AA', text: '' });
    } catch (error) {
      if (!(error instanceof Hl7Refused)) throw error;
      logger.warn({ lab, reason: error.message }, 'A laboratory message was refused');
      answer({ code: error.ack, text: 'Refused: see ERR', errors: error.errors });
    }
  });
  return router;
}

function basicCredentials(request: Request): { user: string; password: string } {
  const [, encoded = ''] = request.headers.authorization?.match(/^Basic\s+(\S+)$/i) ?? [];
  const [user = '', ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return { user, password: password.join(':') };
}
