/**
 * The typefaces that documents are set in, all under the SIL Open Font License 1.1 but one (Kosugi Maru, Apache 2.0).
 * Source Sans 3 has Latin, Greek, Cyrillic and Vietnamese letters and figures of equal width; what it lacks is looked for
 * among the typefaces of the world's other scripts. All are embedded.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { create, type Font, type Glyph } from 'fontkit';
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

/** A glyph of a word: which it is, for which letters it stands, and where it goes. Lengths as `reachOf` has them. */
interface SetGlyph {
  /** One for the same glyph and letters. */
  key: string;
  id: number;
  codePoints: readonly number[];
  advanceWidth: number;
  position: Readonly<Record<'xAdvance' | 'yAdvance' | 'xOffset' | 'yOffset' | 'advanceWidth', number>>;
}

/** A word as it is set, with the blank behind it. */
interface SetWord {
  glyphs: readonly SetGlyph[];
  reach: number;
}

/** How many words a typeface remembers. */
const MOST_WORDS = 5_000;
/** Of how many letters it is remembered which typeface has them. */
const MOST_LETTERS = 5_000;
/** Laying out a word is most of the work of setting a page, and most words of one document stand in the next one, too. */
const words = new WeakMap<Font, Map<string, SetWord>>();
/** Where pdfkit parts a line to lay it out, too. */
const WORDS = /[^ \t]*[ \t]|[^ \t]+$/g;

function wordsOf(font: Font, line: string): SetWord[] {
  const known = words.get(font) ?? new Map<string, SetWord>();
  words.set(font, known);
  return (line.match(WORDS) ?? []).map((word) => {
    const held = known.get(word);
    if (held) return held;
    if (known.size >= MOST_WORDS) known.clear();
    const set = laidOut(font, word);
    known.set(word, set);
    return set;
  });
}

function laidOut(font: Font, word: string): SetWord {
  const scale = 1000 / font.unitsPerEm;
  const { glyphs, positions } = font.layout(word);
  const set = positions.map(({ xAdvance, yAdvance, xOffset, yOffset }, index) => {
    const { id, codePoints, advanceWidth } = glyphs[index] as Glyph;
    const scaled = advanceWidth * scale;
    return {
      ...{ key: keyOf(id, codePoints), id, codePoints, advanceWidth: scaled },
      position: {
        ...{ xAdvance: xAdvance * scale, yAdvance: yAdvance * scale },
        ...{ xOffset: xOffset * scale, yOffset: yOffset * scale, advanceWidth: scaled },
      },
    };
  });
  return { glyphs: set, reach: set.reduce((sum, { position }) => sum + position.xAdvance, 0) };
}

const keyOf = (id: number, codePoints: readonly number[]) => `${id} ${codePoints.join(' ')}`;

/** Width of a line in thousandths of the size it is set in, as the drawer sets it: word by word, its blank included. */
export function reachOf({ font }: Pick<Face, 'font'>, line: string): number {
  return wordsOf(font, line).reduce((reach, word) => reach + word.reach, 0);
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

const found = new Map<string, Face | null>();

/** The typeface that has these letters (one to a reader), the style's own first; null when there is none. */
export function faceFor(letters: string, name: FontName): Face | null {
  const key = `${name} ${letters}`;
  const known = found.get(key);
  if (known !== undefined) return known;
  if (found.size >= MOST_LETTERS) found.clear();
  const face = lookedFor(letters, name);
  found.set(key, face);
  return face;
}

function lookedFor(letters: string, name: FontName): Face | null {
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
  layout(text: string, features: unknown): { glyphs: Glyph[]; positions: unknown[] };
  encode(text: string, features?: unknown): [string[], unknown[]];
  widthOfString(text: string, size: number, features?: unknown): number;
}

const prepared = new WeakSet<object>();

/**
 * Makes a document set words as they are remembered, and write each glyph under a number for the letters that it stands
 * for there: the same form for `µ` and `μ` is two numbers, so that what is copied is what was written.
 */
export function setByWords(embedded: unknown): void {
  const font = embedded as EmbeddedFont;
  if (prepared.has(font)) return;
  prepared.add(font);
  const codes = new Map<string, string>();
  const codeOf = ({ key, id, codePoints, advanceWidth }: Omit<SetGlyph, 'position'>) => {
    const known = codes.get(key);
    if (known !== undefined) return known;
    const number = font.subset.glyphs.push(id) - 1;
    const code = number.toString(16).padStart(4, '0');
    codes.set(key, code);
    font.widths[number] = advanceWidth;
    font.unicode[number] = codePoints;
    return code;
  };
  font.encode = (text, features) => {
    if (!features) {
      const glyphs = wordsOf(font.font, text).flatMap((word) => word.glyphs);
      return [glyphs.map(codeOf), glyphs.map(({ position }) => position)];
    }
    const { glyphs, positions } = font.layout(text, features);
    const shaped = glyphs.map(({ id, codePoints, advanceWidth }) =>
      codeOf({ key: keyOf(id, codePoints), id, codePoints, advanceWidth: advanceWidth * font.scale }),
    );
    return [shaped, positions];
  };
  const measured = font.widthOfString.bind(font);
  font.widthOfString = (text, size, features) =>
    features ? measured(text, size, features) : (reachOf(font, text) * size) / 1000;
}
