/** An appointment's life: its statuses, which may follow which, and what they do to the order. The only place that says so. */
import type { CollectionMethod, OrderLowLevelStatus } from '../orders/status.ts';
import { mayFollow } from '../orders/transitions.ts';

export const APPOINTMENT_STATUSES = [
  'pending',
  'reserved',
  'scheduled',
  'in_progress',
  'completed',
  'cancelled',
] as const;
/** The status that drives an appointment; `event_status` for API callers. */
export type AppointmentEventStatus = (typeof APPOINTMENT_STATUSES)[number];

/** The same as API callers read it in `status`. */
export type AppointmentStatus = Exclude<AppointmentEventStatus, 'scheduled'> | 'confirmed';

export const APPOINTMENT_PROVIDERS = ['getlabs', 'phlebfinders', 'quest'] as const;
/** A provider that draws blood by appointment. */
export type AppointmentProvider = (typeof APPOINTMENT_PROVIDERS)[number];

export const PLACE_LISTERS = ['labcorp', 'bioreference'] as const;
/** A laboratory that tells where its service centers are and takes no appointments: patients walk in. */
export type PlaceLister = (typeof PLACE_LISTERS)[number];

/** Whether the phlebotomist comes to the patient, or the patient to a service center. */
export type AppointmentType = 'phlebotomy' | 'patient_service_center';

/** The ways of collecting for which the patient books an appointment, or can. */
export const BOOKED_BY_PATIENTS: readonly CollectionMethod[] = ['at_home_phlebotomy', 'walk_in_test'];

/** What sort of visit each provider makes. */
export const PROVIDER_TYPES: Readonly<Record<AppointmentProvider, AppointmentType>> = {
  getlabs: 'phlebotomy',
  phlebfinders: 'phlebotomy',
  quest: 'patient_service_center',
};

/** The provider that books a laboratory's service centers: it has the laboratory's name; undefined where there is none. */
export function providerOfLab(lab: string): AppointmentProvider | undefined {
  return APPOINTMENT_PROVIDERS.find(
    (provider) => provider === lab && PROVIDER_TYPES[provider] === 'patient_service_center',
  );
}

export const SERVICE_TYPES = ['appointment-ready', 'appointment-request'] as const;
/** Whether the patient picks a slot and has it, or the provider finds the time. */
export type ServiceType = (typeof SERVICE_TYPES)[number];

/** How each provider is booked. */
export const PROVIDER_TIERS: Readonly<Record<AppointmentProvider, ServiceType>> = {
  getlabs: 'appointment-ready',
  phlebfinders: 'appointment-request',
  quest: 'appointment-ready',
};

/** An address in the United States, with how to reach the place (B1). */
export interface UsAddress {
  first_line: string;
  second_line: string | null;
  city: string;
  /** Two-letter state code. */
  state: string;
  /** `12345` or `12345-6789`. */
  zip_code: string;
  access_notes: string | null;
}

/**
 * How to reach a visit (B1): what its own address says, else what the order says (C3); nothing of a service center.
 * @param ofOrder The access notes of the order's address.
 */
export function accessNotesFor(address: UsAddress, site_code: string | null, ofOrder: string | null): string | null {
  return site_code === null ? (address.access_notes ?? ofOrder) : null;
}

/** In degrees. */
export interface LngLat {
  lng: number;
  lat: number;
}

/** One entry of an appointment's append-only history. */
export interface AppointmentEvent {
  /** 1, 2, 3 … within the appointment. */
  number: number;
  status: AppointmentEventStatus;
  /** When we recorded it; ISO instant. */
  created_at: string;
  /** When it happened: the provider's word for what it told us, the instant at which we asked for what we did. ISO instant. */
  occurred_at: string;
  /** What a caller is told besides, such as `is_reschedule`; null when nothing. */
  data: Record<string, unknown> | null;
}

/** A visit to the patient, or of the patient. Instants are ISO, in UTC. */
export interface Appointment {
  id: string;
  order_id: string;
  transaction_id: string;
  team_id: string;
  user_id: string;
  provider: AppointmentProvider;
  type: AppointmentType;
  status: AppointmentEventStatus;
  /** Null until there is a time. */
  start_at: string | null;
  end_at: string | null;
  /** IANA zone of the place; null while the provider has not named it. */
  time_zone: string | null;
  /** Where it takes place: the patient's address, or the service center's (C3). */
  address: UsAddress;
  location: LngLat;
  /** For this appointment, replaceable at every reschedule (B2). */
  appointment_notes: string | null;
  /** The number that the patient shows or says. */
  external_id: string | null;
  /** The provider's id; null until it has answered. */
  provider_appointment_id: string | null;
  site_code: string | null;
  can_reschedule: boolean;
  events: AppointmentEvent[];
}

