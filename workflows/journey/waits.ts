/** What a journey waits for, in the words of Temporal UI: for what, until when, and what a person should do. */
import type { Order } from '../../domain/orders/order.ts';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';

export interface Wait {
  /** After "waits for". */
  what: string;
  /** When the journey goes on in any case; milliseconds since 1970. */
  until?: number;
  /** What a person should do, in whole sentences. */
  toDo?: string;
}

/** The laboratory's answer to the order message. @param until When it is given up. */
export const waitForLab = ({ lab_slug }: Order, until: number): Wait => ({
  what: `${lab_slug} to acknowledge the order`,
  until,
  toDo: `Nothing, as long as ${lab_slug} responds. If it does not, the pending activity submitOrder shows its last error: fix the connection, and the order is sent automatically.`,
});

/** The laboratory's reports, from the draw on; undefined before. @param until When results are awaited no longer. */
export function waitForResults(order: Order, status: OrderLowLevelStatus, until: number): Wait | undefined {
  if (status === 'partial_results') return { what: 'the rest of the results', until, toDo: lateResults(order) };
  if (status === 'draw_completed') return { what: "the lab's results", until, toDo: lateResults(order) };
  return undefined;
}

/** A draw that nobody reports. @param until When results are awaited no longer. */
export const waitForDrawAndResults = (order: Order, until: number): Wait => ({
  what: "the draw and the lab's results",
  until,
  toDo: lateResults(order),
});

const lateResults = ({ lab_slug }: Order) => `If they should have arrived by now, ask ${lab_slug}.`;

/** What is being seen to after the order's end. */
export const WAIT_FOR_CONSEQUENCES: Wait = {
  what: 'the tasks that follow from its end',
  toDo: 'Nothing, while they are being retried; if they fail, the pending activities show the last error.',
};

/** By zone, and whether they name the year: to make a format takes far longer than to use it. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(timeZone: string, namesYear: boolean): Intl.DateTimeFormat {
  const key = `${timeZone} ${namesYear}`;
  const known = formats.get(key);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short' },
    ...(namesYear && { year: 'numeric' }),
    hourCycle: 'h23',
  });
  formats.set(key, format);
  return format;
}

const yearOf = (at: number) => new Date(at).getUTCFullYear();

/**
 * "Nov 27, 06:30 MST", with the year where it is not this one, for as many instants as there are.
 * @param zone IANA zone. @param now Milliseconds since 1970.
 */
export function momentsIn(zone: string, now?: number): (instant: number) => string {
  return (instant) => formatFor(zone, now !== undefined && yearOf(now) !== yearOf(instant)).format(instant);
}
