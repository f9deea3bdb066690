/** `node scripts/draw-statuses.ts`: writes the tables and diagrams of docs/statuses.md from the tables in `domain/`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  COLLECTION_METHODS,
  LOW_LEVEL_STATUSES,
  type OrderLowLevelStatus,
  topLevelStatus,
} from '../domain/orders/status.ts';
import { isEnded, mayFollow } from '../domain/orders/transitions.ts';

const PAGE = join(import.meta.dirname, '../docs/statuses.md');
const MARKER = /(<!-- drawn -->)[\s\S]*?(<!-- \/drawn -->)/;

const MEANINGS: Record<OrderLowLevelStatus, string> = {
  ordered: 'Accepted. The order is checked and sent to the lab, and waits for the lab’s decision.',
  requisition_created: 'The lab has the order. The patient has the requisition and can be drawn.',
  requisition_bypassed: 'The lab needs no requisition.',
  awaiting_registration: 'A test kit waits for its user to register it.',
  registered: 'A test kit is registered.',
  appointment_pending: 'An appointment was requested; it does not have a time yet.',
  appointment_scheduled: 'The appointment has a time.',
  appointment_cancelled: 'The appointment was canceled; another can be booked.',
  draw_completed: 'The specimen was drawn and is on its way to the lab.',
  redraw_available:
    'The lab lost part of the specimen. The other results are available; a redraw order will bring the rest.',
  transit_customer: 'The test kit is on its way to the patient.',
  out_for_delivery: 'The test kit is out for delivery.',
  with_customer: 'The patient has the test kit.',
  transit_lab: 'The test kit is on its way to the lab.',
  problem_in_transit_customer: 'The carrier has a problem on the way to the patient.',
  problem_in_transit_lab: 'The carrier has a problem on the way to the lab.',
  delivered_to_lab: 'The lab has the test kit.',
  lab_processing_blocked: 'The lab needs something before it can continue.',
  partial_results: 'Some results are available; more are expected.',
  completed: 'The results are final.',
  corrected: 'The lab changed a result after the order was completed. Earlier versions remain available.',
  sample_error: 'The lab could not report anything; `status_detail` says why.',
  failure_to_deliver_to_customer: 'The test kit did not reach the patient.',
  failure_to_deliver_to_lab: 'The test kit did not reach the lab.',
  lost: 'The carrier lost the test kit.',
  cancelled: 'Canceled by a caller, a failed check, the lab, or a deadline; `reason` says which.',
  do_not_process: 'Withdrawn before the kit was sent.',
};

/** The generated part of docs/statuses.md. */
export function drawStatuses(): string {
  const rows = LOW_LEVEL_STATUSES.map((status) => {
    const methods = COLLECTION_METHODS.filter((method) => reachable(method).includes(status));
    const coarse = [...new Set(methods.map((method) => topLevelStatus(method, status)))];
    return `| \`${status}\` | ${coarse.map((each) => `\`${each}\``).join(', ')} | ${MEANINGS[status]} | ${methods.map((method) => `\`${method}\``).join(', ')} |`;
  });
  const drawings = COLLECTION_METHODS.map((method) => {
    const lines = reachable(method).flatMap((from) => [
      ...LOW_LEVEL_STATUSES.filter((to) => mayFollow(method, from, to)).map((to) => `  ${from} --> ${to}`),
      ...(isEnded(from, method) ? [`  ${from} --> [*]`] : []),
    ]);
    return `### \`${method}\`\n\n\`\`\`mermaid\nstateDiagram-v2\n  [*] --> ordered\n${lines.join('\n')}\n\`\`\``;
  });
  return [
    '| status | high-level status | meaning | collection methods |\n|---|---|---|---|',
    `${rows.join('\n')}\n\n## Allowed transitions\n\n${drawings.join('\n\n')}`,
  ].join('\n');
}

function reachable(method: (typeof COLLECTION_METHODS)[number]): OrderLowLevelStatus[] {
  const found: OrderLowLevelStatus[] = ['ordered', 'requisition_bypassed'];
  for (const from of found) {
    found.push(...LOW_LEVEL_STATUSES.filter((to) => mayFollow(method, from, to) && !found.includes(to)));
  }
  return LOW_LEVEL_STATUSES.filter((status) => found.includes(status));
}

/** The page as it should be. */
export const drawnPage = (page: string) =>
  page.replace(MARKER, (_, start, end) => `${start}\n\n${drawStatuses()}\n\n${end}`);

if (import.meta.main) writeFileSync(PAGE, drawnPage(readFileSync(PAGE, 'utf8')));
