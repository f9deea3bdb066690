/** The patient of an order as a FHIR Patient, with race and ethnicity as US Core has them. */
import type { Extension, Patient } from '@medplum/fhirtypes';
import type { PatientDetails, PostalAddress } from '../../domain/orders/order.ts';
import { addressOf, nameOf } from './parties.ts';
import { CLIENT_USER_ID, coding, identifier, metaOf } from './systems.ts';

/** A patient as far as is known. */
export interface PatientFacts {
  /** The user's id. */
  id: string;
  client_user_id: string;
  sandbox: boolean;
  updated_at: Date;
  /** As on the newest order; null for a user without orders or demographics. */
  details: Pick<
    PatientDetails,
    'first_name' | 'last_name' | 'dob' | 'gender' | 'phone_number' | 'email' | 'medical_proxy' | 'race' | 'ethnicity'
  > | null;
  address: PostalAddress | null;
}

export function patient({ id, client_user_id, sandbox, updated_at, details, address }: PatientFacts): Patient {
  const extension = details ? [...race(details.race), ...ethnicity(details.ethnicity)] : [];
  const proxy = details?.medical_proxy;
  return {
    resourceType: 'Patient',
    id,
    meta: metaOf(updated_at, sandbox),
    ...(extension.length > 0 && { extension }),
    identifier: [identifier(CLIENT_USER_ID, client_user_id)],
    ...(details && {
      name: [nameOf(details)],
      telecom: [
        { system: 'phone' as const, value: details.phone_number },
        { system: 'email' as const, value: details.email },
      ].filter(({ value }) => value),
      gender: details.gender,
      birthDate: details.dob,
    }),
    ...(address && { address: [addressOf(address)] }),
    ...(proxy && {
      contact: [
        {
          relationship: [{ text: 'Guardian' }],
          name: nameOf(proxy),
          telecom: [{ system: 'phone' as const, value: proxy.phone_number }],
          address: addressOf(proxy.address),
        },
      ],
    }),
  };
}

const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition';
const OMB = 'urn:oid:2.16.840.1.113883.6.238';
type Category = readonly [code: string, display: string];

const RACES: Readonly<Record<string, Category>> = {
  african_american_or_black: ['2054-5', 'Black or African American'],
  asian: ['2028-9', 'Asian'],
  indigenous_native_american_alaska_native: ['1002-5', 'American Indian or Alaska Native'],
  pacific_islander_or_hawaiian: ['2076-8', 'Native Hawaiian or Other Pacific Islander'],
  white_caucasian: ['2106-3', 'White'],
};
const ETHNICITIES: Readonly<Record<string, Category>> = {
  hispanic: ['2135-2', 'Hispanic or Latino'],
  non_hispanic: ['2186-5', 'Not Hispanic or Latino'],
};

const race = (value: string | null) => categorized('us-core-race', RACES, value);
const ethnicity = (value: string | null) => categorized('us-core-ethnicity', ETHNICITIES, value);

/** A category of the Office of Management and Budget, where it is one; always in words, too. */
function categorized(name: string, known: Readonly<Record<string, Category>>, value: string | null): Extension[] {
  if (!value) return [];
  const category = Object.hasOwn(known, value) ? known[value] : undefined;
  const text = category?.[1] ?? value.replaceAll('_', ' ');
  return [
    {
      url: `${US_CORE}/${name}`,
      extension: [
        ...(category ? [{ url: 'ombCategory', valueCoding: coding(OMB, ...category) }] : []),
        { url: 'text', valueString: text },
      ],
    },
  ];
}
