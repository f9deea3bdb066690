/** What can be wrong with a message: changes of its text, and of its bytes. */
import type { Chance } from '../kills/random.ts';

/** What a message has to say where something else should stand. */
const HOSTILE = [
  '',
  '""',
  '\\',
  '\\X',
  '\\XZZ\\',
  '\\X00FF\\',
  '\\Z9\\',
  '\\.sp99999999\\',
  '^^^^&&&&~~~~',
  '\0',
  '\x0b',
  '\x1c\r',
  '\u2028',
  '\ud800',
  'é'.repeat(50),
  '99999999999999999999999999',
  '-0.0e+308',
  '1e999',
  'NaN',
  '12,5',
  '00000000000000',
  '20261332256199.99999-9999',
  '20260230',
  '+1400',
  '__proto__',
  'constructor',
  'MSH|^~\\&',
  'QNS',
  'SEE NOTE',
  '(((((((((((((((((((((((((((((((((((((((((',
  '<<<<>>>>====',
  '- - - - - - - - - - - - - - - - - - - - -',
];
const SEGMENTS = [
  'MSH',
  'PID',
  'ORC',
  'OBR',
  'OBX',
  'NTE',
  'SPM',
  'MSA',
  'ERR',
  'FHS',
  'BHS',
  'BTS',
  'FTS',
  'ZPS',
  'ADD',
  'DSC',
  'obx',
  'Ä12',
];
const TYPES = [
  'NM',
  'SN',
  'CWE',
  'ED',
  'FT',
  'TX',
  'ST',
  'TS',
  'DT',
  'TM',
  'NR',
  'CX',
  'RP',
  'XAD',
  'MO',
  'CP',
  '',
  '??',
];
const SETS = [
  'UNICODE UTF-8',
  '8859/1',
  'UTF-16',
  'UTF-7',
  'BIG-5',
  'ASCII',
  'GB 18030-2000',
  'ISO IR87',
  'nothing',
  '',
];

/** One of them, each as often. */
export const oneOf = <T>(chance: Chance, choices: readonly T[]): T =>
  choices[chance.between(0, choices.length - 1)] as T;

/** How often something comes that comes again and again; far more than any message needs, now and then. */
const often = (chance: Chance): number =>
  chance.next() < 0.02 ? chance.between(1_000, 60_000) : chance.between(2, 40);

/** Changes of one segment; others are there to take something from. */
type Change = (chance: Chance, lines: string[], other: () => string[]) => string[];

const within =
  (change: (chance: Chance, line: string, other: () => string[]) => string): Change =>
  (chance, lines, other) => {
    const at = chance.between(0, lines.length - 1);
    return lines.with(at, change(chance, lines[at] as string, other));
  };

const fields =
  (change: (chance: Chance, fields: string[], at: number) => string[]) =>
  (chance: Chance, line: string): string => {
    const parts = line.split('|');
    return change(chance, parts, chance.between(0, parts.length - 1)).join('|');
  };

const CHANGES: readonly Change[] = [
  within(fields((chance, parts, at) => parts.with(at, oneOf(chance, HOSTILE)))),
  within(
    fields((chance, parts, at) =>
      parts.with(at, `${parts[at]}${oneOf(chance, ['^', '&', '~', '\\', '|'])}${oneOf(chance, HOSTILE)}`),
    ),
  ),
  within(fields((_, parts, at) => parts.toSpliced(at, 1))),
  within(fields((chance, parts, at) => parts.toSpliced(at, 0, ...parts.slice(0, chance.between(1, 4))))),
  within(
    fields((chance, parts, at) =>
      parts.with(
        at,
        Array(often(chance))
          .fill(parts[at])
          .join(oneOf(chance, ['~', '^', '&', '\\.br\\', '|'])),
      ),
    ),
  ),
  within(fields((chance, parts, at) => parts.with(at, parts[chance.between(0, parts.length - 1)] as string))),
  within(fields((chance, parts) => parts.with(0, oneOf(chance, SEGMENTS)))),
  within(
    fields((chance, parts) =>
      parts.length > 11 ? parts.with(11, oneOf(chance, ['P', 'F', 'C', 'W', 'D', 'X', 'O', 'N', 'I', '', '?'])) : parts,
    ),
  ),
  within((chance, line) =>
    line.startsWith('OBX') ? line.replace(/^(OBX\|[^|]*\|)[^|]*/, `$1${oneOf(chance, TYPES)}`) : line,
  ),
  within((chance, line) => line.slice(0, chance.between(0, line.length))),
  within((chance, line) =>
    line
      .split('')
      .toSpliced(chance.between(0, line.length), 0, oneOf(chance, ['\r', '\n', '\r\n', '\\\r']))
      .join(''),
  ),
  (chance, lines) => lines.toSpliced(chance.between(0, lines.length - 1), 1),
  (chance, lines) => {
    const at = chance.between(0, lines.length - 1);
    return lines.toSpliced(at, 0, ...Array<string>(often(chance)).fill(lines[at] as string));
  },
  (chance, lines) => {
    const [taken = ''] = lines.splice(chance.between(0, lines.length - 1), 1);
    return lines.toSpliced(chance.between(0, lines.length), 0, taken);
  },
  (chance, lines, other) => lines.toSpliced(chance.between(0, lines.length), 0, oneOf(chance, other())),
  (chance, lines, other) => (chance.next() < 0.5 ? [...lines, ...other()] : [...other(), ...lines]),
  (chance, lines) => ['FHS|^~\\&', 'BHS|^~\\&', ...lines, ...(chance.next() < 0.5 ? ['BTS|1', 'FTS|1'] : [])],
];

