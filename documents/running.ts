/** What every page of a document carries at its top and foot. */
import type { PatientDetails } from '../domain/order.ts';
import { plainDate } from './dates.ts';
import { INK, RULE, type Sheet, TEXT } from './sheet.ts';
import { filedName } from './words.ts';

/** Closes the document with patient, document and `Page x of y` on each page. */
export function finishWithRunningLines(
  sheet: Sheet,
  lines: { patient: PatientDetails; document: string; foot: string },
): Promise<Buffer> {
  const { left, right, width } = sheet;
  return sheet.finish((page, of) => {
    const count = `Page ${page} of ${of}`;
    const countWidth = sheet.widthOf(count, TEXT.smallStrong);
    const documentWidth = sheet.widthOf(lines.document, TEXT.small);
    const born = `Born ${plainDate(lines.patient.dob)}`;
    const bornWidth = sheet.widthOf(born, TEXT.small);
    const room = width - countWidth - documentWidth - bornWidth - 40;
    const name = shortened(sheet, filedName(lines.patient), room);
    sheet.place(name, left, 26, width, TEXT.smallStrong);
    sheet.place(born, left + sheet.widthOf(name, TEXT.smallStrong) + 10, 26, width, TEXT.small);
    sheet.place(lines.document, right - countWidth - documentWidth - 14, 26, documentWidth + 2, TEXT.small);
    sheet.place(count, right - countWidth, 26, countWidth + 2, TEXT.smallStrong);
    sheet.rule(40, 0.8, INK);

    sheet.rule(sheet.height - 38, 0.5, RULE);
    sheet.place(lines.foot, left, sheet.height - 34, width, { ...TEXT.small, align: 'center' });
  });
}

/** One line, cut with an ellipsis where it must be; the full name stands in the patient block. */
function shortened(sheet: Sheet, text: string, room: number): string {
  if (sheet.widthOf(text, TEXT.smallStrong) <= room) return text;
  let cut = text;
  while (cut.length > 1 && sheet.widthOf(`${cut}…`, TEXT.smallStrong) > room) cut = cut.slice(0, -1);
  return `${cut.trimEnd()}…`;
}
