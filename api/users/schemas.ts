/** Users: the patients of a team (contract §2.9). */
import { z } from 'zod';
import { calendarDate, instant, uuid } from '../../wire/fields.ts';
import { addressShape, demographics, medicalProxy } from '../../wire/person-shapes.ts';
import {
  birthDate,
  emailAddress,
  ethnicity,
  filledText,
  genderIdentity,
  guarantor,
  nothingToChange,
  personName,
  phoneNumber,
  postalAddress,
  race,
  saysSomething,
  sexualOrientation,
  text,
  timeZone,
} from '../http/fields.ts';

const fallbacks = {
  fallback_time_zone: timeZone.optional(),
  fallback_birth_date: birthDate.optional(),
  ingestion_start: calendarDate.optional(),
  ingestion_end: calendarDate.optional(),
};

/** @returns Whether the ingestion, where both its ends are told, ends after it starts. */
export function ingestionIsInOrder(user: {
  ingestion_start?: string | null | undefined;
  ingestion_end?: string | null | undefined;
}): boolean {
  return !user.ingestion_start || !user.ingestion_end || user.ingestion_start <= user.ingestion_end;
}
const endsBefore = { message: 'must not be before ingestion_start', path: ['ingestion_end'] };

export const userCreateBody = z
  .object({ client_user_id: filledText, ...fallbacks })
  .refine(ingestionIsInOrder, endsBefore)
  .meta({ id: 'UserCreateBody' });
export const userPatchBody = z
  .object({ client_user_id: filledText.optional(), ...fallbacks })
  .refine(ingestionIsInOrder, endsBefore)
  .refine(saysSomething, nothingToChange)
  .meta({ id: 'UserPatchBody' });

export const userPath = z.object({ user_id: uuid });
export const clientUserPath = z.object({ client_user_id: text });
export const userListQuery = z.object({
  offset: z.int().min(0).max(10_000_000).default(0),
  limit: z.int().min(1).max(500).default(100),
});

export const clientFacingUser = z
  .object({
    user_id: uuid,
    team_id: uuid,
    client_user_id: z.string(),
    created_on: instant,
    connected_sources: z.array(z.object({})),
    fallback_time_zone: z.object({ id: z.string(), source_slug: z.string(), updated_at: instant }).nullable(),
    fallback_birth_date: z.object({ value: calendarDate, source_slug: z.string(), updated_at: instant }).nullable(),
    ingestion_start: calendarDate.nullable(),
    ingestion_end: calendarDate.nullable(),
  })
  .meta({ id: 'ClientFacingUser' });

export const paginatedUsers = z
  .object({ users: z.array(clientFacingUser), total: z.int(), offset: z.int(), limit: z.int() })
  .meta({ id: 'PaginatedUsersResponse' });

/** A patient's demographics. */
export const userInfoBody = z
  .object({
    first_name: personName,
    last_name: personName,
    email: emailAddress,
    phone_number: phoneNumber,
    gender: z.enum(['female', 'male', 'other', 'unknown']),
    dob: birthDate,
    address: postalAddress,
    medical_proxy: guarantor.optional(),
    race: race.optional(),
    ethnicity: ethnicity.optional(),
    sexual_orientation: sexualOrientation.optional(),
    gender_identity: genderIdentity.optional(),
  })
  .meta({ id: 'UserInfoCreateRequest' });
export type UserInfoBody = z.infer<typeof userInfoBody>;

const addressAnswer = z.object({
  ...addressShape,
  access_notes: z.string().nullable(),
});

export const userInfo = z
  .object({
    first_name: z.string(),
    last_name: z.string(),
    email: z.string(),
    phone_number: z.string(),
    gender: z.string(),
    dob: calendarDate,
    address: addressAnswer,
    medical_proxy: medicalProxy(addressAnswer).nullable(),
    ...demographics,
  })
  .meta({ id: 'UserInfo' });
