/**
 * One patient has at most one active appointment with one phlebotomy provider, across all of the patient's orders in the
 * team (C2). A claim is one row that only one appointment can hold, so of two bookings at once exactly one goes on.
 */
import { blocksBooking } from '../../domain/appointments/appointment.ts';
import type { ArrangeVisit } from '../../domain/appointments/appointment-command.ts';
import { collectionOf } from '../collections/define.ts';
import { insert } from '../collections/write.ts';
import { isDuplicateKey } from '../duplicate-key.ts';
import type { Store } from '../open.ts';

/** Whose appointment it is to be, and with whom. */
export interface Claim {
  appointment_id: string;
  order_id: string;
  team_id: string;
  user_id: string;
  provider: string;
  /** The booking it is claimed for; absent for one that is made already. */
  command?: ArrangeVisit;
}

/**
 * Claims the patient for an appointment, before the provider is asked. Claiming again for the same appointment is fine.
 * @returns false when another appointment is in the way: an active one that is not overdue, or one being booked.
 */
export async function claimPatient(
  store: Store,
  { appointment_id, order_id, command, ...who }: Claim,
  now: Date,
): Promise<boolean> {
  const _id = [who.team_id, who.user_id, who.provider].join(':');
  const claim = { appointment_id, order_id, claimed_at: now, ...(command && { command }) };
  try {
    await insert(store.appointmentClaims, { _id, ...claim });
    return true;
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
  const held = await collectionOf(store.appointmentClaims).findOne({ _id });
  if (!held) return claimPatient(store, { appointment_id, order_id, ...who, ...(command && { command }) }, now);
  if (held.appointment_id === appointment_id) return true;
  const other = await store.appointments.findById(held.appointment_id).lean();
  if (!other || blocksBooking(other, now)) return false;
  const taken = await collectionOf(store.appointmentClaims).updateOne(
    { _id, appointment_id: held.appointment_id },
    { $set: claim },
  );
  return taken.modifiedCount === 1;
}

/** Gives the claim back; one that another appointment holds by now stays. */
export async function releasePatient(store: Store, appointmentId: string): Promise<void> {
  await collectionOf(store.appointmentClaims).deleteMany({ appointment_id: appointmentId });
}
