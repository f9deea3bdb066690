/** What the demo prints: a timeline, a table, and where to look next. At most 100 columns; NO_COLOR is honored. */
import { relative } from 'node:path';
import { styleText } from 'node:util';
import Table from 'cli-table3';
import type { Moment } from './heard-orders.ts';
import type { JourneyReport } from './journey.ts';

const WIDTH = 100;
const COLUMNS = { time: 12, who: 8, what: 21 };
const INDENT = 2 + COLUMNS.time + 2 + 2 + COLUMNS.who + 1 + COLUMNS.what + 1;

type Style = Parameters<typeof styleText>[0];

const STYLES: Record<Moment['who'], { mark: string; style: Style }> = {
  demo: { mark: '▸', style: 'dim' },
  initial: { mark: '●', style: 'cyan' },
  redraw: { mark: '◆', style: 'magenta' },
  mail: { mark: '✉', style: 'yellow' },
};

/** A line in the head of the demo. */
export function heading(text: string): string {
  return `\n${styleText('bold', text)}\n`;
}

/** Something said before the journey begins. */
export function aside(text: string): string {
  return styleText('dim', `  ${text.slice(0, WIDTH - 2)}`);
}

/** One moment of the timeline, on as many lines as its note takes. */
export function momentLines({ at, who, what, note }: Moment): string {
  const { mark, style } = STYLES[who];
  const [first = '', ...more] = wrap(note, WIDTH - INDENT);
  const time = `${at.toTimeString().slice(0, 8)}.${String(at.getMilliseconds()).padStart(3, '0')}`;
  const head = `${mark} ${(who === 'demo' ? '' : who).padEnd(COLUMNS.who)} ${what.padEnd(COLUMNS.what)}`;
  return [
    `  ${styleText('dim', time)}  ${styleText(style, head)} ${first}`,
    ...more.map((line) => `${' '.repeat(INDENT)}${line}`),
  ].join('\n');
}

/** The combined result, and that nothing is missing. */
export function resultTable({ results, lost, orders }: JourneyReport): string {
  const table = new Table({
    head: ['Marker', 'Value', 'Unit', 'Range', 'Flag', 'Sample'],
    colAligns: ['left', 'right', 'left', 'left', 'left', 'left'],
    chars: FRAME,
    style: { head: [], border: [], 'padding-left': 1, 'padding-right': 1, compact: true },
  });
  for (const { marker, value, unit, range, flag, sample } of results) {
    const style: Style = sample === 'redraw' ? STYLES.redraw.style : 'reset';
    const cell = (text: string) => (sample === 'redraw' ? styleText(style, text) : text);
    const row = [shorten(marker, 36), value, unit, range, flag && styleText('red', flag), sample];
    table.push(row.map(cell));
  }
  const redrawn = lost.length > 3 ? `${lost.length} of them` : lost.map(({ marker }) => marker).join(' and ');
  return [
    table.toString(),
    '',
    styleText(
      'green',
      `✔ No marker is missing: ${results.length} results from ${orders.length === 1 ? 'one sample' : `${orders.length} samples`}.`,
    ),
    ...(lost.length > 0 ? [`  ${redrawn} were lost in the first specimen and came with the redraw.`] : []),
  ].join('\n');
}

/** Names with their paths or addresses. */
export function directory(title: string, entries: [name: string, where: string][]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  const lines = entries.map(([name, where]) => `  ${name.padEnd(width)}  ${styleText('cyan', where)}`);
  return [styleText('bold', title), ...lines].join('\n');
}

/** A path as it is shortest from here. */
export function shortPath(path: string): string {
  const here = relative(process.cwd(), path);
  return here.startsWith('..') ? path : here;
}

const FRAME = {
  top: '─',
  'top-mid': '┬',
  'top-left': '┌',
  'top-right': '┐',
  bottom: '─',
  'bottom-mid': '┴',
  'bottom-left': '└',
  'bottom-right': '┘',
  left: '│',
  'left-mid': '├',
  mid: '─',
  'mid-mid': '┼',
  right: '│',
  'right-mid': '┤',
  middle: '│',
};

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
