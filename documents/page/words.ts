/** The words that documents print for coded facts. */
import type { BillingType } from '../../domain/catalogue/catalogue.ts';
import type { PatientDetails, PostalAddress } from '../../domain/orders/order.ts';
import { phoneText } from '../../domain/people/phone.ts';
import type { FailureType } from '../../domain/results/lab-report.ts';

/** Why a result is missing, in a sentence for the patient. */
export const MISSING_BECAUSE: Record<FailureType, string> = {
  quantity_not_sufficient_failure: 'There was not enough sample for this test.',
  insufficient_volume: 'The tube did not hold enough sample for this test.',
  collection_process_failure: 'The sample could not be used because of the way it was collected.',
  drop_off_failure: 'The sample did not reach the laboratory in time or in good condition.',
  internal_lab_failure: 'The laboratory could not complete this test.',
  order_entry_failure: 'The test was not performed because the details of the order did not match.',
  patient_condition_failure: 'Something else in the sample interfered with this test.',
  non_failure: 'The laboratory did not need to perform this test.',
  missing_result_calc_failure: 'This value is calculated from another result that is missing.',
  missing_demo_aoe_calc_failure: 'This value could not be calculated because information about the patient is missing.',
  unknown_failure: 'The laboratory did not report this result and gave no reason.',
};

export const SEX: Record<PatientDetails['gender'], string> = {
  female: 'Female',
  male: 'Male',
  other: 'Other',
  unknown: 'Unknown',
};

/** Who pays, as the laboratory's billing desk reads it. */
export const BILL_TO: Record<BillingType, string> = {
  client_bill: 'Client (account)',
  commercial_insurance: 'Insurance',
  patient_bill_passthrough: 'Patient',
  patient_bill: 'Patient',
};

/** `Last, First`, as laboratories file people. */
export function filedName(person: { first_name: string; last_name: string }): string {
  return `${person.last_name}, ${person.first_name}`;
}

/** How to reach a team: phone, then mail; empty when neither is known. */
export function contactText(contact: { email: string | null; phone: string | null }, between: string): string {
  return [contact.phone && phoneText(contact.phone), contact.email].filter(Boolean).join(between);
}

/** An address in two or three lines. */
export function addressLines(address: PostalAddress): string[] {
  return [
    address.first_line,
    ...(address.second_line ? [address.second_line] : []),
    `${address.city}, ${address.state} ${address.zip}`,
  ];
}

/** `1 result`, `3 results`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
