/** Why an appointment is cancelled: what callers choose from, by ids that never change. */
import type { AppointmentType } from '../appointments/appointment.ts';

export interface CancellationReason {
  /** A UUID of version 4. */
  id: string;
  /** What callers, patients and the provider read. */
  name: string;
  /** Whether the visit is paid back however late it is cancelled: it failed for no reason of the patient's. */
  is_refundable: boolean;
  /** The appointments that it can be given for. */
  of: readonly AppointmentType[];
}

const AT_HOME = ['phlebotomy'] as const;
const ANYWHERE = ['phlebotomy', 'patient_service_center'] as const;

export const CANCELLATION_REASONS: readonly CancellationReason[] = [
  { id: '567a4ca4-a15b-4aa9-9856-710115713ebe', name: 'Patient did not fast', is_refundable: false, of: ANYWHERE },
  {
    id: 'a12f641e-3298-44e4-b7dc-9a7bb4f60b59',
    name: 'Patient does not trust the provider',
    is_refundable: false,
    of: AT_HOME,
  },
  {
    id: 'd4128f59-bb89-4673-b594-d1ebb4560da8',
    name: 'Sample cannot be delivered to the preferred laboratory',
    is_refundable: true,
    of: AT_HOME,
  },
  {
    id: 'f31d871e-ea17-4c73-a6bf-cc908fbc2fe9',
    name: 'Patient is no longer interested',
    is_refundable: false,
    of: ANYWHERE,
  },
  { id: '3a59800c-287d-4109-beff-562aec7d896e', name: 'Other', is_refundable: false, of: ANYWHERE },
  {
    id: '3f0a0754-ba03-4d03-b51a-161fab26605d',
    name: 'Provider asked to cancel',
    is_refundable: true,
    of: ANYWHERE,
  },
  { id: '3cd6e59b-6e56-4e6f-a64e-e40038f8de71', name: 'Wrong patient', is_refundable: true, of: ANYWHERE },
  { id: '7248f775-e951-427f-af74-073254aac495', name: 'Time no longer works', is_refundable: false, of: ANYWHERE },
  {
    id: 'f903cf9c-4dcc-4252-909c-1212c68c5402',
    name: 'Laboratory order could not be obtained',
    is_refundable: true,
    of: ANYWHERE,
  },
  {
    id: 'f7e629fb-d407-4878-9eaa-e69fdaf7dd12',
    name: 'Patient prefers to be seen in person',
    is_refundable: false,
    of: AT_HOME,
  },
  {
    id: 'd6690f82-4a6a-4b31-94cb-648816b24e97',
    name: 'Patient went to a laboratory',
    is_refundable: false,
    of: AT_HOME,
  },
];

/** What can be given for appointments of that type. */
export function cancellationReasons(type: AppointmentType): CancellationReason[] {
  return CANCELLATION_REASONS.filter(({ of }) => of.includes(type));
}

/** The reason with that id, or undefined when an appointment of that type has none such. */
export function findCancellationReason(type: AppointmentType, id: string): CancellationReason | undefined {
  return cancellationReasons(type).find((reason) => reason.id === id.toLowerCase());
}
