/** A small bar that shows where a value lies between the ends of its reference range. */
import type { Sheet } from '../page/sheet.ts';
import { INK, MUTED } from '../page/styles.ts';

/** Where on the bar (0 to 1) the low and the high end of the range are drawn. */
const LOW_AT = 0.25;
const HIGH_AT = 0.75;

/** In characters; a value may be a text of megabytes. */
const LONGEST_NUMBER = 200;

/** The number in a printed value such as `5.9`, `<0.1` or `1,250`; null when there is none. */
export function numberIn(printed: string): number | null {
  if (printed.length > LONGEST_NUMBER) return null;
  const match = /^\s*[<>≤≥=]{0,2}\s*(-?\d[\d,]*(?:\.\d+)?|-?\.\d+)\s*$/.exec(printed);
  return match?.[1] ? Number(match[1].replaceAll(',', '')) : null;
}

/**
 * Position of `value` on the bar, 0 (far left) to 1 (far right): the range fills
 * the middle half, or the side that is not open; values beyond are held at the end.
 * Null when the range says nothing.
 */
export function positionOf(value: number, low: number | null, high: number | null): number | null {
  const clamp = (position: number) => Math.min(1, Math.max(0, position));
  if (low !== null && high !== null) {
    return high > low ? clamp(LOW_AT + ((value - low) / (high - low)) * (HIGH_AT - LOW_AT)) : null;
  }
  if (high !== null) return high > 0 ? clamp((value / high) * HIGH_AT) : null;
  if (low !== null) return low > 0 ? clamp((value / low) * LOW_AT) : null;
  return null;
}

/** Draws the bar in the given box; draws nothing where there is no value or no range to show. */
export function drawRangeBar(
  sheet: Sheet,
  box: { x: number; y: number; width: number; height: number },
  result: { value: number | null; low: number | null; high: number | null; outside: boolean },
): void {
  const position = result.value === null ? null : positionOf(result.value, result.low, result.high);
  if (position === null) return;
  sheet.draw((pdf) => {
    const inset = 4;
    const at = (share: number) => box.x + inset + share * (box.width - 2 * inset);
    const middle = box.y + box.height / 2;
    const from = at(result.low === null ? 0 : LOW_AT);
    const to = at(result.high === null ? 1 : HIGH_AT);

    pdf.rect(at(0), middle - 1, at(1) - at(0), 2).fill('#dfe4ea');
    pdf.rect(from, middle - 1.6, to - from, 3.2).fill('#8fa3b5');
    pdf.lineWidth(0.8).strokeColor(MUTED);
    for (const [end, x] of [
      [result.low, from],
      [result.high, to],
    ] as const) {
      if (end !== null) {
        pdf
          .moveTo(x, middle - 3.6)
          .lineTo(x, middle + 3.6)
          .stroke();
      }
    }

    const x = at(position);
    const size = 3.4;
    if (result.outside) {
      pdf.polygon(
        [x, middle - size - 0.8],
        [x + size + 0.8, middle],
        [x, middle + size + 0.8],
        [x - size - 0.8, middle],
      );
      pdf.fill(INK);
    } else {
      pdf
        .circle(x, middle, size - 0.6)
        .lineWidth(1.1)
        .fillAndStroke('#ffffff', INK);
    }
  });
}
