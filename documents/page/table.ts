/** A ruled table whose header is repeated on every page it reaches. */
import type { Sheet } from './sheet.ts';
import { INK, RULE, TEXT, type TextStyle } from './styles.ts';

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
  /** Marks the row so that it stands out without color. */
  marked?: boolean;
}

const PADDING = 2.6;
const GAP = 8;
/** Of a note under the first column. */
const INDENT = 8;

export class Table {
  private readonly sheet: Sheet;
  private readonly columns: Column[];
  private section: { name: string; aside: string } | null = null;

  constructor(sheet: Sheet, columns: Column[]) {
    this.sheet = sheet;
    this.columns = columns;
    sheet.ensure(60);
    sheet.structure.begin('Table');
    this.header();
    sheet.onBreak = () => {
      this.header();
      if (this.section !== null) this.sectionLine(`${this.section.name} (continued)`, this.section.aside);
    };
  }

  /**
   * Opens a group of rows; its name is kept with its first row and repeated after a page break.
   * @param aside What is said of the whole group, small and to the right.
   */
  open(section: string, aside = ''): void {
    this.section = null;
    this.sheet.ensure(52);
    this.sheet.y += 5;
    this.sectionLine(section, aside);
    this.section = { name: section, aside };
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
    if (options.marked) sheet.fillBox(sheet.left - 7, sheet.y + 2, 3, height + 2 * PADDING - 4, INK);
    let x = sheet.left;
    this.inRow(() => {
      cells.forEach((cell, index) => {
        const column = this.columns[index];
        if (!column) return;
        const set = style(cell, column);
        const at = x;
        this.cell(index === 0, () => {
          if (cell.draw) cell.draw(at, top, inner(column, index), TEXT.body.leading);
          else sheet.place(cell.text, at, top + TEXT.body.size - set.size, inner(column, index), set);
        });
        x += column.width;
      });
    });
    sheet.y = top + height + PADDING;
    if (options.note) this.note(options.note, options.noteColumn ?? 0);
    sheet.rule(sheet.y, 0.4, RULE);
    sheet.y += 0.4;
  }

  /** Ends the table and leaves room below it. */
  end(): void {
    this.sheet.onBreak = () => {};
    this.sheet.structure.close();
    this.sheet.y += 12;
  }

  private note(text: string, column: number): void {
    const { sheet } = this;
    const before = this.columns.slice(0, column).reduce((sum, { width }) => sum + width, 0);
    const x = sheet.left + (before || INDENT);
    sheet.y -= 1.5;
    this.inRow(() => this.across('TD', () => sheet.flow(text, x, sheet.right - x, TEXT.small)));
    sheet.y += PADDING;
  }

  private header(): void {
    const { sheet } = this;
    let x = sheet.left;
    this.inRow(() => {
      this.columns.forEach((column, index) => {
        const width = column.width - (index === this.columns.length - 1 ? 0 : GAP);
        const at = x;
        sheet.structure.element(
          'TH',
          () =>
            sheet.place(column.title.toUpperCase(), at, sheet.y, width, {
              ...TEXT.label,
              align: column.align ?? 'left',
            }),
          { scope: 'Column' },
        );
        x += column.width;
      });
    });
    sheet.y += TEXT.label.leading + 2;
    sheet.rule(sheet.y, 0.8, INK);
    sheet.y += 0.8;
  }

  private inRow(within: () => void): void {
    this.sheet.structure.element('TR', within);
  }

  /** A cell of a row; the first one names the row. */
  private cell(isFirst: boolean, within: () => void): void {
    this.sheet.structure.element(isFirst ? 'TH' : 'TD', within, isFirst ? { scope: 'Row' } : {});
  }

  /** A cell over all columns. */
  private across(type: 'TH' | 'TD', within: () => void): void {
    this.sheet.structure.element(type, within, { columns: this.columns.length });
  }

  private sectionLine(text: string, aside = ''): void {
    const { sheet } = this;
    sheet.y += 4;
    const top = sheet.y;
    this.inRow(() =>
      this.across('TH', () => {
        sheet.y += sheet.place(text, sheet.left, top, sheet.width, TEXT.heading) + 2;
        if (aside) sheet.place(aside, sheet.left, top + 3, sheet.width, { ...TEXT.small, align: 'right' });
      }),
    );
    sheet.rule(sheet.y, 0.4, RULE);
  }
}
