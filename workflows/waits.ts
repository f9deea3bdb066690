/** What a journey waits for, in the words of Temporal UI: for what, until when, and what a person should do. */
import type { Appointment } from '../domain/appointment.ts';
import type { Order } from '../domain/order.ts';
import type { OrderLowLevelStatus } from '../domain/status.ts';

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
  toDo: `Nothing, while ${lab_slug} answers. If it is away, the pending activity submitOrder has its last words: see to its connection, and the order goes out by itself.`,
});

/** An order's next step once it has its requisition. @param until When the results are awaited no longer. */
export function waitForResults(
  order: Order,
  status: OrderLowLevelStatus,
  appointment: Appointment | null,
  until: number,
): Wait {
  const lateResults = `If they should have come by now, ask ${order.lab_slug}.`;
  switch (status) {
    case 'appointment_pending':
      return {
        what: 'the provider to confirm the appointment',
        until,
        toDo: 'If no confirmation comes, ask the provider.',
      };
    case 'appointment_scheduled':
      if (order.collection_method !== 'at_home_phlebotomy') break;
      return {
        what: visitOf(appointment),
        until,
        toDo: 'If it is over and the provider says nothing, ask the provider what became of it.',
      };
    case 'appointment_cancelled':
      return { what: 'another appointment', until, toDo: 'Nothing: the patient or the caller books again.' };
    case 'partial_results':
      return { what: 'the rest of the results', until, toDo: lateResults };
    case 'draw_completed':
      return { what: "the lab's results", until, toDo: lateResults };
  }
  return order.collection_method === 'at_home_phlebotomy'
    ? { what: 'an appointment', until, toDo: 'Nothing: the patient or the caller books.' }
    : { what: "the draw and the lab's results", until, toDo: lateResults };
}

/** The provider's word, when the lab was quicker. @param from When the report is taken for it; undefined where it is not (G2). */
export function waitForDraw(from: number | undefined): Wait {
  const what = 'the provider to say that the specimen was drawn; the lab has reported already';
  return from === undefined
    ? { what, toDo: 'Ask the provider what became of the visit: the report does not show that it took place.' }
    : {
        what: `${what}, and is believed then`,
        until: from,
        toDo: 'Nothing: the report shows that the visit took place.',
      };
}

/** What is being seen to after the order's end. */
export const WAIT_FOR_CONSEQUENCES: Wait = {
  what: 'what follows from its end',
  toDo: 'Nothing, while it is being tried; where it fails, the pending activities have the last words.',
};

/** A visit that outlives its order. */
export const waitForVisit = (appointment: Appointment, until: number): Wait => ({
  what: `${visitOf(appointment)}, which is still booked`,
  until,
  toDo: 'Nothing, unless it should not take place: the caller can cancel it.',
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
