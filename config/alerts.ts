/** `VENULE_ALERTS`: from when on an operator is told of something that is silent, or waits (G9). */
import { z } from 'zod';
import { type AlertLimits, DEFAULT_ALERT_LIMITS } from '../domain/alerts.ts';

const amount = z.number().positive();
const hours = amount.nullable();

const given = z.strictObject({
  lab_silent_hours: z.union([hours, z.record(z.string(), hours)]).optional(),
  unacknowledged_minutes: amount.optional(),
  inbox_minutes: amount.optional(),
  outbox_minutes: amount.optional(),
  preliminary_days: amount.optional(),
  review_hours: amount.optional(),
});

/** The limits that a JSON text asks for, in place of the usual ones. */
export const alertLimits = z.string().transform((text, context): AlertLimits => {
  const read = given.safeParse(jsonIn(text));
  if (!read.success) {
    const [problem] = read.error.issues;
    const field = problem?.code === 'unrecognized_keys' ? problem.keys.join(', ') : problem?.path.join('.');
    context.addIssue(
      `a JSON object of positive numbers such as {"inbox_minutes": 15}${field ? `, which ${field} is not` : ''}`,
    );
    return z.NEVER;
  }
  const { lab_silent_hours, ...others } = read.data;
  return { ...DEFAULT_ALERT_LIMITS, ...others, lab_silent_hours: silence(lab_silent_hours) };
});

function silence(asked: z.infer<typeof given>['lab_silent_hours']): AlertLimits['lab_silent_hours'] {
  const usual = DEFAULT_ALERT_LIMITS.lab_silent_hours;
  if (asked === undefined) return usual;
  if (asked === null || typeof asked === 'number') return { default: asked, labs: {} };
  const { default: everyOther = usual.default, ...labs } = asked;
  return { default: everyOther, labs };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
