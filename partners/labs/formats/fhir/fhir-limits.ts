/** What a FHIR message may hold at most, counted before anything of it is read (docs/fhir.md). */
export const BUNDLE_LIMITS = {
  /** Resources in a Bundle. */
  entries: 10_000,
  /** Elements, of objects and lists on all levels together. */
  values: 500_000,
  /** The same of one entry, and of everything outside of the entries: so much is read at once. */
  values_at_once: 50_000,
  /** Levels of objects and lists. */
  levels: 40,
  /** Observations that are read, one that several reports name as often as they name it. */
  observations: 20_000,
} as const;

/** How many remarks about a report are kept, each with its place. */
export const NAMED_REMARKS = 20;
