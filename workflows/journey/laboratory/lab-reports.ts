/** The laboratory's reports: they wait here until the journey comes to them. */
import { patched, setHandler } from '@temporalio/workflow';
import type { RecordedEvent } from '../../../domain/orders/order.ts';
import { redrawFor, statusDetailOf } from '../../../domain/orders/redraw.ts';
import {
  advance,
  anythingReported,
  isFinal,
  missingResults,
  noProgress,
  type ReportDigest,
  type ReportProgress,
} from '../../../domain/results/report-progress.ts';
import { reportArrived, reportReadAnew } from '../../messages.ts';
import type { JourneyContext } from '../context.ts';
import type { Decision } from '../event-log.ts';
import type { JourneyMemory, NewReading } from '../memory.ts';
import { writeToStore } from '../write-to-store.ts';

export class LabReports {
  readonly #journey: JourneyContext;
  #progress: ReportProgress;
  readonly #taken: Set<string>;
  #waiting: ReportDigest[];
  #readAnew: NewReading[];

  constructor(journey: JourneyContext, memory: JourneyMemory | undefined) {
    this.#journey = journey;
    this.#progress = memory?.progress ?? noProgress();
    this.#taken = new Set(memory?.reports_taken);
    this.#waiting = memory?.reports_waiting ?? [];
    this.#readAnew = memory?.reports_read_anew ?? [];
  }

  /** Hears reports from now on. */
  listen(): void {
    setHandler(reportArrived, (report) => {
      const known = [...this.#taken, ...this.#waiting.map((waiting) => waiting.report_id)];
      if (!known.includes(report.report_id)) this.#waiting.push(report);
    });
    setHandler(reportReadAnew, (report, by) => void this.#readAnew.push({ report, by }));
  }

  /** Those that wait, oldest first. */
  get waiting(): readonly ReportDigest[] {
    return this.#waiting;
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whether anything was reported, taken in or not. */
  get areThere(): boolean {
    return this.isWaiting || this.#taken.size > 0;
  }

  /** Whether reports were read anew. Journeys of before may have gone on from there without hearing of it. */
  get isReadAnew(): boolean {
    return this.#readAnew.length > 0 && patched('reports-read-anew');
  }

  /**
   * Hears of the reports that were read anew: those that wait do so as they are read now, and so does one that was not known.
   * @returns the newest of those that were taken in already; undefined when there is none
   */
  hearNewReadings(): NewReading | undefined {
    const taken = this.#readAnew.filter(({ report }) => this.#taken.has(report.report_id));
    for (const { report } of this.#readAnew) {
      if (this.#taken.has(report.report_id)) continue;
      const at = this.#waiting.findIndex((waiting) => waiting.report_id === report.report_id);
      if (at < 0) this.#waiting.push(report);
      else this.#waiting[at] = report;
    }
    this.#readAnew = [];
    return taken.at(-1);
  }

  /**
   * What all reports that were taken in do to the order as they are read now (D4, D5, D7). What was decided stays.
   * @returns null when they say nothing new
   */
  async decisionAnew({ report, by }: NewReading): Promise<Decision | null> {
    const { order } = this.#journey;
    const { progress, says_anything_new } = await writeToStore('currentProgress', order.id);
    this.#progress = progress;
    const decision = this.#decisionBy(progress, report.report_id);
    return decision.status === 'partial_results' && !says_anything_new ? null : { ...decision, ...(by && { by }) };
  }

  /** What a report does to the order (D4, D5, D7). */
  decisionOn(report: ReportDigest): Decision {
    return this.#decisionBy(advance(this.#progress, report), report.report_id);
  }

  #decisionBy(progress: ReportProgress, report_id: string): Decision {
    const { order, rules } = this.#journey;
    if (!isFinal(progress, order.markers, rules)) return { status: 'partial_results', report_id };
    const missing = missingResults(progress, order.markers);
    const redraw_results = redrawFor(order, missing);
    if (redraw_results.length > 0) return { status: 'redraw_available', report_id, redraw_results };
    if (order.origin === 'initial' && !anythingReported(progress, rules)) {
      const status_detail = statusDetailOf(missing);
      return { status: 'sample_error', report_id, status_detail, reason: 'The lab could not report any result.' };
    }
    return { status: 'completed', report_id };
  }

  /** An event is recorded: the report that brought it about is taken in. */
  eventRecorded({ report_id }: RecordedEvent): void {
    const report = this.#waiting.find((waiting) => waiting.report_id === report_id);
    if (!report) return;
    this.#progress = advance(this.#progress, report);
    this.#taken.add(report.report_id);
    if (report.unknown_codes) this.#journey.trouble(unknownCodes(report.report_id, report.unknown_codes));
    this.#waiting = this.#waiting.filter((waiting) => waiting !== report);
  }

  /** Sets reports aside. They are not counted as taken: an operator may find their place and deliver them again (F5). */
  async setAside(): Promise<void> {
    const late = this.#waiting.map((report) => report.report_id);
    if (late.length === 0) return;
    await writeToStore('keepLateReports', late);
    this.#waiting = this.#waiting.filter((report) => !late.includes(report.report_id));
  }

  /** Has the store take in what was read anew when the order had ended. */
  async setAsideNewReadings(): Promise<void> {
    if (!this.isReadAnew) return;
    const readAnew = this.#readAnew.map(({ report }) => report.report_id);
    await writeToStore('keepLateReports', readAnew);
    this.#readAnew = this.#readAnew.slice(readAnew.length);
  }

  /** For an engineer who asks. */
  state() {
    return {
      reports_waiting: this.#waiting.map((report) => report.report_id),
      reports_taken: [...this.#taken],
      missing_results: missingResults(this.#progress, this.#journey.order.markers).map((missing) => missing.slug),
    };
  }

  memory(): Pick<JourneyMemory, 'progress' | 'reports_taken' | 'reports_waiting' | 'reports_read_anew'> {
    return {
      progress: this.#progress,
      reports_taken: [...this.#taken],
      reports_waiting: this.#waiting,
      ...(this.#readAnew.length > 0 && { reports_read_anew: this.#readAnew }),
    };
  }
}

const unknownCodes = (reportId: string, codes: readonly string[]) =>
  `Report ${reportId} has values with codes that are not in the catalog (${codes.join(', ')}). They are shown as received. Check whether an ordered result is among them: npm run admin -- inbox show ${reportId}`;
