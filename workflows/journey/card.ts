/**
 * Where a journey is, and why, for engineers: Temporal UI's current details, in Markdown, which can still be read after the
 * end; and the query. Ids and codes, no personal data in the details.
 */
import { setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { Order } from '../../domain/orders/order.ts';
import { fullStatus } from '../../domain/orders/status.ts';
import { now } from '../clock.ts';
import { type JourneyState, journeyState } from '../messages.ts';
import type { OrderHistory } from './order-history.ts';
import { momentsIn, type Wait } from './waits.ts';

/** How many troubles a journey carries over when it continues as new. */
const MOST_TROUBLES = 50;

/** What the journey's other parts tell. */
type Known = Omit<
  JourneyState,
  'order_id' | 'placer_order_number' | 'status' | 'waiting_for' | 'waits_until' | 'to_do' | 'events' | 'troubles'
>;

export class JourneyCard {
  readonly #order: Order;
  readonly #history: OrderHistory;
  readonly #known: () => Known;
  readonly #troubles: string[];
  #wait: Wait = { what: 'its first step' };

  /** @param troubles What was noted before the journey continued as new. */
  constructor(order: Order, history: OrderHistory, troubles: readonly string[], known: () => Known) {
    this.#order = order;
    this.#history = history;
    this.#troubles = [...troubles];
    this.#known = known;
  }

  /** Answers engineers from now on. */
  listen(): void {
    setHandler(journeyState, () => this.state());
  }

  /** Shows what the journey waits for. */
  describe(wait: Wait): void {
    this.#wait = wait;
    setCurrentDetails(journeyDetails(this.#order, this.state(), now()));
  }

  /** What the journey waits for, in words. */
  get waitingFor(): string {
    return this.#wait.what;
  }

  /** Shows something that a person must do. */
  trouble(message: string): void {
    this.#troubles.push(message);
    this.describe(this.#wait);
  }

  /** The latest of what a person must do. */
  get troubles(): string[] {
    return this.#troubles.slice(-MOST_TROUBLES);
  }

  /** Where the order is, and why. */
  state(): JourneyState {
    return {
      order_id: this.#order.id,
      placer_order_number: this.#order.placer_order_number,
      status: this.#history.events.length > 0 ? this.#history.status : 'not recorded yet',
      waiting_for: this.#wait.what,
      waits_until: isoOf(this.#wait.until),
      to_do: this.#wait.toDo ?? null,
      events: this.#history.events,
      troubles: this.#troubles,
      ...this.#known(),
    };
  }
}

const isoOf = (instant: number | undefined) =>
  instant !== undefined && Number.isFinite(instant) ? new Date(instant).toISOString() : null;

/**
 * The journey on one card: where the order is, what it waits for and until when, what a person should do, and how it came
 * here, newest first. Times are the team's.
 * @param now Milliseconds since 1970.
 */
function journeyDetails(order: Order, state: JourneyState, now: number): string {
  const { time_zone } = order.options;
  const momentOf = momentsIn(time_zone, now);
  const at = (instant: string) => momentOf(Date.parse(instant));
  const latest = state.events.at(-1);
  const status = latest ? fullStatus(order.collection_method, latest.status) : state.status;
  const lines = [
    `**Status:** \`${status}\`${latest ? ` since ${at(latest.created_at)}` : ''}`,
    '',
    `**Waiting for:** ${state.waiting_for}${state.waits_until ? `, until ${at(state.waits_until)} at the latest` : ''}`,
  ];
  if (state.to_do) lines.push('', `**What to do:** ${state.to_do}`);
  for (const failure of state.failed.toReversed()) lines.push('', `**Action needed:** ${failure}`);
  const noted = state.troubles.filter((trouble) => !state.failed.includes(trouble));
  for (const trouble of noted.toReversed()) lines.push('', `**Please check:** ${trouble}`);
  if (state.cancel_requested) lines.push('', '**Cancellation requested**');
  if (state.under_way.length > 0) lines.push('', '**In progress:**', ...state.under_way.map((deed) => `- ${deed}`));
  lines.push(
    '',
    `**Requisition:** \`${order.placer_order_number}\` at ${order.lab_slug} (${order.origin}, ${order.collection_method})`,
  );
  if (state.missing_results.length > 0 && state.reports_taken.length > 0) {
    lines.push('', `**Not reported:** ${state.missing_results.length} of the expected results`);
  }
  if (state.events.length > 0) {
    lines.push('', '| event | status | at | why |', '|---|---|---|---|');
    for (const event of state.events.toReversed()) {
      const why = [event.status_detail, event.reason].filter((part) => part !== null).join(': ');
      lines.push(`| ${event.number} | ${event.status} | ${at(event.created_at)} | ${why.replaceAll('|', '/')} |`);
    }
  }
  return lines.join('\n');
}