const TRANSITIONS: Record<AppointmentEventStatus, readonly AppointmentEventStatus[]> = {
  pending: ['reserved', 'scheduled', 'cancelled'],
  reserved: ['scheduled', 'cancelled'],
  // To itself by rescheduling; to its end directly, as not every provider says when a visit begins.
  scheduled: ['scheduled', 'in_progress', 'completed', 'cancelled'],
  in_progress: ['completed', 'cancelled'],
  completed: [],
  cancelled: [],
};

const FIRST: readonly AppointmentEventStatus[] = ['pending', 'reserved', 'scheduled'];

/** Whether an appointment may go from one status to another; `null` is the status of one that is just being made. */
export function mayMove(from: AppointmentEventStatus | null, to: AppointmentEventStatus): boolean {
  return (from === null ? FIRST : TRANSITIONS[from]).includes(to);
}

/** `scheduled` is `confirmed` for API callers; every other status has one name. */
export function providerStatus(status: AppointmentEventStatus): AppointmentStatus {
  return status === 'scheduled' ? 'confirmed' : status;
}

const AWAITED = ['appointment_pending'] as const;
const BOOKED = ['appointment_pending', 'appointment_scheduled'] as const;
const DATED = ['appointment_scheduled'] as const;
const WITHDRAWN = ['appointment_cancelled'] as const;

/** The statuses that an order takes on, by the appointment's new status and the order's own; nothing where none is named. */
const EFFECTS: Record<AppointmentEventStatus, Partial<Record<OrderLowLevelStatus, readonly OrderLowLevelStatus[]>>> = {
  pending: { requisition_created: AWAITED, requisition_bypassed: AWAITED, appointment_cancelled: AWAITED },
  reserved: { requisition_created: AWAITED, requisition_bypassed: AWAITED, appointment_cancelled: AWAITED },
  scheduled: {
    requisition_created: BOOKED,
    requisition_bypassed: BOOKED,
    appointment_cancelled: BOOKED,
    appointment_pending: DATED,
    appointment_scheduled: DATED,
  },
  in_progress: {},
  completed: { appointment_scheduled: ['draw_completed'] },
  cancelled: { appointment_pending: WITHDRAWN, appointment_scheduled: WITHDRAWN },
};

/**
 * The statuses that an order takes on, one after the other, when its appointment has come to a status; also when the
 * requisition arrives and there is an appointment already. What the collection method does not know is left out: an
 * order that is drawn at a service center has no `draw_completed`.
 */
export function orderStatusesAfter(
  appointment: AppointmentEventStatus,
  order: OrderLowLevelStatus,
  method: CollectionMethod,
): OrderLowLevelStatus[] {
  const steps: OrderLowLevelStatus[] = [];
  for (const step of EFFECTS[appointment][order] ?? []) {
    if (!mayFollow(method, steps.at(-1) ?? order, step)) break;
    steps.push(step);
  }
  return steps;
}

/**
 * The statuses that an order takes on when a visit turns out to have taken place that was over for us: those that were
 * skipped, and then the draw. None where the order has been drawn, has ended, or knows no draw.
 */
export function orderStatusesToDraw(order: OrderLowLevelStatus, method: CollectionMethod): OrderLowLevelStatus[] {
  const booked = order === 'appointment_scheduled' ? [] : orderStatusesAfter('scheduled', order, method);
  const drawn = orderStatusesAfter('completed', booked.at(-1) ?? order, method);
  return drawn.length > 0 ? [...booked, ...drawn] : [];
}

/** Whether the appointment is neither over nor called off. */
export function isActive({ status }: Pick<Appointment, 'status'>): boolean {
  return TRANSITIONS[status].length > 0;
}

/** How long after its end a visit is given to be reported, in milliseconds (C2). */
const REPORTED_WITHIN = 3 * 24 * 60 * 60 * 1000;

/** The origin of a cancellation that nobody asked for: another visit was booked in an overdue one's place. */
export const OVERDUE = 'overdue';

/** The origin of a completion that the provider never told of: a report of the laboratory shows it (G2). */
export const SHOWN_BY_LAB = 'lab';

