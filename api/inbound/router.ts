/** Where partners deliver over HTTP: laboratories their messages (F12), phlebotomy providers their events. */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import express, { type Request, type Response, type Router } from 'express';
import type { Logger } from 'pino';
import { TOO_LARGE } from '../../intake/hl7-body.ts';
import { keepRefused, takeHl7In } from '../../intake/laboratory-messages.ts';
import { type Excess, readBounded } from '../../partners/bounded-body.ts';
import { isKnownCharset } from '../../partners/labs/formats/hl7v2/hl7-charset.ts';
import { MESSAGE_LIMITS } from '../../partners/labs/formats/hl7v2/hl7-limits.ts';
import type { Catalogue } from '../../store/catalogue/catalogue.ts';
import { environmentOfLab } from '../../store/connections/lab-connections.ts';
import { rememberedProfiles } from '../../store/connections/lab-profiles.ts';
import type { Store } from '../../store/open.ts';
import type { GuessLimit } from '../http/doors/guess-limit.ts';
import { isAway, loggable } from '../http/errors.ts';
import { phlebotomyEventsRouter } from './phlebotomy-events.ts';

const HL7 = 'application/hl7-v2';

/** How a body may be packed. */
const UNPACK = new Map<string, (body: Buffer, limits: { maxOutputLength: number }) => Promise<Buffer>>([
  ['identity', async (body) => body],
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
]);

/**
 * `POST /partners/labs/{lab}/hl7`: takes messages with results and answers with their acknowledgments, as docs/hl7.md has
 * it; and `POST /partners/phlebotomy/{provider}/events`.
 */
export function partnersRouter(
  { store, catalogue, logger }: { store: Store; catalogue: Catalogue; logger: Logger },
  guesses: GuessLimit,
): Router {
  const router = express.Router();
  router.use(phlebotomyEventsRouter({ store, logger, guesses }));
  const inbox = { store, profiles: rememberedProfiles(store, catalogue.laboratoriesBySlug), logger };

  router.post('/labs/:lab/hl7', async (request, response) => {
    const { lab } = request.params;
    try {
      const environment = await environmentOf(request, lab);
      if (!environment) {
        response.status(401).set('WWW-Authenticate', 'Basic realm="Venule laboratories"');
        response.json({ detail: `These are not the credentials of laboratory "${lab}"` });
        return;
      }
      await take(request, response, { lab_slug: lab, environment });
    } catch (error) {
      if (request.destroyed) return;
      // What cannot be stored for now is not acknowledged: the lab sends it again (F12).
      if (!isAway(error)) throw error;
      logger.error({ lab, ...loggable(error) }, 'A laboratory message could not be stored');
      response.status(503).set('Retry-After', '5').json({ detail: 'The message could not be stored; send it again' });
    }
  });

  async function environmentOf(request: Request, lab: string) {
    const known = catalogue.laboratoriesBySlug.has(lab);
    const { user, password } = basicCredentials(request);
    const environment = known ? await environmentOfLab(store, lab, user, password) : null;
    const claimed = `${lab} ${user}`;
    if (environment) {
      await guesses.passed(request, claimed);
    } else {
      if (user || password) await guesses.failed(request, claimed);
      logger.warn({ lab: known ? lab : 'unknown' }, 'A laboratory message had wrong credentials');
    }
    return environment;
  }

  async function take(request: Request, response: Response, from: Parameters<typeof takeHl7In>[1]): Promise<void> {
    const raw = await bodyOf(request);
    const charset = charsetOf(request);
    const refuse = async (status: 413 | 415, why: string, detail: string) => {
      await keepRefused(inbox, from, raw.kept, why);
      response.status(status).json({ detail });
    };
    if (raw.isPacked) {
      const encodings = [...UNPACK.keys()].join(', ');
      await refuse(415, 'Content-Encoding', `The body cannot be unpacked; Content-Encoding can be ${encodings}`);
    } else if (charset !== undefined && !isKnownCharset(charset)) {
      await refuse(415, 'charset of the Content-Type', 'Unknown character set; send UTF-8');
    } else if (!request.is(HL7)) {
      await refuse(415, 'Content-Type', `Send HL7 v2 messages as ${HL7}`);
    } else if (Buffer.isBuffer(raw.kept)) {
      response.type(`${HL7}; charset=utf-8`).send((await takeHl7In(inbox, from, raw.kept, charset)).join(''));
    } else {
      await refuse(413, TOO_LARGE, TOO_LARGE);
    }
  }
  return router;
}

/** The body as it came; as it was packed, where it cannot be unpacked. */
async function bodyOf(request: Request): Promise<{ kept: Buffer | Excess; isPacked: boolean }> {
  const kept = await readBounded(request, MESSAGE_LIMITS.bytes);
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (!Buffer.isBuffer(kept)) return { kept, isPacked: false };
  try {
    const unpacked = await UNPACK.get(encoding)?.(kept, { maxOutputLength: MESSAGE_LIMITS.bytes });
    return { kept: unpacked ?? kept, isPacked: unpacked === undefined };
  } catch {
    return { kept, isPacked: true };
  }
}

const charsetOf = (request: Request) =>
  /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];

function basicCredentials(request: Request): { user: string; password: string } {
  const [, encoded = ''] = request.headers.authorization?.match(/^Basic\s+(\S+)$/i) ?? [];
  const [user = '', ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return { user, password: password.join(':') };
}
