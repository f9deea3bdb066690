/** What `npm start` shows: one line for each part. */
import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { StartScreen } from '../../local/parts/start-screen.ts';

/** A stream that keeps what is written; with a width it is a terminal. */
function stream(columns?: number) {
  const written: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  return { written, stream: Object.assign(sink, { isTTY: columns !== undefined, columns }) as never };
}

/** What stands on a terminal after everything that was written to it. */
function shownOn(written: readonly string[]): string[] {
  const rows: string[] = [''];
  let row = 0;
  let column = 0;
  for (const [, up, back, erase, eraseBelow, other, text] of written
    .join('')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal is spoken to in control characters
    .matchAll(/\x1b\[(\d*)A|\x1b\[(\d*)G|\x1b\[([02]?)K|\x1b\[([02]?)J|(\x1b\[[?\d;]*[a-zA-Z])|([^\x1b])/g)) {
    if (up !== undefined) row = Math.max(0, row - Number(up || 1));
    else if (back !== undefined) column = Number(back || 1) - 1;
    else if (erase !== undefined) rows[row] = erase === '2' ? '' : (rows[row] ?? '').slice(0, column);
    else if (eraseBelow !== undefined) rows.splice(row + 1);
    else if (text === '\n') {
      row += 1;
      column = 0;
      rows[row] ??= '';
    } else if (text !== undefined) {
      rows[row] = (rows[row] ?? '').slice(0, column).padEnd(column) + text;
      column += 1;
    } else if (other === undefined) throw new Error('unread');
  }
  return rows.filter((line) => line !== '');
}

describe('npm start', () => {
  test('shows one line a part on a terminal, in place, with what takes long; notes stay above', () => {
    const { written, stream: terminal } = stream(80);
    const screen = new StartScreen(terminal);
    const [mongodb, temporal] = [screen.part('MongoDB'), screen.part('Temporal')];
    mongodb.doing('downloading 42 MB, once');
    expect(shownOn(written)).toEqual([
      expect.stringMatching(/· MongoDB +downloading 42 MB, once …$/),
      expect.stringMatching(/· Temporal +starting …$/),
    ]);
    screen.note('Something to know.');
    temporal.ready('127.0.0.1:7233');
    mongodb.ready('127.0.0.1:27017');
    screen.end();
    screen.note('After the start.');
    expect(shownOn(written)).toEqual([
      'Something to know.',
      expect.stringMatching(/✔ MongoDB +127\.0\.0\.1:27017$/),
      expect.stringMatching(/✔ Temporal +127\.0\.0\.1:7233$/),
      'After the start.',
    ]);
  });

  test('is not wider than the terminal', () => {
    const { written, stream: terminal } = stream(30);
    const screen = new StartScreen(terminal);
    screen.part('MongoDB').ready('a very long address that would be wrapped');
    screen.end();
    expect(shownOn(written)).toHaveLength(1);
    expect(shownOn(written)[0]?.length).toBeLessThanOrEqual(30);
  });

  test('says elsewhere what takes long and what is ready, without control characters', () => {
    const { written, stream: file } = stream();
    const screen = new StartScreen(file);
    const part = screen.part('Temporal');
    part.doing('building with Go, which takes several minutes the first time');
    part.ready('127.0.0.1:7233');
    screen.end();
    const text = written.join('');
    expect(text).toBe(stripVTControlCharacters(text));
    expect(text.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/Temporal +building with Go, which takes several minutes the first time …/),
      expect.stringMatching(/Temporal +127\.0\.0\.1:7233/),
    ]);
  });
});
