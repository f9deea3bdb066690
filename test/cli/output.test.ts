/** What an operator reads: tables that fit the terminal. */
import { Named, output } from '../../cli/admin/output.ts';

const id = '7c1e5204-1111-4a4a-8b8b-0123456789ab';
const rows = Array.from({ length: 3 }, (_, at) => ({
  id,
  name: 'A laboratory with quite a long name',
  why: 'a sentence that says at some length why nothing came of it and what can be done',
  count: at,
}));

function written(columns: number | undefined, write: (out: ReturnType<typeof output>) => void, json = false): string {
  let text = '';
  write(output(json, (more) => (text += more), columns));
  return text;
}

test.each([200, 120, 100, 80, 60, 50])(
  'a table is no wider than a terminal of %d columns, and ids stay whole',
  (columns) => {
    for (const text of [
      written(columns, (out) => out.list(rows, 'none')),
      written(columns, (out) => out.show(rows[0] as object as Record<string, unknown>)),
    ]) {
      expect(text.split('\n').filter((line) => line.length > columns)).toEqual([]);
      expect(text).toContain(id);
      expect(text.replace(/[│\s]+/g, ' ')).toContain('nothing');
    }
  },
);

test('where there is no terminal, every row is one line', () => {
  const text = written(undefined, (out) => out.list(rows, 'none'));
  expect(text.split('\n').filter((line) => line.includes(id))).toHaveLength(3);
  expect(text).toContain(rows[0]?.why);
});

test('a name stands beside its id; a program reads the id', () => {
  const team = new Named(id, 'Desert Telehealth');
  expect(written(undefined, (out) => out.show({ team }))).toContain(`Desert Telehealth (${id})`);
  expect(JSON.parse(written(undefined, (out) => out.show({ team }), true))).toEqual({ team: id });
});
