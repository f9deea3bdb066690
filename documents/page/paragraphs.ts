/** Text before it is set: without what cannot be seen, and where it may be broken. */
import { PLAIN } from './line.ts';

const TAB_STOP = 8;
/** Controls of direction and joining that a stranger's text could turn a page round with; soft hyphens; marks of order. */
const UNSEEN = /[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;
/** Scripts that set no blanks between words. */
const UNSPACED = /\p{scx=Thai}|\p{scx=Laoo}|\p{scx=Khmr}|\p{scx=Mymr}|\p{scx=Hani}|\p{scx=Hira}|\p{scx=Kana}/u;
/** A gap inside a line that no sentence explains. */
const GAP = /\S {3,}\S|[^\s.!?:] {2}\S/;

const words = new Intl.Segmenter('en', { granularity: 'word' });

/** In composed form, without controls, with one kind of line break and of blank; tabs as blanks up to their stop. */
export function plain(text: string): string {
  if (PLAIN.test(text)) return text.trimEnd();
  return text
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replace(UNSEEN, '')
    .normalize('NFC')
    .split('\n')
    .map((line) =>
      withoutTabs(line)
        .replace(/\p{Cc}|\p{Zs}/gu, ' ')
        .trimEnd(),
    )
    .join('\n')
    .replace(/^\n+|\n+$/g, '');
}

function withoutTabs(line: string): string {
  return line
    .split('\t')
    .reduce((before, part) => before.padEnd((Math.floor(before.length / TAB_STOP) + 1) * TAB_STOP) + part);
}

/** Whether a text has columns made of blanks, as a laboratory's table of antibiotics has. */
export function hasColumns(text: string): boolean {
  const lines = plain(text).split('\n');
  return lines.filter((line) => GAP.test(line)).length >= 2;
}

/** Where a word without blanks may be broken: between its words, if its script has any. */
export function wordsOf(word: string): string[] {
  return UNSPACED.test(word) ? Array.from(words.segment(word), ({ segment }) => segment) : [word];
}
