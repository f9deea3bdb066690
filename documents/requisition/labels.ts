/** Labels to tear off and stick on what was drawn: one for each tube, cup or card. */

import type { Tubes } from '../../domain/catalogue/tubes.ts';
import type { Order } from '../../domain/orders/order.ts';
import { code128Width, drawCode128, MODULES } from '../page/barcode.ts';
import { plainDate } from '../page/dates.ts';
import type { Sheet } from '../page/sheet.ts';
import { INK, RULE, TEXT } from '../page/styles.ts';
import { filedName, SEX } from '../page/words.ts';

const COLUMNS = 3;
const HEIGHT = 71;
const INSET = 8;
/** More tubes than this are labeled by hand. */
const MOST = 24;

/** Prints the labels at the cursor, row by row; a row is never divided between pages. */
export function placeLabels(sheet: Sheet, order: Order, tubes: readonly Tubes[]): void {
  const wanted = tubes
    .flatMap(({ name, count }) =>
      Array.from({ length: count }, (_, index) => (count > 1 ? `${name} ${index + 1} of ${count}` : name)),
    )
    .slice(0, MOST);
  if (wanted.length === 0) return;
  const width = sheet.width / COLUMNS;
  sheet.ensure(HEIGHT + 12);
  sheet.place('LABELS FOR THE TUBES: CUT ALONG THE DASHED LINES', sheet.left, sheet.y, sheet.width, TEXT.label);
  sheet.y += 11;
  for (let first = 0; first < wanted.length; first += COLUMNS) {
    sheet.ensure(HEIGHT);
    const top = sheet.y;
    wanted.slice(first, first + COLUMNS).forEach((tube, index) => {
      placeLabel(sheet, order, tube, sheet.left + index * width, top, width);
    });
    sheet.y += HEIGHT;
  }
}

function placeLabel(sheet: Sheet, order: Order, tube: string, x: number, y: number, width: number): void {
  const { patient, placer_order_number: number } = order;
  sheet.draw((pdf) =>
    pdf.lineWidth(0.5).dash(3, { space: 2 }).strokeColor(RULE).rect(x, y, width, HEIGHT).stroke().undash(),
  );
  const left = x + INSET;
  const room = width - 2 * INSET;
  sheet.element('P', () => {
    const name = { ...TEXT.bodyStrong, leading: 10.5 };
    const [firstLine = ''] = sheet.wrap(filedName(patient), room, name);
    sheet.place(firstLine, left, y + 4, room, name);
    const facts = `${plainDate(patient.dob)} · ${SEX[patient.gender]}`;
    sheet.place(facts, left, y + 16, room, { ...TEXT.small, color: INK });
    sheet.place(tube, left, y + 16, room, { ...TEXT.smallStrong, align: 'right' });
    sheet.place(number, left, y + 50, room, { ...TEXT.smallStrong, leading: 9, align: 'center' });
    sheet.place('Date ___________  Time _________  By _______', left, y + 59, room, {
      ...TEXT.small,
      size: 6.8,
      leading: 9,
    });
  });
  const right = x + width / 2 + code128Width(number, MODULES.label) / 2;
  drawCode128(sheet, number, right, y + 28, 21, MODULES.label);
}
