/** Who is written to about an order: the patient, or for a minor the guardian (G6). */
import { ageOn, todayIn } from '../calendar.ts';
import type { Order } from '../orders/order.ts';

const OF_AGE = 18;

/** The one who reads a message. */
export interface Recipient {
  first_name: string;
  last_name: string;
  email: string;
  phone_number: string;
  /** First name of the minor whom the guardian is written to about; null where the patient is the reader. */
  guardian_of: string | null;
}

/** As much of an order as decides who is written to. */
type Addressed = Pick<Order, 'patient'> & { options: Pick<Order['options'], 'time_zone'> };

/**
 * Who is written to about an order at that instant. A minor's guardian is addressed by name, at the patient's address
 * where the guardian has given none.
 * @param now When the message is sent: who comes of age meanwhile reads the next one (F2).
 */
export function recipientOf(order: Addressed, now: Date): Recipient {
  const { first_name, last_name, email, phone_number, medical_proxy: guardian } = order.patient;
  if (!guardian || !isMinor(order, now)) return { first_name, last_name, email, phone_number, guardian_of: null };
  return {
    first_name: guardian.first_name,
    last_name: guardian.last_name,
    email: guardian.email ?? email,
    phone_number: guardian.phone_number,
    guardian_of: first_name,
  };
}

/** Whether the patient is a minor on that day, in the team's time zone (F2). */
export function isMinor({ patient, options }: Addressed, now: Date): boolean {
  return ageOn(patient.dob, todayIn(options.time_zone, now)) < OF_AGE;
}
