/** Where partners deliver over HTTP: laboratories their messages (F12), phlebotomy providers their events. */
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import express, { type Request, type Response, type Router } from 'express';
import type { Logger } from 'pino';
import { takeFhirIn } from '../../intake/fhir-messages.ts';
import { TOO_LARGE } from '../../intake/hl7-body.ts';
import {
  keepExcess,
  keepRefused,
  type LaboratoryInbox,
  type Sender,
  takeHl7In,
} from '../../intake/laboratory-messages.ts';
import { type Excess, readBounded } from '../../partners/bounded-body.ts';
import { FhirRefused } from '../../partners/labs/formats/fhir/fhir-refused.ts';
import { isKnownCharset } from '../../partners/labs/formats/hl7v2/hl7-charset.ts';
import { MESSAGE_LIMITS } from '../../partners/labs/formats/hl7v2/hl7-limits.ts';
import type { Catalogue } from '../../store/catalogue/catalogue.ts';
import { environmentOfLab } from '../../store/connections/lab-connections.ts';
import { rememberedProfiles } from '../../store/connections/lab-profiles.ts';
import type { Store } from '../../store/open.ts';
import { FHIR_JSON, sendOutcome } from '../fhir/refusal.ts';
import type { GuessLimit } from '../http/doors/guess-limit.ts';
import { isAway, loggable } from '../http/errors.ts';
import { phlebotomyEventsRouter } from './phlebotomy-events.ts';

const HL7 = 'application/hl7-v2';
const FHIR = [FHIR_JSON, 'application/json', 'application/json+fhir'];

/** How a body may be packed. */
const UNPACK = new Map<string, (body: Buffer, limits: { maxOutputLength: number }) => Promise<Buffer>>([
  ['identity', async (body) => body],
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
]);

/** What a laboratory may post, and how it is answered. */
interface Format {
  /** The last part of the path. */
  path: string;
  types: string[];
  /** Whether it can be read in this character set; undefined where the sender does not say. */
  readsCharset(charset: string | undefined): boolean;
  /** Answers that nothing was taken in. */
  refuse(response: Response, status: 401 | 413 | 415 | 503, detail: string): void;
  /** Takes a body in, and answers. */
  take(
    inbox: LaboratoryInbox,
    from: Sender,
    raw: Buffer,
    charset: string | undefined,
    response: Response,
  ): Promise<void>;
}

/** docs/hl7.md */
const HL7_MESSAGES: Format = {
  path: 'hl7',
  types: [HL7],
  readsCharset: (charset) => charset === undefined || isKnownCharset(charset),
  refuse: (response, status, detail) => void response.status(status).json({ detail }),
  async take(inbox, from, raw, charset, response) {
    response.type(`${HL7}; charset=utf-8`).send((await takeHl7In(inbox, from, raw, charset)).join(''));
  },
};

const REFUSALS = { 401: 'login', 413: 'too-long', 415: 'not-supported', 503: 'transient' } as const;

/** docs/fhir.md */
const FHIR_MESSAGES: Format = {
  path: 'fhir',
  types: FHIR,
  readsCharset: (charset) => charset === undefined || /^utf-?8$/i.test(charset),
  refuse(response, status, text) {
    sendOutcome(response, status, [{ severity: 'error', code: REFUSALS[status], text }]);
  },
  async take(inbox, from, raw, _charset, response) {
    try {
      const { reports, remarks } = await takeFhirIn(inbox, from, raw);
      const taken = { severity: 'information', code: 'informational', text: `Reports taken in: ${reports}` } as const;
      const odd = remarks.map((text) => ({ severity: 'warning', code: 'processing', text }) as const);
      sendOutcome(response, 200, [taken, ...odd]);
    } catch (error) {
      if (!(error instanceof FhirRefused)) throw error;
      const { status, code, message, expression } = error;
      sendOutcome(response, status, [{ severity: 'error', code, text: message, expression }]);
    }
  },
};

/**
 * `POST /partners/labs/{lab}/hl7` and `/fhir`: take messages with results and answer with their acknowledgments; and
 * `POST /partners/phlebotomy/{provider}/events`.
 */
export function partnersRouter(
  { store, catalogue, logger }: { store: Store; catalogue: Catalogue; logger: Logger },
  guesses: GuessLimit,
): Router {
  const router = express.Router();
  router.use(phlebotomyEventsRouter({ store, logger, guesses }));
  const inbox = { store, profiles: rememberedProfiles(store, catalogue.laboratoriesBySlug), logger };

  for (const format of [HL7_MESSAGES, FHIR_MESSAGES]) {
    router.post(`/labs/:lab/${format.path}`, async (request, response) => {
      const lab = String(request.params.lab);
      try {
        const environment = await environmentOf(request, lab);
        if (!environment) {
          response.set('WWW-Authenticate', 'Basic realm="Venule laboratories"');
          format.refuse(response, 401, `These are not the credentials of laboratory "${lab}"`);
          return;
        }
        await take(format, request, response, { lab_slug: lab, environment });
      } catch (error) {
        // Of a request that was read to its end, Node says that it is destroyed: whether somebody waits is asked of the answer.
        if (response.destroyed) return;
        // What cannot be stored for now is not acknowledged: the lab sends it again (F12).
        if (!isAway(error)) throw error;
        logger.error({ lab, ...loggable(error) }, 'A laboratory message could not be stored');
        format.refuse(response.set('Retry-After', '5'), 503, 'The message could not be stored; send it again');
      }
    });
  }

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

  async function take(format: Format, request: Request, response: Response, from: Sender): Promise<void> {
    const raw = await bodyOf(request);
    const charset = charsetOf(request);
    const refuse = async (status: 415, why: string, detail: string) => {
      await keepRefused(inbox, from, raw.kept, why);
      format.refuse(response, status, detail);
    };
    if (raw.isPacked) {
      const encodings = [...UNPACK.keys()].join(', ');
      await refuse(415, 'Content-Encoding', `The body cannot be unpacked; Content-Encoding can be ${encodings}`);
    } else if (!format.readsCharset(charset)) {
      await refuse(415, 'charset of the Content-Type', 'Unknown character set; send UTF-8');
    } else if (!request.is(format.types)) {
      await refuse(415, 'Content-Type', `Send messages as ${format.types[0]}`);
    } else if (Buffer.isBuffer(raw.kept)) {
      await format.take(inbox, from, raw.kept, charset, response);
    } else {
      await keepExcess(inbox, from, raw.kept, TOO_LARGE);
      format.refuse(response, 413, TOO_LARGE);
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
