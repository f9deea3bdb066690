/** Text of several lines as laboratories send it, in which blanks may make columns. */
import { atOnce, Pace, type Steps } from './steps.ts';

/**
 * Lines as one text: without the blanks that end a line, the indent that all lines share, and blank lines around it. A
 * line that is indented further than others stays so.
 */
export const textOf = (lines: readonly string[]): string => atOnce(joiningLines(lines, new Pace()));

/** The same, in steps. */
export function* joiningLines(lines: readonly string[], pace: Pace): Steps<string> {
  const all: string[] = [];
  let first = 0;
  let end = 0;
  let shared: string | undefined;
  for (const line of lines) {
    for (const part of line.split('\n')) {
      const shown = part.trimEnd();
      all.push(shown);
      if (shown !== '') {
        if (end === 0) first = all.length - 1;
        end = all.length;
        const indent = shown.slice(0, shown.search(/\S/));
        shared = shared === undefined ? indent : commonStart(shared, indent);
      }
      if (pace.isTurnOver(part.length)) yield;
    }
  }
  const indent = shared?.length ?? 0;
  const text = all.slice(first, end);
  return (indent === 0 ? text : text.map((line) => line.slice(indent))).join('\n');
}

function commonStart(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return one.slice(0, length);
}
