/**
 * The typefaces that documents are set in, all under the SIL Open Font License 1.1 but one (Kosugi Maru, Apache 2.0).
 * Source Sans 3 has Latin, Greek, Cyrillic and Vietnamese letters and figures of equal width; what it lacks is looked for
 * among the typefaces of the world's other scripts. All are embedded.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { create, type Font, type Glyph, type GlyphRun } from 'fontkit';
import { unpacked } from './woff.ts';

const resolve = createRequire(join(import.meta.dirname, 'typeface.ts')).resolve;
const SOURCE = '@expo-google-fonts/source-sans-3';

/** Font files by the name the styles use. */
const FILES = {
  regular: `${SOURCE}/400Regular/SourceSans3_400Regular.ttf`,
  italic: `${SOURCE}/400Regular_Italic/SourceSans3_400Regular_Italic.ttf`,
  semibold: `${SOURCE}/600SemiBold/SourceSans3_600SemiBold.ttf`,
  bold: `${SOURCE}/700Bold/SourceSans3_700Bold.ttf`,
  mono: '@fontsource/noto-sans-mono/files/noto-sans-mono-latin-400-normal.woff',
} as const;

export type FontName = keyof typeof FILES;

/** Whether a style's typeface is one of the heavy ones, so that its stand-ins are heavy, too. */
const HEAVY: readonly FontName[] = ['semibold', 'bold'];

/** One script's typeface: which letters it is asked for, its package, its part of the package, and its weights. */
interface StandIn {
  letters: RegExp;
  family: string;
  part: string;
  weights: readonly number[];
}

const noto = (script: string, part: string): StandIn => ({
  letters: new RegExp(`\\p{Script_Extensions=${script}}`, 'u'),
  family: `noto-sans-${part}`,
  part,
  weights: [400, 700],
});

/** Asked in this order. Chinese before Japanese: of the letters that both have, most are met in Chinese names. */
const STAND_INS: readonly StandIn[] = [
  // Not Noto: its letters fall apart into strokes and dots, and are copied so.
  { letters: /\p{scx=Arab}/u, family: 'ibm-plex-sans-arabic', part: 'arabic', weights: [400, 700] },
  noto('Hebrew', 'hebrew'),
  noto('Armenian', 'armenian'),
  noto('Georgian', 'georgian'),
  noto('Devanagari', 'devanagari'),
  noto('Bengali', 'bengali'),
  noto('Gujarati', 'gujarati'),
  noto('Gurmukhi', 'gurmukhi'),
  noto('Tamil', 'tamil'),
  noto('Telugu', 'telugu'),
  noto('Kannada', 'kannada'),
  noto('Malayalam', 'malayalam'),
  noto('Sinhala', 'sinhala'),
  noto('Thai', 'thai'),
  noto('Lao', 'lao'),
  noto('Khmer', 'khmer'),
  noto('Myanmar', 'myanmar'),
  noto('Ethiopic', 'ethiopic'),
  { letters: /\p{scx=Hang}/u, family: 'nanum-gothic-coding', part: 'korean', weights: [400, 700] },
  { letters: /\p{scx=Hani}/u, family: 'zcool-xiaowei', part: 'chinese-simplified', weights: [400] },
  { letters: /\p{scx=Hani}|\p{scx=Hira}|\p{scx=Kana}/u, family: 'kosugi-maru', part: 'japanese', weights: [400] },
  { letters: /\p{P}|\p{S}/u, family: 'noto-sans-math', part: 'latin', weights: [400] },
  { letters: /\p{P}|\p{S}/u, family: 'noto-sans-symbols-2', part: 'symbols', weights: [400] },
  { letters: /\p{P}|\p{S}/u, family: 'kosugi-maru', part: 'japanese', weights: [400] },
];

/** A typeface in one weight: the name under which a document knows it, and its parsed file. */
export interface Face {
  name: string;
  font: Font;
}

/** Stands where no typeface has what was written. */
export const UNPRINTABLE = '□';

const opened = new Map<string, Face>();

function face(file: string): Face {
  const known = opened.get(file);
  if (known) return known;
  const font = create(unpacked(readFileSync(resolve(file)))) as Font;
  keepLetters(font);
  leaveUnattached(font);
  layOutOnce(font);
  const made = { name: file, font };
  opened.set(file, made);
  return made;
}

/**
 * A parsed font holds each glyph once, with the letters for which it was first asked, if any: a glyph that was first met
 * as a part of another would have none for the rest of the process. From now on each gets the letters it stands for.
 */
function keepLetters(font: Font): void {
  const glyphs = font.getGlyph.bind(font);
  font.getGlyph = (id: number, letters: number[] = []): Glyph => {
    const glyph = glyphs(id, letters);
    if (letters.length === 0 || sameLetters(glyph.codePoints, letters)) return glyph;
    return Object.create(glyph, { codePoints: { value: letters } }) as Glyph;
  };
}

/** The parts of a parsed font that place marks on letters; its types do not show them. */
interface Placing {
  _layoutEngine: {
    engine?: { GPOSProcessor?: { applyAnchor(mark: { markAnchor: unknown }, base: unknown, at: number): void } };
  };
}

