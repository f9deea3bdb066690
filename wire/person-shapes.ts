/** What answers say of people and of where they live. */
import { z } from 'zod';

export const addressShape = {
  first_line: z.string(),
  second_line: z.string().nullable(),
  city: z.string(),
  state: z.string(),
  zip: z.string(),
  country: z.string(),
};

/** Who decides for a minor, with an address as the resource has it. */
export const medicalProxy = <Address extends z.ZodType>(address: Address) =>
  z.object({
    first_name: z.string(),
    last_name: z.string(),
    address,
    phone_number: z.string(),
    household_income: z.int().nullable(),
    household_size: z.int().nullable(),
    email: z.string().nullable(),
  });

/** What laboratories and public health ask about besides. */
export const demographics = {
  race: z.string().nullable(),
  ethnicity: z.string().nullable(),
  sexual_orientation: z.string().nullable(),
  gender_identity: z.string().nullable(),
};
