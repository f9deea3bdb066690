/** A ruled table whose header is repeated on every page it reaches. */
import { INK, RULE, type Sheet, TEXT, type TextStyle } from './sheet.ts';

export interface Column {
  title: string;
  width: number;
  align?: 'left' | 'right';
}

export interface Cell {
  text: string;
  style?: TextStyle;
  /** Drawn in place of text, in a box of the cell's width and one line's height. */
  draw?: (x: number, y: number, width: number, height: number) => void;
}

export interface RowOptions {
  /** Runs on under the row in small type, over a page break if need be. */
  note?: string | undefined;
  /** Column under which the note begins; 0 unless given. */
  noteColumn?: number;
  /** Marks the row so that it stands out without colour. */
  marked?: boolean;
}

const PADDING = 2.6;
const GAP = 8;
/** Of a note under the first column. */
const INDENT = 8;

export class Table {
  private readonly sheet: Sheet;
  private readonly columns: Column[];
  private section: string | null = null;

  constructor(sheet: Sheet, columns: Column[]) {
    this.sheet = sheet;
    this.columns = columns;
    sheet.ensure(60);
    this.header();
    sheet.onBreak = () => {
      this.header();
      if (this.section !== null) this.sectionLine(`${this.section} (continued)`);
    };
  }

  /** Opens a group of rows; its name is kept with its first row and repeated after a page break. */
  open(section: string): void {
    this.section = null;
    this.sheet.ensure(52);
    this.sheet.y += 5;
    this.sectionLine(section);
    this.section = section;
  }

  /** Adds a row; its cells are wrapped and stay together on one page. */
  row(cells: Cell[], options: RowOptions = {}): void {
    const { sheet } = this;
    const style = (cell: Cell, column: Column): TextStyle => ({
      align: column.align ?? 'left',
      ...TEXT.body,
      ...cell.style,
    });
    const inner = (column: Column, index: number) => column.width - (index === this.columns.length - 1 ? 0 : GAP);
    const height = Math.max(
      TEXT.body.leading,
      ...cells.map((cell, index) => {
        const column = this.columns[index];
        return column && cell.text ? sheet.heightOf(cell.text, inner(column, index), style(cell, column)) : 0;
      }),
    );
    const noteLines = options.note ? 2 : 0;
    sheet.ensure(height + 2 * PADDING + noteLines * TEXT.small.leading);

    const top = sheet.y + PADDING;
    if (options.marked) sheet.fill(sheet.left - 7, sheet.y + 2, 3, height + 2 * PADDING - 4, INK);
    let x = sheet.left;
    cells.forEach((cell, index) => {
      const column = this.columns[index];
      if (!column) return;
      if (cell.draw) cell.draw(x, top, inner(column, index), TEXT.body.leading);
      else {
        const set = style(cell, column);
        sheet.place(cell.text, x, top + TEXT.body.size - set.size, inner(column, index), set);
      }
      x += column.width;
    });
    sheet.y = top + height + PADDING;
    if (options.note) this.note(options.note, options.noteColumn ?? 0);
    sheet.rule(sheet.y, 0.4, RULE);
    sheet.y += 0.4;
  }

  /** Ends the table and leaves room below it. */
  end(): void {
    this.sheet.onBreak = () => {};
    this.sheet.y += 12;
  }

  private note(text: string, column: number): void {
    const { sheet } = this;
    const before = this.columns.slice(0, column).reduce((sum, { width }) => sum + width, 0);
    const x = sheet.left + (before || INDENT);
    sheet.y -= 1.5;
    sheet.flow(text, x, sheet.right - x, TEXT.small);
    sheet.y += PADDING;
  }

  private header(): void {
    const { sheet } = this;
    let x = sheet.left;
    this.columns.forEach((column, index) => {
      const width = column.width - (index === this.columns.length - 1 ? 0 : GAP);
      sheet.place(column.title.toUpperCase(), x, sheet.y, width, { ...TEXT.label, align: column.align ?? 'left' });
      x += column.width;
    });
    sheet.y += TEXT.label.leading + 2;
    sheet.rule(sheet.y, 0.8, INK);
    sheet.y += 0.8;
  }

  private sectionLine(text: string): void {
    const { sheet } = this;
    sheet.y += 4;
    sheet.y += sheet.place(text, sheet.left, sheet.y, sheet.width, TEXT.heading) + 2;
    sheet.rule(sheet.y, 0.4, RULE);
  }
}
