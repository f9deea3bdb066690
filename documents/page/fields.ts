/** Labelled facts in columns, as at the head of a form. */
import type { Sheet } from './sheet.ts';
import { INK, RULE, TEXT } from './styles.ts';

export interface Field {
  label: string;
  value: string;
  /** The column's main fact. */
  strong?: boolean;
  /** In small type, such as a number that nobody reads aloud. */
  small?: boolean;
  /** Drawn under the label, in a box of this height, besides or instead of the value. */
  draw?: (x: number, y: number, width: number) => void;
  height?: number;
  /** Shares its line with the next field, if that one is a half, too. */
  half?: boolean;
}

const GUTTER = 18;
const GAP = 4;

/** Places one stack of fields in each column, side by side, closed by a rule, and moves the cursor below. */
export function placeFields(sheet: Sheet, columns: Field[][]): void {
  const width = (sheet.width - GUTTER * (columns.length - 1)) / columns.length;
  const stacks = columns.map((fields) => lines(fields));
  const fieldWidth = (line: Field[]) => (line.length === 2 ? (width - GUTTER / 2) / 2 : width);
  const heightOf = (line: Field[]) =>
    TEXT.label.leading +
    Math.max(...line.map((field) => field.height ?? sheet.heightOf(field.value, fieldWidth(line), styleOf(field)))) +
    GAP;
  const height = Math.max(...stacks.map((stack) => stack.reduce((sum, line) => sum + heightOf(line), 0)));
  sheet.ensure(height + 12);
  stacks.forEach((stack, index) => {
    let y = sheet.y;
    for (const line of stack) {
      let x = sheet.left + index * (width + GUTTER);
      for (const field of line) {
        const at = x;
        const top = y;
        sheet.structure.element('P', () => {
          sheet.place(field.label.toUpperCase(), at, top, fieldWidth(line), TEXT.label);
          sheet.place(field.value, at, top + TEXT.label.leading, fieldWidth(line), styleOf(field));
          field.draw?.(at, top + TEXT.label.leading, fieldWidth(line));
        });
        x += fieldWidth(line) + GUTTER / 2;
      }
      y += heightOf(line);
    }
  });
  sheet.y += height + 2;
  sheet.rule(sheet.y, 0.6, RULE);
  sheet.y += 10;
}

/** Fields line by line: two halves in a row make one line. */
function lines(fields: Field[]): Field[][] {
  const stack: Field[][] = [];
  for (const field of fields) {
    const last = stack.at(-1);
    if (field.half && last?.length === 1 && last[0]?.half) last.push(field);
    else stack.push([field]);
  }
  return stack;
}

function styleOf(field: Field) {
  if (field.small) return { ...TEXT.small, color: INK, leading: 11.6 };
  return field.strong ? { ...TEXT.strong, size: 11, leading: 13.5 } : TEXT.body;
}
