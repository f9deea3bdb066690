/** Barcodes, drawn as vectors so that they stay sharp on any printer. */
import bwip from 'bwip-js';
import encodeQr from 'qr';
import type { Sheet } from './sheet.ts';
import { INK } from './styles.ts';

/** Blank modules that a scanner needs on either side (ISO/IEC 15417). */
const QUIET_ZONE = 10;
/** The same around a QR code (ISO/IEC 18004). */
const QR_QUIET_ZONE = 4;

/**
 * Widths of the narrowest bar in points, in whole dots of a printer: two at 150 dpi (0.34 mm) for hand scanners, three
 * at 300 dpi (0.25 mm) on a label that goes round a tube.
 */
export const MODULES = { page: 0.96, label: 0.72 } as const;

/** Bars begin on a dot of a printer of 150 dpi. */
const DOT = 0.48;

/** Room to leave on either side of a barcode. */
export const QUIET = QUIET_ZONE * MODULES.page;

/**
 * Draws `text` as Code 128; the quiet zones on both sides must be kept free.
 * @param right where its last bar ends, but for less than a dot.
 * @returns where the first bar begins.
 */
export function drawCode128(
  sheet: Sheet,
  text: string,
  right: number,
  y: number,
  height: number,
  module: number = MODULES.page,
): number {
  const left = Math.floor((right - code128Width(text, module)) / DOT) * DOT;
  sheet.structure.picture(`Barcode of ${text}`, () => {
    let x = left;
    barsAndGaps(text).forEach((width, index) => {
      if (index % 2 === 0) sheet.pdf.rect(x, y, width * module, height);
      x += width * module;
    });
    sheet.pdf.fill(INK);
  });
  return left;
}

/** How wide a Code 128 barcode of this text is, quiet zones left out. */
export function code128Width(text: string, module: number = MODULES.page): number {
  return barsAndGaps(text).reduce((sum, width) => sum + width, 0) * module;
}

/** Draws a QR code, quiet zone included, into a square with the given corner and side. */
export function drawQr(sheet: Sheet, text: string, alt: string, x: number, y: number, side: number): void {
  const rows = encodeQr(text, 'raw', { ecc: 'medium', border: QR_QUIET_ZONE });
  const module = side / rows.length;
  sheet.structure.picture(alt, () => {
    rows.forEach((modules, row) => {
      let start = 0;
      for (let end = 1; end <= modules.length; end += 1) {
        // Modules of one color at a time.
        if (modules[end] === modules[start]) continue;
        if (modules[start]) sheet.pdf.rect(x + start * module, y + row * module, (end - start) * module, module);
        start = end;
      }
    });
    sheet.pdf.fill(INK);
  });
}

let latest: { text: string; widths: readonly number[] } | undefined;

/** Widths of bars and gaps in turn, in modules, a bar first and last; remembered, since one number is drawn several times. */
function barsAndGaps(text: string): readonly number[] {
  if (latest?.text === text) return latest.widths;
  const [{ sbs }] = bwip.raw('code128', text, '') as unknown as [{ sbs: number[] }];
  latest = { text, widths: sbs };
  return sbs;
}
