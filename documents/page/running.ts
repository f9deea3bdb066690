/** What every page of a document carries: who and what it is about, its marks, and what could not be printed. */
import type { PatientDetails } from '../../domain/orders/order.ts';
import { plainDate } from './dates.ts';
import { lettersOf } from './line.ts';
import type { Sheet } from './sheet.ts';
import { ALERT, INK, RULE, TEXT, type TextStyle } from './styles.ts';
import { UNPRINTABLE } from './typeface.ts';
import { filedName } from './words.ts';

/** The sentence in the band above each page, and a word written across it. */
export interface PageMark {
  word?: string;
  sentence: string;
  color: string;
}

/** Sandbox paper looks like no other: no page of it can be taken for a patient's (G5). */
export const SANDBOX_MARK: PageMark = {
  word: 'SANDBOX',
  sentence: 'SANDBOX · For testing only · Not a real order, not a real result, not for patient care',
  color: INK,
};

/** What is drawn on it will not be tested. */
export const CANCELED_MARK: PageMark = {
  word: 'CANCELED',
  sentence: 'CANCELED · Do not collect a specimen on this requisition',
  color: ALERT,
};

/** As many of the letters that could not be printed as are named. */
const NAMED_LETTERS = 6;

/** What the lines say. */
interface RunningLines {
  patient: PatientDetails;
  document: string;
  foot: string;
  marks?: readonly PageMark[];
  /** The last page that names the birth date; all do unless told. */
  bornUntilPage?: number;
}

/** Closes the document with patient, document and `Page x of y` on each page. */
export function finishWithRunningLines(sheet: Sheet, lines: RunningLines): Promise<Buffer> {
  const { left, right, width } = sheet;
  return sheet.finish((page, of) => {
    const count = `Page ${page} of ${of}`;
    const countWidth = sheet.widthOf(count, TEXT.smallStrong);
    const documentWidth = sheet.widthOf(lines.document, TEXT.small);
    const born = page > (lines.bornUntilPage ?? of) ? '' : `Born ${plainDate(lines.patient.dob)}`;
    const bornWidth = sheet.widthOf(born, TEXT.small);
    const room = width - countWidth - documentWidth - bornWidth - 40;
    const name = shortened(sheet, filedName(lines.patient), room);
    sheet.place(name, left, 26, width, TEXT.smallStrong);
    sheet.place(born, left + sheet.widthOf(name, TEXT.smallStrong) + 10, 26, width, TEXT.small);
    sheet.place(lines.document, right - countWidth - documentWidth - 14, 26, documentWidth + 2, TEXT.small);
    sheet.place(count, right - countWidth, 26, countWidth + 2, TEXT.smallStrong);
    sheet.rule(40, 0.8, INK);
    placeMarks(sheet, lines.marks ?? []);

    sheet.rule(sheet.height - 38, 0.5, RULE);
    const style = { ...TEXT.small, align: 'center' } as const;
    sheet.place(lines.foot, left, sheet.height - 34, width, style);
    const lost = lostLetters(sheet.lost);
    if (lost) sheet.place(lost, left, sheet.height - 24, width, style);
  });
}

/** Each mark's sentence in a band at the top of the page, its word, if it has one, across it. */
function placeMarks(sheet: Sheet, marks: readonly PageMark[]): void {
  const band = sheet.width / marks.length;
  marks.forEach(({ word, sentence, color }, index) => {
    const x = sheet.left + index * band;
    sheet.fillBox(x, 7, band, 13, color);
    const style: TextStyle = { ...TEXT.smallStrong, font: 'bold', color: '#ffffff', align: 'center' };
    const size = Math.min(style.size, (style.size * (band - 8)) / sheet.widthOf(sentence, style));
    sheet.place(sentence, x, 9, band, { ...style, size });

    if (word === undefined) return;
    const across = { ...TEXT.title, size: 92, leading: 92, color, tracking: 4 };
    const { pdf, height } = sheet;
    const middle = { x: sheet.left + sheet.width / 2, y: (height * (index + 1)) / (marks.length + 1) };
    pdf
      .save()
      .rotate(-38, { origin: [middle.x, middle.y] })
      .opacity(color === INK ? 0.1 : 0.3);
    const wide = sheet.widthOf(word, across);
    sheet.place(word, middle.x - wide / 2, middle.y - 46, wide + 2, across);
    pdf.restore();
  });
}

function lostLetters(lost: ReadonlySet<string>): string {
  if (lost.size === 0) return '';
  const codes = [...lost].map((letter) =>
    [...letter].map((part) => `U+${part.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`).join(' '),
  );
  const more = codes.length > NAMED_LETTERS ? ` and ${codes.length - NAMED_LETTERS} others` : '';
  return `${UNPRINTABLE} stands for what cannot be printed here: ${codes.slice(0, NAMED_LETTERS).join(', ')}${more}`;
}

/** One line, cut with an ellipsis where it must be; the full name stands in the patient block. */
function shortened(sheet: Sheet, text: string, room: number): string {
  if (sheet.widthOf(text, TEXT.smallStrong) <= room) return text;
  const cut = lettersOf(text);
  while (cut.length > 1 && sheet.widthOf(`${cut.join('')}…`, TEXT.smallStrong) > room) cut.pop();
  return `${cut.join('').trimEnd()}…`;
}
