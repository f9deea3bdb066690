/** Text of several lines as laboratories send it, in which blanks may make columns. */

/**
 * Lines as one text: without the blanks that end a line, the indent that all lines share, and blank lines around it. A
 * line that is indented further than others stays so.
 */
export function textOf(lines: readonly string[]): string {
  const all = lines.flatMap((line) => line.split('\n')).map((line) => line.trimEnd());
  const shown = all.slice(
    all.findIndex((line) => line !== ''),
    all.findLastIndex((line) => line !== '') + 1,
  );
  const indents = shown.filter((line) => line !== '').map((line) => line.slice(0, line.search(/\S/)));
  const shared = indents.reduce((one, other) => commonStart(one, other), indents[0] ?? '');
  return shown.map((line) => line.slice(shared.length)).join('\n');
}

function commonStart(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return one.slice(0, length);
}
