/** The kinds of field that requests are made of. */
import { z } from 'zod';
import { OLDEST_PATIENT } from '../../domain/orders/checks.ts';
import { isPhoneNumber } from '../../domain/people/phone-number.ts';
import { isTimeZone } from '../../domain/people/time-zones.ts';
import { MILITARY_STATES, US_STATES, usState } from '../../domain/people/us-states.ts';
import { calendarDate } from '../../wire/fields.ts';
import { zipCanBeIn } from './zip-states.ts';

/**
 * Free text of ordinary length; nothing in an order is longer than what a form has room for. Controls of the writing
 * direction are refused, too: with them a name or a street reads otherwise on paper than it is.
 */
export const text = z
  .string()
  .max(500)
  .regex(
    /^[^\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]*$/u,
    'must be a single line of text without control characters, those of the writing direction included',
  );
/** Text in which something is written. */
export const filledText = text.min(1).regex(/[\p{L}\p{N}\p{P}\p{S}]/u, 'must not be blank');
/** A line of an address: there is a letter or a number in it. */
const addressLine = text.min(1).regex(/[\p{L}\p{N}]/u, 'must not be blank');
/** Text of several lines, for people. */
export const notes = z
  .string()
  .max(1000)
  .regex(
    /^(?:[^\p{Cc}\u202a-\u202e\u2066-\u2069]|[\t\r\n])*$/u,
    'must be text without control characters, those of the writing direction included',
  );

/** A person's first or last name as laboratories accept it (contract §2.2). */
export const personName = z
  .string()
  .min(1)
  .max(50)
  .regex(
    /^([a-zA-Z0-9]{1})([a-zA-Z0-9-.,']*( [a-zA-Z0-9-.,']+)*[a-zA-Z0-9-.,']?)$/,
    'laboratories accept only the letters A to Z without accents, digits, hyphens, periods, commas, apostrophes, and single spaces between words',
  );

export const emailAddress = z.email().max(254);

/** A date on which somebody alive can have been born: today somewhere on Earth at the latest. */
export const birthDate = calendarDate.refine(canBeBornOn, `must be a date within the last ${OLDEST_PATIENT} years`);

/** The clock farthest ahead of UTC, in milliseconds. */
export const FARTHEST_AHEAD_MS = 14 * 3_600_000;

function canBeBornOn(date: string): boolean {
  const latest = new Date(Date.now() + FARTHEST_AHEAD_MS).toISOString().slice(0, 10);
  const earliest = `${Number(latest.slice(0, 4)) - OLDEST_PATIENT - 1}${latest.slice(4)}`;
  return date <= latest && date > earliest;
}

export const phoneNumber = z
  .string()
  .max(30)
  .refine(isPhoneNumber, 'must be a possible telephone number, with its country code if it is not a US number')
  .meta({ examples: ['+16025550143'] });

export const zip = z.string().regex(/^\d{5}(-\d{4})?$/);

/** A state by its two letters, in capitals or not. */
export const state = z
  .string()
  .max(10)
  .refine((value) => stateOf(value) !== undefined, 'must be a two-letter US state code')
  .transform((value) => stateOf(value) as string)
  .meta({ examples: [US_STATES[2]] });

/** A state, or where the armed forces have their mail. */
function stateOf(value: string): string | undefined {
  return usState(value) ?? MILITARY_STATES.find((state) => state === value.trim().toUpperCase());
}

export const country = z
  .string()
  .max(20)
  .refine(
    (value) => /^(us|usa|united states)$/i.test(value.trim()),
    'must be US: laboratories serve the United States only',
  )
  .meta({ examples: ['US'] });

/** An amount that the SDKs read as a whole number; a fraction is rounded. */
export const wholeNumber = z
  .number()
  .min(0)
  .max(1_000_000_000)
  .transform((amount) => Math.round(amount));

/** Which page of a list, and how long a page is. */
export const page = {
  page: z.int().min(1).max(1_000_000).default(1),
  size: z.int().min(1).max(100).default(50),
};

export const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'must be the name of an IANA time zone')
  .meta({ examples: ['America/New_York'] });

/** What every address has: a street, a city, and a state. */
export const place = { first_line: addressLine, second_line: text.optional(), city: addressLine, state };

/** What is said of a ZIP that is known to be in another state. */
export function zipFault(field: 'zip' | 'zip_code') {
  return { message: 'this ZIP is in another state', path: [field] };
}

/** An address whose ZIP is not known to be in another state. */
export const postalAddress = z
  .object({ ...place, zip, country, access_notes: notes.optional() })
  .refine((address) => zipCanBeIn(address.zip, address.state), zipFault('zip'));

export const race = z.enum([
  'african_american_or_black',
  'asian',
  'indigenous_native_american_alaska_native',
  'other',
  'pacific_islander_or_hawaiian',
  'white_caucasian',
]);
export const ethnicity = z.enum(['hispanic', 'non_hispanic', 'ashkenazi_jewish', 'other']);
export const sexualOrientation = z.enum([
  'lesbian_gay_or_homosexual',
  'heterosexual_or_straight',
  'bisexual',
  'dont_know',
  'other',
]);
export const genderIdentity = z.enum([
  'male',
  'female',
  'female_to_male_ftm_transgender_male_trans_man',
  'male_to_female_mtf_transgender_female_trans_woman',
  'genderqueer',
  'other',
]);

/** Who answers for a minor. */
export const guarantor = z
  .object({
    first_name: personName,
    last_name: personName,
    address: postalAddress,
    phone_number: phoneNumber,
    household_income: wholeNumber.optional(),
    household_size: wholeNumber.optional(),
    email: emailAddress.optional(),
  })
  .meta({ id: 'GuarantorDetails' });

/** Whether a change changes anything. */
export const saysSomething = (change: object): boolean => Object.values(change).some((value) => value !== undefined);
/** What is said of a change that changes nothing. */
export const nothingToChange = 'at least one change is required';
