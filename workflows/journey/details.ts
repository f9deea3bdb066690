/** What Temporal UI shows of a journey, in Markdown: ids and codes, no personal data. It can still be read after the end. */
import type { Order } from '../../domain/orders/order.ts';
import { fullStatus } from '../../domain/orders/status.ts';
import type { JourneyState } from '../messages.ts';
import { momentOf } from './waits.ts';

/**
 * The journey on one card: where the order is, what it waits for and until when, what a person should do, and how it came
 * here, newest first. Times are the team's.
 * @param now Milliseconds since 1970.
 */
export function journeyDetails(order: Order, state: JourneyState, now: number): string {
  const { time_zone } = order.options;
  const at = (instant: string) => momentOf(Date.parse(instant), time_zone, now);
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
