/** Turns of two sides that are compared. */

/** Who is measured, and what it is measured against. */
export type Side = 'venule' | 'bare';

/** Both sides in the order in which they take turns: A B, B A, A B … */
export const inTurn = <Each>(pair: number, [a, b]: readonly [Each, Each]): readonly [Each, Each] =>
  pair % 2 === 0 ? [a, b] : [b, a];

/**
 * Has both sides take turns, A B B A A B …, so that a machine that grows slower (as the development server does with
 * every workflow in its file) slows both alike.
 * @param pairs How many turns each side gets.
 * @param turn One turn of a side.
 * @param told After each pair, with what came of it.
 * @returns What came of every turn of a side, in order.
 */
export async function takeTurns<Result>(
  pairs: number,
  turn: (side: Side) => Promise<Result>,
  told?: (latest: Record<Side, Result>, pair: number) => void,
): Promise<Record<Side, Result[]>> {
  const results: Record<Side, Result[]> = { venule: [], bare: [] };
  for (let pair = 0; pair < pairs; pair += 1) {
    const latest: Partial<Record<Side, Result>> = {};
    for (const side of inTurn<Side>(pair, ['venule', 'bare'])) {
      latest[side] = await turn(side);
      results[side].push(latest[side]);
    }
    told?.(latest as Record<Side, Result>, pair + 1);
  }
  return results;
}
