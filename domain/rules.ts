/**
 * The rules by which journeys decide, numbered. A journey is given today's number when it starts and keeps it to its end,
 * redraw included, so that a changed rule never contradicts what an open journey has decided already (docs/decisions/0005).
 */

/**
 * What journeys start with.
 * - 1: the rules of journeys whose input names none.
 * - 2: each undo and message runs to its own end; a report can show that the draw took place; finality looks at results
 *   wherever they stand; who goes to a service center and has no SMS is mailed about the appointment.
 * - 3: an order that is not scheduled is checked in the step that opens it.
 */
export const TODAYS_RULES = 3;

/** The number of a journey's rules. @param rules As its input has it; absent in journeys from before rules had numbers. */
export const rulesOf = (rules: number | undefined): number => rules ?? 1;
