/** What an operator reads: tables, or JSON for a program. */
import Table from 'cli-table3';

/** Where output goes, and in which form. */
export interface Output {
  /** Rows as a table, or as a JSON array. */
  list(rows: readonly Record<string, unknown>[], none: string): void;
  /** One thing, field by field, or as a JSON object. */
  show(thing: Record<string, unknown>): void;
  /** What was done, in words; `result` is what `--json` prints instead. */
  done(words: string, result: Record<string, unknown>): void;
}

const plain = {
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  style: { head: [], border: [], compact: true },
};

function cell(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (Array.isArray(value)) return value.map(cell).join(', ') || '–';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Writes to standard output. */
export function output(json: boolean, write: (text: string) => void): Output {
  const print = (value: unknown) => write(`${JSON.stringify(value, null, 2)}\n`);
  return {
    list(rows, none) {
      if (json) return print(rows);
      const [first] = rows;
      if (!first) return write(`${none}\n`);
      const table = new Table({ head: Object.keys(first), ...plain });
      table.push(...rows.map((row) => Object.values(row).map(cell)));
      write(`${table}\n`);
    },
    show(thing) {
      if (json) return print(thing);
      const table = new Table(plain);
      table.push(...Object.entries(thing).map(([name, value]) => ({ [name]: cell(value) })));
      write(`${table}\n`);
    },
    done(words, result) {
      if (json) print(result);
      else write(`${words}\n`);
    },
  };
}
