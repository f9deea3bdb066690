/** Code 128 barcodes, drawn as vectors so that they stay sharp on any printer. */
import { type DrawingContext, render } from 'bwip-js';
import { INK, type Sheet } from './sheet.ts';

/** Blank modules that a scanner needs on either side (ISO/IEC 15417). */
const QUIET_ZONE = 10;

/** A dark bar, in modules from the left edge of the symbol. */
interface Bar {
  start: number;
  width: number;
}

/**
 * Draws `text` as Code 128 so that its last bar ends at `right`; the quiet zone beyond it must be kept free.
 * @param module width of the narrowest bar in points; 0.9 (0.32 mm) suits hand scanners.
 * @returns where the first bar begins.
 */
export function drawCode128(
  sheet: Sheet,
  text: string,
  right: number,
  y: number,
  height: number,
  module = 0.9,
): number {
  const bars = code128Bars(text);
  const modules = Math.max(...bars.map((bar) => bar.start + bar.width));
  const left = right - modules * module;
  for (const bar of bars) sheet.pdf.rect(left + bar.start * module, y, bar.width * module, height);
  sheet.pdf.fill(INK);
  return left;
}

/** Room to leave on either side of a barcode whose narrowest bar is `module` points wide. */
export function quietZone(module = 0.9): number {
  return QUIET_ZONE * module;
}

/** The bars of a Code 128 symbol, read from the encoder's drawing at one pixel a module. */
function code128Bars(text: string): Bar[] {
  const bars: Bar[] = [];
  const recorder: DrawingContext<void> = {
    scale: () => [1, 1],
    measure: () => ({ width: 0, ascent: 0, descent: 0 }),
    init: () => {},
    line: (x, _top, _x, _bottom, width) => bars.push({ start: x - width / 2, width }),
    polygon: () => {},
    hexagon: () => {},
    ellipse: () => {},
    fill: () => {},
    text: () => {},
    end: () => {},
  };
  render({ bcid: 'code128', text, scale: 1 }, recorder);
  const first = Math.min(...bars.map((bar) => bar.start));
  return bars.map((bar) => ({ ...bar, start: bar.start - first }));
}