/** Changes of a whole text. */
const REWRITINGS: readonly ((chance: Chance, text: string) => string)[] = [
  (chance, text) => text.replaceAll('\r', oneOf(chance, ['\n', '\r\n', '\n\r', '\r\r', ' ', '\u0085'])),
  (chance, text) =>
    text.replaceAll(oneOf(chance, ['|', '^', '~', '\\', '&']), oneOf(chance, ['|', '^', '#', '\t', 'A', '\r', ''])),
  (chance, text) =>
    text.replace(/\^~\\&/, oneOf(chance, ['^', '^~', '^~\\', '^~\\&#', '||||', '^^^^', '', '^~\\&^~\\&'])),
  (chance, text) => text.replace(/2\.5\.1/, `2.5.1||||||${oneOf(chance, SETS)}`),
  (chance, text) => text.replace(/\|P\|/, `|${oneOf(chance, ['T', 'D', '', '?'])}|`),
  (chance, text) => text.slice(0, chance.between(0, text.length)),
  (chance, text) => text.slice(chance.between(0, text.length)),
  (chance, text) =>
    `${oneOf(chance, ['\ufeff', '\x0b', '# sent by a lab\r', '\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n', '{'])}${text}`,
];

/** Changes of bytes. */
const SPOILINGS: readonly ((chance: Chance, bytes: Buffer) => Buffer)[] = [
  (chance, bytes) => {
    const spoiled = Buffer.from(bytes);
    for (let left = chance.between(1, 20); left > 0; left -= 1) {
      spoiled[chance.between(0, spoiled.length - 1)] = chance.between(0, 255);
    }
    return spoiled;
  },
  (chance, bytes) => {
    const at = chance.between(0, bytes.length);
    const noise = Buffer.from(Array.from({ length: chance.between(1, 64) }, () => chance.between(0, 255)));
    return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]);
  },
  (chance, bytes) => {
    const at = chance.between(0, bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + chance.between(1, 50))]);
  },
  (chance, bytes) => Buffer.concat(Array<Buffer>(chance.between(2, 4)).fill(bytes)),
  (_, bytes) => Buffer.from(bytes.toString('utf8'), 'utf16le'),
  (_, bytes) => Buffer.concat([Buffer.of(0xff, 0xfe), Buffer.from(bytes.toString('utf8'), 'utf16le')]),
  (_, bytes) => Buffer.from(bytes.toString('utf8'), 'utf16le').swap16(),
  (_, bytes) => Buffer.from(bytes.toString('utf8'), 'latin1'),
];

/** An HL7 message with one thing wrong, or several. */
export function mutatedHl7(chance: Chance, sources: readonly string[]): Buffer {
  const other = () => oneOf(chance, sources).split('\r');
  let lines = other();
  for (let left = chance.between(0, 5); left > 0 && lines.length > 0; left -= 1) {
    lines = oneOf(chance, CHANGES)(chance, lines, other);
  }
  let text = lines.join('\r');
  if (chance.next() < 0.4) text = oneOf(chance, REWRITINGS)(chance, text);
  const bytes = Buffer.from(text);
  return chance.next() < 0.4 ? oneOf(chance, SPOILINGS)(chance, bytes) : bytes;
}

/** Where lists within lists come, in the text: `JSON.stringify` could not write as many. */
const DEEP = 'DEEP';

/** A FHIR bundle with one thing wrong, or several. */
export function mutatedFhir(chance: Chance, sources: readonly string[]): Buffer {
  const bundle: unknown = JSON.parse(oneOf(chance, sources));
  for (let left = chance.between(0, 5); left > 0; left -= 1)
    changeNode(chance, bundle, JSON.parse(oneOf(chance, sources)));
  const depth = often(chance);
  const bytes = Buffer.from(JSON.stringify(bundle).replace(`"${DEEP}"`, `${'['.repeat(depth)}${']'.repeat(depth)}`));
  return chance.next() < 0.2 ? oneOf(chance, SPOILINGS)(chance, bytes) : bytes;
}

/** Walks down to some node, and puts something else there. */
function changeNode(chance: Chance, root: unknown, other: unknown): void {
  let node = root as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(node);
    if (keys.length === 0) return;
    const key = oneOf(chance, keys);
    const child = node[key];
    if (typeof child === 'object' && child !== null && chance.next() < 0.85) {
      node = child as Record<string, unknown>;
      continue;
    }
    const choices = [null, true, 0, -1e308, [], {}, [null], oneOf(chance, HOSTILE), other, [child, child], DEEP];
    const choice = chance.between(0, choices.length + 1);
    if (choice > choices.length) delete node[key];
    else if (choice === choices.length && Array.isArray(child)) node[key] = Array(often(chance)).fill(child).flat();
    else node[key] = choices[choice];
    return;
  }
}
