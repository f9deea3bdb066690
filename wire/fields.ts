/** The kinds of value that most shapes on the wire are made of. */
import { z } from 'zod';

/** An instant, written in UTC: `2026-01-05T12:00:00.000Z`. */
export const instant = z.iso.datetime({ offset: true });

/** A calendar date, `YYYY-MM-DD`. */
export const calendarDate = z.iso.date();

/** In capitals or not, it is the same. */
export const uuid = z.uuid().toLowerCase();