/** Whether a provider says that a visit did not take place of which the laboratory has results. */
export function contradictsTheLab(
  { status, events }: Pick<Appointment, 'status' | 'events'>,
  report: Pick<AppointmentReport, 'status'>,
): boolean {
  const isShown = status === 'completed' && events.at(-1)?.data?.origin === SHOWN_BY_LAB;
  return isShown && report.status === 'cancelled';
}

/** When an active appointment will be overdue, as milliseconds since 1970; `Infinity` without a time. */
export function overdueFrom({ end_at }: Pick<Appointment, 'end_at'>): number {
  return end_at === null ? Number.POSITIVE_INFINITY : Date.parse(end_at) + REPORTED_WITHIN;
}

/** Whether the visit should long be over and nobody has said what became of it (C2). */
export function isOverdue(appointment: Pick<Appointment, 'status' | 'end_at'>, now: Date): boolean {
  return isActive(appointment) && now.getTime() >= overdueFrom(appointment);
}

/** Whether the patient can have no other appointment with that provider meanwhile (C2). */
export function blocksBooking(appointment: Pick<Appointment, 'status' | 'end_at'>, now: Date): boolean {
  return isActive(appointment) && !isOverdue(appointment, now);
}

/** What a visit is. */
type VisitFacts = Pick<
  Appointment,
  'status' | 'start_at' | 'end_at' | 'time_zone' | 'external_id' | 'provider_appointment_id' | 'site_code'
>;

/** What a visit is, as the provider has it. */
export interface ArrangedVisit extends VisitFacts {
  /** When it last changed, by the provider's clock, as an ISO instant; null when the provider does not say. */
  changed_at: string | null;
}

/** What a provider says about an appointment, at a time of its own. */
export interface AppointmentReport extends VisitFacts {
  /** When it happened at the provider, as an ISO instant: decides between reports (docs/phlebotomy.md). */
  occurred_at: string;
  data: Record<string, unknown> | null;
}

/** A step of an appointment: what is true of it from then on. */
export type AppointmentMove = AppointmentReport;

/**
 * What a provider's report changes, step by step; nothing for a report that is late, comes again, says what is known, or
 * would lead out of the table. A report that skips statuses brings them along: `pending` and then `completed` was
 * `scheduled` in between.
 */
export function nextAfterEvents(
  appointment: VisitFacts & Pick<Appointment, 'events'>,
  report: AppointmentReport,
): AppointmentMove[] {
  const known = appointment.events.map(({ occurred_at }) => Date.parse(occurred_at));
  if (Date.parse(report.occurred_at) < Math.max(...known)) return [];

  const move: AppointmentMove = {
    ...report,
    start_at: report.start_at ?? appointment.start_at,
    end_at: report.end_at ?? appointment.end_at,
    time_zone: report.time_zone ?? appointment.time_zone,
    external_id: report.external_id ?? appointment.external_id,
    provider_appointment_id: report.provider_appointment_id ?? appointment.provider_appointment_id,
    site_code: report.site_code ?? appointment.site_code,
  };
  if (report.status === appointment.status) {
    const rescheduled = move.start_at !== appointment.start_at || move.end_at !== appointment.end_at;
    if (!rescheduled || !mayMove(appointment.status, report.status)) return [];
    return [{ ...move, data: { ...report.data, is_reschedule: true } }];
  }
  const path = wayTo(report.status, appointment.status);
  return path.map((status) => (status === report.status ? move : { ...move, status, data: null }));
}

/**
 * Whether what is held is the appointment that was to be recorded, or what later became of it: the same steps, at the
 * same time. If not, somebody else recorded something in its place.
 */
export function isSameStory(proposed: Appointment, held: Appointment): boolean {
  const { events, start_at } = proposed;
  const isSameStep = ({ status }: AppointmentEvent, index: number) => held.events[index]?.status === status;
  return events.every(isSameStep) && (held.events.length > events.length || held.start_at === start_at);
}

/** The shortest way through the table, without where it starts; empty when there is none. */
function wayTo(goal: AppointmentEventStatus, start: AppointmentEventStatus): AppointmentEventStatus[] {
  const ways: AppointmentEventStatus[][] = [[start]];
  const seen = new Set([start]);
  for (const way of ways) {
    const last = way.at(-1) ?? start;
    for (const next of TRANSITIONS[last]) {
      if (next === goal) return [...way.slice(1), next];
      if (!seen.has(next)) ways.push([...way, next]);
      seen.add(next);
    }
  }
  return [];
}
