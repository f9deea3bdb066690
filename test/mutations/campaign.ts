/** Messages with anything wrong in them, by a seed, through the reading that real ones go through. */
import { isDeepStrictEqual } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { LabProfile } from '../../domain/catalogue/lab-profile.ts';
import { readFhirBody } from '../../intake/fhir-body.ts';
import { messagesOfBody } from '../../intake/hl7-body.ts';
import { judgedMessages } from '../../intake/hl7-refusal.ts';
import { Excess } from '../../partners/bounded-body.ts';
import { FhirRefused } from '../../partners/labs/formats/fhir/fhir-refused.ts';
import { isAcknowledgement, writeAcknowledgement } from '../../partners/labs/formats/hl7v2/hl7-acknowledgement.ts';
import { MESSAGE_LIMITS } from '../../partners/labs/formats/hl7v2/hl7-limits.ts';
import type { ReportingLab } from '../../partners/labs/formats/hl7v2/reports/hl7-report.ts';
import { reportingLab } from '../../partners/labs/registry.ts';
import { FrameReader } from '../../partners/labs/transports/mllp-frames.ts';
import { Chance } from '../kills/random.ts';
import { mutatedFhir, mutatedHl7, oneOf } from './mutations.ts';
import { type Sources, sourcesOf } from './sources.ts';

const NOW = '2026-11-18T16:00:00.000Z';
const PROFILES: readonly LabProfile[] = [
  {},
  { comma: 'decimal', time_zone: 'America/Phoenix', flags: { Q: 'critical' }, words: { PENDING: 'text' } },
  { character_set: '8859/1', result_code_component: 4, placer_order_number: 'OBR-18', tests: { '2200': '9999' } },
];
const CHARSETS = [undefined, undefined, undefined, 'utf-8', 'iso-8859-1', 'utf-16'];

/** How long a stream may be that comes in pieces of a few bytes, in bytes: cutting a longer one takes longer than reading it. */
const CUT_SMALL = 1024 * 1024;

/** What became of the messages. */
export interface Outcome {
  /** How many of each: read, acknowledgement, refused, FHIR read, FHIR refused. */
  counted: Record<string, number>;
  /** What is wrong, each with the number of its message; nothing when all is well. */
  faults: string[];
  /** The message that took longest. */
  slowest: { number: number; ms: number };
  /** How much more memory is in use at the end than after the first tenth, in bytes. */
  growth: number;
}

/**
 * Makes messages and reads them.
 * @param first The number of the first one; each is made from the seed and its number alone.
 * @param began Told the number of each message before it is read.
 */
export async function runMutations(
  { seed, messages, first = 1 }: { seed: number; messages: number; first?: number },
  began: (number: number) => void = () => {},
): Promise<Outcome> {
  const sources = sourcesOf(seed);
  const outcome: Outcome = { counted: {}, faults: [], slowest: { number: 0, ms: 0 }, growth: 0 };
  const settled = first + Math.floor(messages / 10);
  let before = 0;
  for (let number = first; number < first + messages; number += 1) {
    began(number);
    if (number === settled) before = inUse();
    const chance = new Chance(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b));
    let ms = 0;
    try {
      const bodies = bodiesOf(chance, sources);
      const started = performance.now();
      await readAll(chance, bodies, outcome.counted);
      ms = performance.now() - started;
    } catch (error) {
      outcome.faults.push(`message ${number} of seed ${seed}: ${(error as Error).stack ?? error}`);
    }
    if (ms > outcome.slowest.ms) outcome.slowest = { number, ms };
  }
  outcome.growth = inUse() - before;
  return outcome;
}

interface Bodies {
  format: 'hl7' | 'fhir';
  bodies: Buffer[];
}

function bodiesOf(chance: Chance, sources: Sources): Bodies {
  if (chance.next() < 0.15) return { format: 'fhir', bodies: [mutatedFhir(chance, sources.fhir)] };
  const raw = mutatedHl7(chance, sources.hl7);
  return { format: 'hl7', bodies: chance.next() < 0.5 ? [raw] : inFrames(chance, raw) };
}

/** Reads them as they are read when they come, and writes what is answered. */
async function readAll(chance: Chance, { format, bodies }: Bodies, counted: Record<string, number>): Promise<void> {
  const count = (what: string) => {
    counted[what] = (counted[what] ?? 0) + 1;
  };
  const lab = reportingLab('fernlab', oneOf(chance, PROFILES), 'production', NOW);
  for (const body of bodies) {
    if (format === 'fhir') {
      const read = await readFhirBody(body, lab);
      count(read instanceof FhirRefused ? 'FHIR refused' : 'FHIR read');
      continue;
    }
    const charset = oneOf(chance, CHARSETS);
    const answers: string[] = [];
    for await (const message of messagesOfBody(body, lab, charset)) {
      const problem = 'refusal' in message ? message.refusal.problem : undefined;
      count(problem ? 'refused' : 'acknowledgement' in message ? 'acknowledgement' : 'read');
      const answer = problem
        ? ({ code: 'AR', text: 'Rejected', problem } as const)
        : ({ code: 'AA', text: '' } as const);
      const written = writeAcknowledgement(message.text, answer, NOW);
      if (!isAcknowledgement(message.text)) answers.push(written);
    }
    await judgeTheSame(body, lab, charset, answers);
  }
}

/** Over MLLP a message is answered before it is read. @throws Error when that is answered otherwise */
async function judgeTheSame(body: Buffer, lab: ReportingLab, charset: string | undefined, answers: readonly string[]) {
  const judged = (await judgedMessages(body, lab, charset)).map(({ text, refusal }) =>
    writeAcknowledgement(
      text,
      refusal ? { code: 'AR', text: 'Rejected', problem: refusal.problem } : { code: 'AA', text: '' },
      NOW,
    ),
  );
  if (!isDeepStrictEqual(judged, answers)) throw new Error('Before it is read, a message is answered otherwise');
}

/**
 * The same over MLLP: frames that may be broken off, with noise between, in pieces of any length.
 * @throws Error when other frames come out than went in
 */
function inFrames(chance: Chance, raw: Buffer): Buffer[] {
  const frame = Buffer.concat([Buffer.of(0x0b), raw, Buffer.of(0x1c, 0x0d)]);
  const cut = chance.next() < 0.3 ? frame.subarray(0, chance.between(0, frame.length)) : frame;
  const stream = Buffer.concat([cut, Buffer.from(oneOf(chance, ['', '\r\n', 'noise'])), frame]);
  const expected = stream
    .toString('latin1')
    .split('\x1c\r')
    .slice(0, -1)
    .filter((text) => text.includes('\x0b'))
    .map((text) => text.slice(text.indexOf('\x0b') + 1));
  const reader = new FrameReader(MESSAGE_LIMITS.bytes);
  const found: (Buffer | Excess)[] = [];
  const most = chance.next() < 0.2 && stream.length < CUT_SMALL ? 3 : Math.max(3, stream.length);
  for (let at = 0; at < stream.length; ) {
    const length = chance.between(1, most);
    found.push(...reader.read(stream.subarray(at, at + length)));
    at += length;
  }
  // Of one over the limit only its length is compared.
  const isSame = (each: Buffer | Excess, text = '') =>
    each instanceof Excess ? each.bytes === text.length : each.toString('latin1') === text;
  if (found.length !== expected.length || !found.every((each, index) => isSame(each, expected[index]))) {
    throw new Error(`Of ${expected.length} frames other ones came out`);
  }
  return found.filter((each) => Buffer.isBuffer(each));
}

/** Memory that is still needed, in bytes. */
function inUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
