/** What the booking page says: where the patient stands, in words, and why an appointment can be cancelled. */
import type { Appointment, AppointmentType } from '../../../domain/appointments/appointment.ts';
import { findCancellationReason } from '../../../domain/orders/cancellation-reasons.ts';
import type { OrderTopLevelStatus } from '../../../domain/orders/status.ts';

/** The reasons that a patient may have, the likeliest first. */
const REASONS: readonly (readonly [id: string, words: string])[] = [
  ['7248f775-e951-427f-af74-073254aac495', 'The time no longer works for me'],
  ['567a4ca4-a15b-4aa9-9856-710115713ebe', 'I did not fast'],
  ['d6690f82-4a6a-4b31-94cb-648816b24e97', 'I already went to a laboratory'],
  ['f7e629fb-d407-4878-9eaa-e69fdaf7dd12', 'I would rather go to a laboratory'],
  ['3f0a0754-ba03-4d03-b51a-161fab26605d', 'My care provider asked me to'],
  ['f31d871e-ea17-4c73-a6bf-cc908fbc2fe9', 'I no longer want the visit'],
  ['3a59800c-287d-4109-beff-562aec7d896e', 'Another reason'],
];

/** What a patient chooses from when an appointment of that type is cancelled. */
export function patientReasons(type: AppointmentType): { id: string; words: string }[] {
  return REASONS.filter(([id]) => findCancellationReason(type, id)).map(([id, words]) => ({ id, words }));
}

/** A headline and a sentence. */
export interface Words {
  title: string;
  text: string;
}

const NOT_NEEDED = 'You still have this appointment. If you no longer need it, please cancel it.';

/** Where the patient stands, with an appointment or without. Names no test and no result. */
export function whereThePatientStands(
  type: AppointmentType,
  {
    progress,
    isOrdered,
    appointment,
    isOverdue,
    isCancellable,
  }: {
    progress: OrderTopLevelStatus;
    isOrdered: boolean;
    appointment: Pick<Appointment, 'status'> | null;
    isOverdue: boolean;
    /** Whether the patient can cancel the appointment, also when the order needs none any more. */
    isCancellable: boolean;
  },
): Words {
  const atHome = type === 'phlebotomy';
  if (progress === 'cancelled') {
    return {
      title: 'This order was canceled',
      text: isCancellable ? NOT_NEEDED : 'There is nothing else you need to do.',
    };
  }
  if (progress === 'completed' || progress === 'failed') {
    return { title: 'This order is closed', text: isCancellable ? NOT_NEEDED : 'There is nothing else to book.' };
  }
  if (progress === 'sample_with_lab') {
    return {
      title: 'Your sample is with the laboratory',
      text: isCancellable ? NOT_NEEDED : 'There is nothing else to book.',
    };
  }
  if (isOrdered && !appointment) {
    return {
      title: 'Your order is being prepared',
      text: 'The laboratory has not confirmed it yet. Please come back a little later.',
    };
  }
  if (isOverdue) {
    return {
      title: atHome ? 'Did your home visit take place?' : 'Did your appointment take place?',
      text: 'We have not heard whether it did. If your sample was taken, there is nothing else you need to do. If not, please choose another time.',
    };
  }
  switch (appointment?.status) {
    case 'pending':
    case 'reserved':
      return {
        title: atHome ? 'Your home visit has been requested' : 'Your appointment has been requested',
        text: atHome ? 'A phlebotomist will contact you to set a time.' : 'We will let you know when it is confirmed.',
      };
    case 'scheduled':
      return {
        title: atHome ? 'Your home visit is booked' : 'Your appointment is booked',
        text: 'Please have a photo ID and your requisition ready.',
      };
    case 'in_progress':
      return { title: 'Your visit is in progress', text: 'There is nothing else to book.' };
    case 'completed':
      return { title: 'Your sample was taken', text: 'It is on its way to the laboratory.' };
    default:
      return atHome
        ? { title: 'Choose a time for your home visit', text: 'A phlebotomist will come to you and draw the sample.' }
        : {
            title: 'Where to have your sample taken',
            text: 'Please bring your requisition, on paper or on your phone, and a photo ID.',
          };
  }
}
