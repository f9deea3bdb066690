/** What an operator reads: tables that fit the terminal, or JSON for a program. */
import Table from 'cli-table3';

/** Where output goes, and in which form. */
export interface Output {
  /** Rows as a table, or as a JSON array. */
  list(rows: readonly Row[], none: string): void;
  /** One thing, field by field, or as a JSON object. */
  show(thing: Row): void;
  /** One thing and a list that belongs to it; in JSON the list is a field of that name. */
  showWith(thing: Row, name: string, rows: readonly Row[]): void;
  /** What was done, in words; `result` is what `--json` prints instead. */
  done(words: string, result: Row): void;
}

type Row = Record<string, unknown>;

/** An id with the name that people know it by: a table shows both, JSON the id. */
export class Named {
  readonly #id: string;
  readonly #name: string | undefined;

  constructor(id: string, name: string | undefined) {
    this.#id = id;
    this.#name = name;
  }

  toString(): string {
    return this.#name === undefined ? this.#id : `${this.#name} (${this.#id})`;
  }

  toJSON(): string {
    return this.#id;
  }
}

const plain = {
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  style: { head: [], border: [], compact: true },
};

/** No column of words is made narrower than this. */
const NARROWEST = 16;

function cell(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  if (value instanceof Date)
    return value
      .toISOString()
      .replace('T', ' ')
      .replace(/\.\d+Z$/, 'Z');
  if (value instanceof Named) return String(value);
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (Array.isArray(value)) return value.map(cell).join(', ') || '–';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Writes to standard output; `columns` is the width of the terminal, undefined where there is none. */
export function output(json: boolean, write: (text: string) => void, columns?: number): Output {
  const print = (value: unknown) => write(`${JSON.stringify(value, null, 2)}\n`);

  function table(rows: readonly Row[]): string {
    const head = Object.keys(rows[0] ?? {});
    const cells = rows.map((row) => head.map((name) => cell(row[name])));
    const widths = fitting(head, cells, columns);
    if (!widths) return rows.map(record).join('\n');
    const grid = new Table({ head, ...plain, colWidths: widths.map((width) => width + 2), wordWrap: true });
    grid.push(...cells);
    return String(grid);
  }

  /** A thing field by field, its texts on as many lines as they take. */
  function record(thing: Row): string {
    const names = Math.max(...Object.keys(thing).map((name) => name.length));
    const room = columns && Math.max(NARROWEST, columns - names - 7);
    const grid = new Table({ ...plain, ...(room && { colWidths: [names + 2, room + 2], wordWrap: true }) });
    const widest = Math.max(...Object.values(thing).map((value) => cell(value).length));
    if (room && widest < room) grid.options.colWidths = [names + 2, widest + 2];
    grid.push(...Object.entries(thing).map(([name, value]) => ({ [name]: cell(value) })));
    return String(grid);
  }

  return {
    list(rows, none) {
      if (json) return print(rows);
      write(rows.length === 0 ? `${none}\n` : `${table(rows)}\n`);
    },
    show(thing) {
      if (json) return print(thing);
      write(`${record(thing)}\n`);
    },
    showWith(thing, name, rows) {
      if (json) return print({ ...thing, [name]: rows });
      write(`${record(thing)}\n${table(rows)}\n`);
    },
    done(words, result) {
      if (json) print(result);
      else write(`${words}\n`);
    },
  };
}

/**
 * The widths of the columns, so that the table is no wider than the terminal: columns of words give way, ids and
 * numbers do not, since nobody could copy them. Undefined where there is not enough room even so.
 */
function fitting(head: string[], cells: string[][], columns: number | undefined): number[] | undefined {
  const widths = head.map((name, at) => Math.max(name.length, ...cells.map((row) => row[at]?.length ?? 0)));
  if (columns === undefined) return widths;
  const least = head.map((name, at) => {
    const words = [name, ...cells.map((row) => row[at] ?? '')].flatMap((text) => text.split(' '));
    return Math.min(widths[at] as number, Math.max(NARROWEST, ...words.map((word) => word.length)));
  });
  const room = columns - 3 * head.length - 1;
  if (sum(least) > room) return undefined;
  for (let over = sum(widths) - room; over > 0; over -= 1) {
    const slack = widths.map((width, at) => width - (least[at] as number));
    const widest = slack.indexOf(Math.max(...slack));
    widths[widest] = (widths[widest] as number) - 1;
  }
  return widths;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
