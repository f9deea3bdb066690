/** Why an order ends at its deadline (F1), in words. */
export const EXPIRY_REASONS = {
  cancelled: {
    nothing_came: 'The requisition expired: no results arrived in time.',
    set_aside: 'The requisition expired: no results could be accepted in time.',
  },
  completed: {
    nothing_came: 'The lab sent no further results in time.',
    set_aside: 'The lab sent no further results that could be accepted in time.',
  },
} as const;

/** Whether a reason names reports that were set aside: somebody has to look at them (G2). */
export const namesReportsAside = (reason: string): boolean =>
  Object.values(EXPIRY_REASONS).some(({ set_aside }) => reason.startsWith(set_aside));
