/** What Temporal UI shows of a journey, in Markdown: ids and codes, no personal data. */
import type { Order } from '../domain/order.ts';
import { fullStatus } from '../domain/status.ts';
import type { JourneyState } from './messages.ts';

/** The journey on one card: where the order is, what it waits for, what went wrong, and how it came here. */
export function journeyDetails(order: Order, state: JourneyState): string {
  const latest = state.events.at(-1);
  const status = latest ? fullStatus(order.collection_method, latest.status) : state.status;
  const lines = [
    `**Status:** \`${status}\`${latest ? ` since ${latest.created_at}` : ''}`,
    '',
    `**Waits for:** ${state.waiting_for}`,
    '',
    `**Requisition:** \`${order.placer_order_number}\` at ${order.lab_slug} (${order.origin}, ${order.collection_method})`,
  ];
  if (state.missing_results.length > 0 && state.reports_taken.length > 0) {
    lines.push('', `**Not reported:** ${state.missing_results.length} of the expected results`);
  }
  if (state.cancel_requested) lines.push('', '**Cancellation requested**');
  for (const trouble of state.troubles) lines.push('', `**Needs a look:** ${trouble}`);
  if (state.events.length > 0) {
    lines.push('', '| event | status | at | why |', '|---|---|---|---|');
    for (const event of state.events) {
      const why = [event.status_detail, event.reason].filter((part) => part !== null).join(': ');
      lines.push(`| ${event.number} | ${event.status} | ${event.created_at} | ${why.replaceAll('|', '/')} |`);
    }
  }
  return lines.join('\n');
}
