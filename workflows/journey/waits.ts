/** What a journey waits for, in the words of Temporal UI: for what, until when, and what a person should do. */
import type { Appointment } from '../../domain/appointments/appointment.ts';
import type { Order } from '../../domain/orders/order.ts';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';

export interface Wait {
  /** After "waits for". */
  what: string;
  /** When the journey goes on in any case; milliseconds since 1970. */
  until?: number;
  /** What a person should do, in whole sentences. */
  toDo?: string;
}

/** The laboratory's answer to the order message. @param until When it is given up. */
export const waitForLab = ({ lab_slug }: Order, until: number): Wait => ({
  what: `${lab_slug} to acknowledge the order`,
  until,
  toDo: `Nothing, as long as ${lab_slug} responds. If it does not, the pending activity submitOrder shows its last error: fix the connection, and the order is sent automatically.`,
});

/** An order's next step once it has its requisition. @param until When the results are awaited no longer. */
export function waitForResults(
  order: Order,
  status: OrderLowLevelStatus,
  appointment: Appointment | null,
  until: number,
): Wait {
  const lateResults = `If they should have arrived by now, ask ${order.lab_slug}.`;
  switch (status) {
    case 'appointment_pending':
      return {
        what: 'the provider to confirm the appointment',
        until,
        toDo: 'If there is no confirmation, ask the provider.',
      };
    case 'appointment_scheduled':
      if (order.collection_method !== 'at_home_phlebotomy') break;
      return {
        what: visitOf(appointment),
        until,
        toDo: 'If it is over and the provider has not reported it, ask the provider what happened.',
      };
    case 'appointment_cancelled':
      return { what: 'another appointment', until, toDo: 'Nothing: the patient or the caller has to book again.' };
    case 'partial_results':
      return { what: 'the rest of the results', until, toDo: lateResults };
    case 'draw_completed':
      return { what: "the lab's results", until, toDo: lateResults };
  }
  return order.collection_method === 'at_home_phlebotomy'
    ? { what: 'an appointment', until, toDo: 'Nothing: the patient or the caller has to book.' }
    : { what: "the draw and the lab's results", until, toDo: lateResults };
}

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

/** What is being seen to after the order's end. */
export const WAIT_FOR_CONSEQUENCES: Wait = {
  what: 'the tasks that follow from its end',
  toDo: 'Nothing, while they are being retried; if they fail, the pending activities show the last error.',
};

/** A visit that outlives its order. */
export const waitForVisit = (appointment: Appointment, until: number): Wait => ({
  what: `${visitOf(appointment)}, which is still booked`,
  until,
  toDo: 'Nothing. The caller can cancel it if it should not take place.',
});

/** "the visit on Nov 27, 06:30 MST" */
const visitOf = (appointment: Appointment | null) =>
  appointment?.start_at
    ? `the visit on ${momentOf(Date.parse(appointment.start_at), appointment.time_zone ?? 'UTC')}`
    : 'the visit';

/** "Nov 27, 06:30 MST", with the year where it is not this one. @param zone IANA zone. @param now Milliseconds since 1970. */
export function momentOf(instant: number, zone: string, now?: number): string {
  const yearOf = (at: number) => new Date(at).getUTCFullYear();
  const isThisYear = now === undefined || yearOf(now) === yearOf(instant);
  return new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: zone, month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short' },
    ...(!isThisYear && { year: 'numeric' }),
    hourCycle: 'h23',
  }).format(instant);
}
