/** Temporal's clock, which says the same in every replay. */

/** Milliseconds since 1970. */
// biome-ignore lint/plugin: Temporal's clock.
export const now = (): number => Date.now();

/** The same as an ISO instant. */
export const isoNow = (): string => new Date(now()).toISOString();
