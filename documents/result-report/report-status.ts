/** How a result report stands: partial, final or corrected, and what has become of its orders. */
import type { OrderOrigin } from '../../domain/orders/status.ts';
import type { OrderResult } from '../../domain/results/results.ts';
import type { PageMark } from '../page/running.ts';
import { ALERT } from '../page/styles.ts';

/** One order that the report is about. */
export interface ReportedOrder {
  placer_order_number: string;
  origin: OrderOrigin;
  /** What has become of the redraw that followed it, in a report that leaves the redraw's own results out. */
  redraw?: 'open' | 'reported' | 'without_results' | null;
  /** How an order that has results ended without them: they were added to it (docs/decisions/0016). */
  ended_as?: 'canceled' | 'failed' | null;
  /** ISO instants; the sample's own times are printed where these are absent. */
  collected_at?: string | null;
  reported_at?: string | null;
}

/** As much of a report as says how it stands. */
interface Standing {
  result: Pick<OrderResult, 'metadata' | 'results'>;
  /** Oldest first. */
  orders: ReportedOrder[];
  corrected?: boolean;
}

/** The status in a word, and what it means for the reader. */
export function statusOf(content: Standing): [string, string] {
  const redraws = content.orders.map(({ redraw }) => redraw);
  if (content.corrected) {
    const more = redraws.includes('open') ? '; a redraw is in progress' : '';
    return ['CORRECTED', `Replaces what was reported before${more}`];
  }
  const word = content.result.metadata.status === 'partial' ? 'PARTIAL' : 'FINAL';
  const canceled = canceledSentence(content);
  if (canceled) return [word, canceled];
  if (word === 'PARTIAL') return [word, 'More results are expected'];
  if (redraws.includes('open')) return ['INITIAL', 'A redraw is in progress; more results are expected'];
  if (redraws.includes('reported')) return ['FINAL', 'Results of the redraw: see the combined report'];
  if (redraws.includes('without_results')) return ['FINAL', 'The redraw produced no results'];
  if (content.orders.some(({ ended_as }) => ended_as === 'failed')) {
    return ['FINAL', 'The order failed; no more results are expected'];
  }
  if (content.result.results.length === 0) return ['FINAL', 'The laboratory reported no results'];
  return ['FINAL', 'No more results are expected'];
}

/** The band of a report on what was canceled; nothing is written across the values, which are no less valid. */
export function canceledMarks(content: Standing): PageMark[] {
  const sentence = canceledSentence(content);
  return sentence ? [{ sentence: `CANCELED · ${sentence}`, color: ALERT }] : [];
}

/** That the laboratory reported on what was canceled; null where it did not. */
function canceledSentence({ orders }: Standing): string | null {
  const canceled = orders.filter(({ ended_as }) => ended_as === 'canceled');
  if (canceled.length === 0) return null;
  const which =
    canceled.length === orders.length
      ? 'The order'
      : `Requisition ${canceled.map(({ placer_order_number }) => placer_order_number).join(' and ')}`;
  return `${which} was canceled; the laboratory reported results anyway`;
}
