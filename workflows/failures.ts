/** What lies at the bottom of a failure. */

/** The innermost message of a failure: what the lab or the server really said. */
export function rootMessage(failure: unknown): string {
  let current = failure;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  return current instanceof Error ? current.message : String(current);
}
