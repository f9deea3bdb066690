/** What an order that is collected by appointment waits for, in words. */
import type { Appointment } from '../../../domain/appointments/appointment.ts';
import type { OrderLowLevelStatus } from '../../../domain/orders/status.ts';
import { momentsIn, type Wait } from '../../journey/waits.ts';

/** An appointment that has to be confirmed or made anew; undefined in any other status. @param until Milliseconds since 1970. */
export function waitForAppointment(status: OrderLowLevelStatus, until: number): Wait | undefined {
  switch (status) {
    case 'appointment_pending':
      return {
        what: 'the provider to confirm the appointment',
        until,
        toDo: 'If there is no confirmation, ask the provider.',
      };
    case 'appointment_cancelled':
      return { what: 'another appointment', until, toDo: 'Nothing: the patient or the caller has to book again.' };
    default:
      return undefined;
  }
}

/** A visit at the patient's home. @param until When results are awaited no longer, in milliseconds since 1970. */
export const waitForVisit = (appointment: Appointment | null, until: number): Wait => ({
  what: visitOf(appointment),
  until,
  toDo: 'If it is over and the provider has not reported it, ask the provider what happened.',
});

/** The provider's word, when the lab was quicker. @param from When the report is taken for it; undefined where it is not (G2). */
export function waitForDraw(from: number | undefined): Wait {
  const what = 'the provider to report the draw; the lab has already reported';
  return from === undefined
    ? { what, toDo: 'Ask the provider what happened to the visit: the report does not prove that it took place.' }
    : {
        what: `${what}, and its report will then count as proof`,
        until: from,
        toDo: 'Nothing: the report proves that the visit took place.',
      };
}

/** A visit that outlives its order. */
export const waitForVisitAfterOrder = (appointment: Appointment, until: number): Required<Wait> => ({
  what: `${visitOf(appointment)}, which is still booked`,
  until,
  toDo: 'Nothing. The caller can cancel it if it should not take place.',
});

/** "the visit on Nov 27, 06:30 MST" */
const visitOf = (appointment: Appointment | null) =>
  appointment?.start_at
    ? `the visit on ${momentsIn(appointment.time_zone ?? 'UTC')(Date.parse(appointment.start_at))}`
    : 'the visit';
