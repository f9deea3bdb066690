/** One line of text as it is set: which typeface each part takes, and in which order the parts stand. */
import bidiFactory from 'bidi-js';
import { type Face, type FontName, faceFor, faceOf, UNPRINTABLE } from './typeface.ts';

/** A part of a line in one typeface and one direction, in the order in which it is read. */
export interface Piece {
  face: Face;
  text: string;
  /** Letters that join or take their order from each other are shaped together, blanks and all. */
  shaped: boolean;
}

/** Text of one line with nothing in it that would have to be looked at. */
export const PLAIN = /^[\x20-\x7e]*$/;
/** Letters and signs of which each is one to a reader. */
const SINGLE = /^[\x20-\x7e\xa0-\u02ff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u22ff]*$/;
/** Hebrew, Arabic and what else runs from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const TURNED_BY_SHAPING = /\p{Script=Arabic}|\p{Script=Hebrew}/u;
const LETTER = /\p{L}|\p{N}/u;

// Its types say that the function is the module's `default`; it is the module itself.
const bidi = (bidiFactory as unknown as typeof bidiFactory.default)();
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** What a reader sees as one letter each. */
export function lettersOf(text: string): string[] {
  return SINGLE.test(text) ? [...text] : Array.from(graphemes.segment(text), ({ segment }) => segment);
}

/** Whether a word is set in its style's own typeface, letter after letter, so that it is as wide in a line as it is alone. */
export function isSetWhole(word: string, font: FontName): boolean {
  if (PLAIN.test(word)) return true;
  const own = faceOf(font);
  return SINGLE.test(word) && [...word].every((letter) => faceFor(letter, font) === own);
}

/** Replaces what no typeface has; answers the text as it can be printed, and what it lost. */
export function printableIn(text: string, font: FontName): { text: string; lost: string[] } {
  if (PLAIN.test(text)) return { text, lost: [] };
  const lost: string[] = [];
  const kept = lettersOf(text).map((letter) => {
    if (letter === '\n' || faceFor(letter, font)) return letter;
    lost.push(letter);
    return UNPRINTABLE;
  });
  return { text: kept.join(''), lost };
}

/**
 * Whether letters of a line stand in another order or form than they are read in, so that it has to be told how it is
 * copied. Not so from right to left: readers turn such text round by themselves, and would turn what they are told.
 */
export function isReordered(line: string, pieces: readonly Piece[]): boolean {
  return pieces.some(({ shaped }) => shaped) && !RIGHT_TO_LEFT.test(line);
}

/** The parts of a line from left to right. */
export function piecesOf(line: string, font: FontName): Piece[] {
  if (PLAIN.test(line)) return [{ face: faceOf(font), text: line, shaped: false }];
  return RIGHT_TO_LEFT.test(line) ? bothWays(line, font) : inFaces(line, font);
}

function inFaces(text: string, font: FontName): Piece[] {
  const pieces: Piece[] = [];
  const own = faceOf(font);
  for (const letter of lettersOf(text)) {
    const face = faceFor(letter, font) ?? own;
    const last = pieces.at(-1);
    if (last?.face === face) last.text += letter;
    else pieces.push({ face, text: letter, shaped: face !== own });
  }
  return pieces;
}

/** By the Unicode bidirectional algorithm: runs of one level, turned round from the deepest level up. */
function bothWays(line: string, font: FontName): Piece[] {
  const { levels } = bidi.getEmbeddingLevels(line);
  const runs: { level: number; pieces: Piece[] }[] = [];
  let start = 0;
  for (let end = 1; end <= line.length; end += 1) {
    if (end < line.length && levels[end] === levels[start]) continue;
    const level = levels[start] ?? 0;
    const text = line.slice(start, end);
    const pieces = inFaces(text, font).map((piece) => (level % 2 ? turned(piece) : kept(piece)));
    runs.push({ level, pieces: level % 2 ? pieces.reverse() : pieces });
    start = end;
  }
  for (let level = Math.max(...runs.map((run) => run.level)); level > 0; level -= 1) turn(runs, level);
  return runs.flatMap(({ pieces }) => pieces);
}

/** Turns round every unbroken row of runs of this level or deeper. */
function turn(runs: { level: number }[], level: number): void {
  let start = 0;
  while (start < runs.length) {
    let end = start;
    while (end < runs.length && (runs[end]?.level ?? 0) >= level) end += 1;
    if (end > start) runs.splice(start, end - start, ...runs.slice(start, end).reverse());
    start = Math.max(end, start + 1);
  }
}

/** Figures of a right-to-left script run from left to right; shaping would turn them. */
function kept(piece: Piece): Piece {
  return TURNED_BY_SHAPING.test(piece.text) ? { ...piece, text: lettersOf(piece.text).reverse().join('') } : piece;
}

/** A right-to-left script turns itself round; blanks and signs between are turned and mirrored here. */
function turned(piece: Piece): Piece {
  if (LETTER.test(piece.text) && RIGHT_TO_LEFT.test(piece.text)) return { ...piece, shaped: true };
  const letters = lettersOf(piece.text).map((letter) => bidi.getMirroredCharacter(letter) ?? letter);
  return { ...piece, text: letters.reverse().join('') };
}
