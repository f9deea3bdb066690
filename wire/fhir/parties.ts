/** People and organizations as our FHIR resources name them. */
import type { Address, HumanName, Organization, Practitioner } from '@medplum/fhirtypes';
import type { Laboratory } from '../../domain/catalogue/catalogue.ts';
import type { Physician, PostalAddress } from '../../domain/orders/order.ts';
import type { PerformingLaboratory } from '../../domain/results/lab-report.ts';
import { CLIA, identifier, NPI } from './systems.ts';

export const LABORATORY_ID = 'laboratory';
export const PHYSICIAN_ID = 'physician';

export const nameOf = ({ first_name, last_name }: { first_name: string; last_name: string }): HumanName => ({
  text: [first_name, last_name].filter(Boolean).join(' '),
  ...(last_name && { family: last_name }),
  ...(first_name && { given: [first_name] }),
});

/** An address; what is blank in it is left out. */
export function addressOf(address: PostalAddress): Address {
  const line = [address.first_line, address.second_line].filter((one) => one !== null && one !== '');
  const { city, state, zip, country } = address;
  return {
    ...(line.length > 0 && { line: line as string[] }),
    ...(city && { city }),
    ...(state && { state }),
    ...(zip && { postalCode: zip }),
    ...(country && { country }),
  };
}

/** The laboratory that an order went to, to be contained. */
export function laboratoryOf(laboratory: Laboratory): Organization {
  const { name, clia_number, phone, first_line_address, city, state, zipcode } = laboratory;
  return {
    resourceType: 'Organization',
    id: LABORATORY_ID,
    identifier: [identifier(CLIA, clia_number)],
    name,
    telecom: [{ system: 'phone', value: phone }],
    address: [{ line: [first_line_address], city, state, postalCode: zipcode }],
  };
}

/** The laboratory that made a result, to be contained. */
export function performingLaboratory(laboratory: PerformingLaboratory): Organization {
  const { name, phone_number, medical_director, address } = laboratory;
  const written = address && addressOf(address);
  return {
    resourceType: 'Organization',
    id: 'performer',
    name,
    ...(phone_number && { telecom: [{ system: 'phone', value: phone_number }] }),
    ...(written && Object.keys(written).length > 0 && { address: [written] }),
    ...(medical_director && { contact: [{ name: { text: medical_director } }] }),
  };
}

/** The physician who answers for an order, to be contained. */
export function physicianOf(physician: Physician): Practitioner {
  return {
    resourceType: 'Practitioner',
    id: PHYSICIAN_ID,
    identifier: [identifier(NPI, physician.npi)],
    name: [nameOf(physician)],
  };
}
