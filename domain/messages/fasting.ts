/** Fasting before a draw: whether an order needs it, and for how long (G6). */
import type { LabTest, Marker } from '../catalogue/catalogue.ts';

/** How long to fast, as it is said everywhere. */
export const FASTING_HOURS = '8 to 12 hours';

/** What the laboratory is told with a test that needs it (OBR-13). Sent back, it says nothing about the patient. */
export const FASTING_REQUIRED = 'FASTING';

/** The shorter end of it, in hours: who eats later than that before the draw has not fasted. */
export const LEAST_FASTING_HOURS = 8;

/** Whether the patient has to come fasting: for the lab test as a whole, or for one of its markers. */
export const fastingNeeded = (
  labTest: Pick<LabTest, 'fasting'>,
  markers: readonly Pick<Marker, 'fasting'>[],
): boolean => labTest.fasting || markers.some((marker) => marker.fasting);

/** By when the last meal has to be over. @param startAt Of the appointment, as an ISO instant; so is the answer. */
export function lastMealBefore(startAt: string): string {
  return new Date(Date.parse(startAt) - LEAST_FASTING_HOURS * 3_600_000).toISOString();
}

/** Whether somebody who has just eaten can still fast for an appointment. @param startAt Of it, as an ISO instant. */
export function canBeginToFast(startAt: string, now: Date): boolean {
  return now.getTime() <= Date.parse(lastMealBefore(startAt));
}
