/** A laboratory's profile as an operator writes it: checked before it counts (docs/lab-profiles.md). */
import { z } from 'zod';
import type { LabProfile } from '../../domain/catalogue/lab-profile.ts';
import { isTimeZone } from '../../domain/people/time-zones.ts';
import { FAILURE_TYPES, INTERPRETATIONS } from '../../domain/results/lab-report.ts';
import { isKnownCharset } from './formats/hl7v2/hl7-charset.ts';

/** How long a profile may be, in bytes: which is counted before it is read. */
const LONGEST_PROFILE = 64 * 1024;

const word = z.string().trim().min(1, 'a code or word of 1 to 80 characters').max(80);
const capitals = word.toUpperCase();
const table = <T extends z.ZodType>(names: z.ZodType<string, string>, meaning: T) => z.record(names, meaning);

/** @see LabProfile, whose fields these are. Codes and words are put in capitals where it does not matter how they come. */
const schema = z.strictObject({
  reasons: table(capitals, z.enum(FAILURE_TYPES)).exactOptional(),
  words: table(capitals, z.enum([...FAILURE_TYPES, 'in_notes', 'text'])).exactOptional(),
  flags: table(capitals, z.enum(INTERPRETATIONS)).exactOptional(),
  comma: z.enum(['decimal', 'thousands']).exactOptional(),
  time_zone: z.string().refine(isTimeZone, 'an IANA time zone, such as America/Chicago').exactOptional(),
  character_set: z
    .string()
    .refine(isKnownCharset, 'a character set of HL7 table 0211 or in common use, such as 8859/1')
    .exactOptional(),
  result_code_component: z.literal([1, 4]).exactOptional(),
  tests: table(word, word).exactOptional(),
  results: table(word, word).exactOptional(),
  placer_order_number: z
    .string()
    .regex(/^(PID|ORC|OBR)-[1-9]\d?(\.[1-9]\d?)?$/, 'a field of PID, ORC, or OBR, such as OBR-18 or PID-4.1')
    .exactOptional(),
  order_time: z.literal('sending').exactOptional(),
}) satisfies z.ZodType<LabProfile>;

/** A profile that cannot be; the message names each field that is wrong. */
export class WrongProfile extends Error {
  override name = 'WrongProfile';
}

/**
 * The profile in a JSON text.
 * @throws WrongProfile when it is longer than `LONGEST_PROFILE`, is no JSON, names a field that there is not, or has one
 * that is not what it must be
 */
export function parseProfile(text: string): LabProfile {
  if (Buffer.byteLength(text) > LONGEST_PROFILE) {
    throw new WrongProfile(`A profile can have at most ${LONGEST_PROFILE / 1024} KiB`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new WrongProfile(`The profile is not JSON: ${(error as Error).message}`);
  }
  const { data, error } = schema.safeParse(json);
  if (data) return data;
  const faults = error.issues.slice(0, 10).map((issue) => `${issue.path.join('.') || 'the profile'}: ${issue.message}`);
  throw new WrongProfile(`The profile is wrong in ${faults.join('; ')}`);
}
