/** The kinds of field that requests are made of. */
import { z } from 'zod';
import { isPhoneNumber } from '../../domain/clinical-codes.ts';
import { US_STATES, usState } from '../../domain/us-states.ts';

/** Free text of ordinary length; nothing in an order is longer than what a form has room for. */
export const text = z.string().max(500);
export const filledText = text.min(1);

/** A person's first or last name as laboratories accept it (contract §2.2). */
export const personName = z
  .string()
  .min(1)
  .max(50)
  .regex(/^([a-zA-Z0-9]{1})([a-zA-Z0-9-.,']*(\s[a-zA-Z0-9-.,']+)*[a-zA-Z0-9-.,']?)$/);

export const phoneNumber = z
  .string()
  .max(30)
  .refine(isPhoneNumber, 'a telephone number of 10 to 15 digits')
  .meta({ examples: ['+16025550143'] });

export const zip = z.string().regex(/^\d{5}(-\d{4})?$/);

/** A state by its two letters, in capitals or not. */
export const state = z
  .string()
  .refine((value) => usState(value) !== undefined, 'the two letters of a US state')
  .transform((value) => usState(value) as string)
  .meta({ examples: [US_STATES[2]] });

export const country = z
  .string()
  .refine((value) => /^(us|usa|united states)$/i.test(value.trim()), 'US: laboratories serve the United States only')
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
  .refine(isTimeZone, 'the name of an IANA time zone')
  .meta({ examples: ['America/New_York'] });

function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}

/** An address with a state and ZIP that exist. */
export const postalAddress = z.object({
  first_line: filledText,
  second_line: text.optional(),
  city: filledText,
  state,
  zip,
  country,
  access_notes: z.string().max(1000).optional(),
});

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
    email: z.email().optional(),
  })
  .meta({ id: 'GuarantorDetails' });