/** A letter without an anchor for a mark takes none there; the parser would stumble over it. */
function leaveUnattached(font: Font): void {
  const placing = (font as unknown as Placing)._layoutEngine.engine?.GPOSProcessor;
  if (!placing) return;
  const attach = placing.applyAnchor.bind(placing);
  placing.applyAnchor = (mark, base, at) => {
    if (mark.markAnchor && base) attach(mark, base, at);
  };
}

/** How many words a typeface remembers. */
const MOST_WORDS = 5_000;

/**
 * Laying out a word is most of the work of setting a page, and most words of one document stand in the next one, too.
 * What is remembered is lent out with positions of their own, because the drawer scales them in place.
 */
function layOutOnce(font: Font): void {
  const layOut = font.layout.bind(font);
  const known = new Map<string, GlyphRun>();
  font.layout = (text, ...how) => {
    if (how.some((given) => given !== undefined)) return layOut(text, ...how);
    const run = known.get(text) ?? layOut(text);
    // Those that are asked for again stay; the oldest go.
    known.delete(text);
    known.set(text, run);
    if (known.size > MOST_WORDS) known.delete(known.keys().next().value as string);
    const positions = run.positions.map((position) =>
      Object.assign(Object.create(Object.getPrototypeOf(position)), position),
    );
    return Object.create(run, { positions: { value: positions } });
  };
}

/** How far each word reaches that was measured, in thousandths of the size it is set in. */
const reaches = new WeakMap<Font, Map<string, number>>();
/** Where the drawer parts a line to lay it out, too. */
const WORDS = /[^ \t]*[ \t]|[^ \t]+$/g;

/** Width of a line in thousandths of the size it is set in, as the drawer sets it: word by word, its blank included. */
export function reachOf({ font }: Face, line: string): number {
  const known = reaches.get(font) ?? new Map<string, number>();
  reaches.set(font, known);
  let reach = 0;
  for (const word of line.match(WORDS) ?? []) {
    let width = known.get(word);
    if (width === undefined) {
      const scale = 1000 / font.unitsPerEm;
      width = font.layout(word).positions.reduce((sum, { xAdvance }) => sum + xAdvance * scale, 0);
      if (known.size >= MOST_WORDS) known.clear();
      known.set(word, width);
    }
    reach += width;
  }
  return reach;
}

const sameLetters = (one: readonly number[], other: readonly number[]) =>
  one.length === other.length && one.every((letter, index) => letter === other[index]);

/** The typeface of a style; parsed once, because that takes longer than setting a page. */
export function faceOf(name: FontName): Face {
  return face(FILES[name]);
}

/** Marks that say how letters join, or which form they take; a typeface need not have them. */
const JOINERS = /\u200c|\u200d|[\ufe00-\ufe0f]/gu;

function has({ font }: Face, letters: string): boolean {
  return [...letters].every((letter) => font.hasGlyphForCodePoint(letter.codePointAt(0) as number));
}

/** The typeface that has these letters (one to a reader), the style's own first; null when there is none. */
export function faceFor(letters: string, name: FontName): Face | null {
  const own = faceOf(name);
  const needed = letters.replace(JOINERS, '');
  if (has(own, needed)) return own;
  const weight = HEAVY.includes(name) ? 700 : 400;
  const fallback = name === 'mono' ? faceOf('regular') : null;
  if (fallback && has(fallback, needed)) return fallback;
  for (const { letters: asked, family, part, weights } of STAND_INS) {
    if (!asked.test(needed)) continue;
    const best = weights.includes(weight) ? weight : weights[0];
    const stand = face(`@fontsource/${family}/files/${family}-${part}-${best}-normal.woff`);
    if (has(stand, needed)) return stand;
  }
  return null;
}

/** The part of a document's font that is ours to mend; its maker's types do not show it. */
interface EmbeddedFont {
  font: Font;
  scale: number;
  subset: { glyphs: number[] };
  widths: number[];
  unicode: (readonly number[])[];
  layout(text: string, features?: unknown): { glyphs: Glyph[]; positions: unknown[] };
  encode(text: string, features?: unknown): [string[], unknown[]];
}

const numbered = new WeakSet<object>();

/**
 * Makes a document write each glyph under a number for the letters that it stands for there: the same form for `µ` and
 * `μ` is two numbers, so that what is copied is what was written.
 */
export function numberByLetters(embedded: unknown): void {
  const font = embedded as EmbeddedFont;
  if (numbered.has(font)) return;
  numbered.add(font);
  const numbers = new Map<string, number>();
  font.encode = (text, features) => {
    const { glyphs, positions } = font.layout(text, features);
    const codes = glyphs.map(({ id, codePoints, advanceWidth }) => {
      const key = `${id} ${codePoints.join(' ')}`;
      let number = numbers.get(key);
      if (number === undefined) {
        number = font.subset.glyphs.push(id) - 1;
        numbers.set(key, number);
        font.widths[number] = advanceWidth * font.scale;
        font.unicode[number] = codePoints;
      }
      return number.toString(16).padStart(4, '0');
    });
    return [codes, positions];
  };
}
