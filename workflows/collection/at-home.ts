/** A phlebotomist's visit. The provider reports the draw; a report of the laboratory can show it, too (G2). */
import { drawInferredFrom, showsDraw } from '../../domain/results/draw-evidence.ts';
import type { ReportDigest } from '../../domain/results/report-progress.ts';
import type { BackgroundTask } from '../journey/background-tasks.ts';
import type { Wait } from '../journey/waits.ts';
import { ByAppointment } from './appointments/by-appointment.ts';
import { waitForDraw, waitForVisit } from './appointments/waits.ts';
import type { Admission } from './collection.ts';

export class AtHome extends ByAppointment {
  /** Reports wait until the phlebotomist has said that the specimen is drawn: the laboratory may have been quicker. */
  override admits(waiting: readonly ReportDigest[]): Admission {
    const { active } = this;
    const { rules, policy } = this.journey;
    if (!this.#isAwaitingDraw) return { reports: 'taken' };
    if (rules < 2 || !active) return { reports: 'held' };
    const believed_from = drawInferredFrom(active, policy);
    const isShown = waiting.some((report) => showsDraw(report, active));
    return isShown && Number.isFinite(believed_from) ? { reports: 'show_draw', believed_from } : { reports: 'held' };
  }

  get #isAwaitingDraw(): boolean {
    const { rules, history } = this.journey;
    if (rules < 2) return history.status === 'appointment_scheduled';
    const isBooked = history.status === 'appointment_scheduled' || history.status === 'appointment_pending';
    return this.active !== null && isBooked;
  }

  override waitsFor(waiting: readonly ReportDigest[], until: number): Wait {
    const admission = this.admits(waiting);
    const isHeldUp = admission.reports !== 'taken' && waiting.length > 0 && this.journey.rules >= 2;
    if (!isHeldUp) return super.waitsFor(waiting, until);
    return waitForDraw(admission.reports === 'show_draw' ? admission.believed_from : undefined);
  }

  protected override waitsForDraw(until: number): Wait {
    return this.journey.history.status === 'appointment_scheduled'
      ? waitForVisit(this.appointment, until)
      : { what: 'an appointment', until, toDo: 'Nothing: the patient or the caller has to book.' };
  }

  /** The visit goes with its order (F7). */
  override orderCancelled(): BackgroundTask {
    return this.withdrawal('The order was canceled', 'order_cancelled');
  }
}
