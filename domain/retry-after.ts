/** `Retry-After`, the header with which a server asks to be left alone. */

/** How long it asks for, seconds or an HTTP date, in milliseconds from `now`; null when it is absent or unreadable. */
export function retryAfterMs(header: string | null, now: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? null : Math.max(0, instant - now);
}
