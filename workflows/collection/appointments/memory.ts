/** What a journey carries over of its appointments when it continues as new or is started again. */
import type { Appointment } from '../../../domain/appointments/appointment.ts';
import type { ArrangeVisit, ProviderEvent } from '../../../domain/appointments/appointment-command.ts';
import type { Principal } from '../../../domain/principal.ts';

export interface BookingMemory {
  appointment: Appointment | null;
  reports_heard: string[];
  reports_waiting: VisitReport[];
  /** Absent where nothing was booked yet. */
  last_booking?: ArrangeVisit | null;
  /** Absent where the journey continued as new, which it does only when there is a requisition. */
  has_requisition?: boolean;
  /** Bookings that came to no answer before the journey was ended by hand. */
  unanswered?: ArrangeVisit[];
}

/** What a provider said, or what we know of it. */
export interface VisitReport
  extends Pick<ProviderEvent, 'appointment_id' | 'report'>,
    Partial<Pick<ProviderEvent, 'event_id'>> {
  /** Whose doing it is; the provider's where absent. */
  by?: Principal;
  /** What we know besides, if the report changes anything. */
  besides?: Besides;
  /** Tells a caller who waits; a journey with a caller that waits does not continue as new. */
  tell?: (recorded: Appointment) => void;
}

/** What a rescheduling changes and providers do not report. */
export type Besides = Pick<Appointment, 'address' | 'location' | 'appointment_notes'>;
