/** Walking in at a laboratory's service center, with an appointment or without. Nobody reports the draw. */
import type { BackgroundTask } from '../journey/background-tasks.ts';
import { type Wait, waitForDrawAndResults } from '../journey/waits.ts';
import { ByAppointment } from './appointments/by-appointment.ts';

export class WalkIn extends ByAppointment {
  protected override waitsForDraw(until: number): Wait {
    return waitForDrawAndResults(this.journey.order, until);
  }

  /** A service center's appointment is left alone once there is a requisition to go there with (F7). */
  override orderCancelled(): BackgroundTask | null {
    if (this.journey.history.has('requisition_created')) return null;
    return this.withdrawal('The order was canceled', 'order_cancelled');
  }
}
