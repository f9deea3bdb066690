/** Where laboratories deliver: authenticated, stored, acknowledged, and only then given to a journey (F5, F12). */
import express, { type Request, type Response, type Router } from 'express';
import type { Logger } from 'pino';
import { writeAcknowledgement } from '../../partners/labs/formats/hl7v2/hl7-acknowledgement.ts';
import { decodeMessage, isKnownCharset } from '../../partners/labs/formats/hl7v2/hl7-charset.ts';
import { MESSAGE_LIMITS } from '../../partners/labs/formats/hl7v2/hl7-limits.ts';
import { Hl7Refused, messagesIn } from '../../partners/labs/formats/hl7v2/hl7-message.ts';
import { readingReports } from '../../partners/labs/formats/hl7v2/hl7-report.ts';
import { inTurns } from '../../partners/labs/formats/hl7v2/steps.ts';
import { reportingLab } from '../../partners/labs/registry.ts';
import type { Catalogue } from '../../store/catalogue/catalogue.ts';
import { environmentOfLab } from '../../store/connections/lab-connections.ts';
import { keepText, noteRefusal, ReportTooLong, storeReports } from '../../store/inbox/lab-inbox.ts';
import type { Store } from '../../store/open.ts';
import type { GuessLimit } from '../http/doors/guess-limit.ts';
import { isAway, loggable } from '../http/errors.ts';
import { phlebotomyEventsRouter } from './phlebotomy-events.ts';

const HL7 = 'application/hl7-v2';
const UNREADABLE = {
  400: 'The body could not be read',
  413: `A message can have at most ${MESSAGE_LIMITS.bytes / 1024 / 1024} MB`,
  415: 'Unknown character set or content encoding; send UTF-8',
} as const;

/**
 * `POST /partners/labs/{lab}/hl7`: takes ORU^R01 and answers with its acknowledgement, as docs/hl7.md has it; and
 * `POST /partners/phlebotomy/{provider}/events`.
 */
export function partnersRouter(
  { store, catalogue, logger }: { store: Store; catalogue: Catalogue; logger: Logger },
  guesses: GuessLimit,
): Router {
  const router = express.Router();
  router.use(phlebotomyEventsRouter({ store, logger, guesses }));
  const body = express.raw({ type: HL7, limit: MESSAGE_LIMITS.bytes });

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
    const claimed = `${lab} ${user}`;
    if (!environment) {
      if (user || password) await guesses.failed(request, claimed);
      logger.warn({ lab: known ? lab : 'unknown' }, 'A laboratory message had wrong credentials');
      response.status(401).set('WWW-Authenticate', 'Basic realm="Venule laboratories"');
      response.json({ detail: `These are not the credentials of laboratory "${lab}"` });
      return;
    }
    await stored(lab, response, () => guesses.passed(request, claimed));
    if (response.headersSent) return;
    const charset = charsetOf(request);
    if (charset !== undefined && !isKnownCharset(charset)) {
      response.status(415).json({ detail: UNREADABLE[415] });
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

    const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const text = unlessRefused(() => decodeMessage(raw, charset));
    if (typeof text === 'string' && Buffer.byteLength(text) > MESSAGE_LIMITS.bytes) {
      response.status(413).json({ detail: UNREADABLE[413] });
      return;
    }
    const now = new Date().toISOString();
    const from = { lab_slug: lab, environment };
    const content_hash = await stored(lab, response, () => keepText(store, { ...from, raw }));
    if (!content_hash) return;
    const texts = typeof text === 'string' ? messagesIn(text) : [raw.toString('latin1')];
    const answers: string[] = [];
    const refusals: string[] = [];
    let reports_before = 0;
    for (const each of texts.slice(0, MESSAGE_LIMITS.messages)) {
      try {
        if (typeof text !== 'string') throw text;
        if (texts.length > MESSAGE_LIMITS.messages) throw TOO_MANY;
        const { message, reports } = await inTurns(readingReports(each, reportingLab(lab, environment, now)));
        const read = { ...from, content_hash, control_id: message.control_id, reports, reports_before };
        await stored(lab, response, () => storeReports(store, read, MESSAGE_LIMITS.report_bytes));
        if (response.headersSent) return;
        reports_before += reports.length;
        answers.push(writeAcknowledgement(each, { code: 'AA', text: '' }, now));
      } catch (error) {
        const refusal = error instanceof ReportTooLong ? TOO_LONG : error;
        if (!(refusal instanceof Hl7Refused)) throw error;
        logger.warn({ lab, content_hash, reason: refusal.message }, 'A laboratory message was rejected');
        refusals.push(refusal.message);
        const answer = { code: 'AR', text: 'Rejected: see ERR', problem: refusal.problem } as const;
        answers.push(writeAcknowledgement(each, answer, now));
        if (refusal === TOO_MANY) break;
      }
    }
    if (refusals.length > 0) {
      const why = [...new Set(refusals)].join('; ');
      await stored(lab, response, () => noteRefusal(store, content_hash, why));
      if (response.headersSent) return;
    }
    response.type(`${HL7}; charset=utf-8`).send(answers.join(''));
  });
  return router;
}

/** What work makes, or why a message is refused. */
function unlessRefused<T>(work: () => T): T | Hl7Refused {
  try {
    return work();
  } catch (error) {
    if (error instanceof Hl7Refused) return error;
    throw error;
  }
}

const charsetOf = (request: Request) =>
  /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];

const TOO_LONG = new Hl7Refused({
  segment: 'OBR',
  sequence: 1,
  code: '100',
  text: 'The report on one order is too long; split it into several messages',
});

const TOO_MANY = new Hl7Refused({
  segment: 'MSH',
  sequence: 1,
  code: '100',
  text: `A body can have at most ${MESSAGE_LIMITS.messages} messages; send them in several`,
});

function basicCredentials(request: Request): { user: string; password: string } {
  const [, encoded = ''] = request.headers.authorization?.match(/^Basic\s+(\S+)$/i) ?? [];
  const [user = '', ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return { user, password: password.join(':') };
}
