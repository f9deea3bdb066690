/** The team itself (contract §2.10). */
import { z } from 'zod';
import { uuid } from '../../wire/fields.ts';

export const teamPath = z.object({ team_id: uuid });

export const clientFacingTeam = z
  .object({
    id: uuid,
    org_id: z.string(),
    name: z.string(),
    configuration: z.object({
      libreview: z.object({ practice_id: z.object({}), strip_tz: z.boolean() }),
      texts_enabled: z.boolean(),
      partial_webhooks_enabled: z.boolean(),
      minor_ordering_enabled: z.boolean(),
    }),
    testkits_texts_enabled: z.boolean().meta({ deprecated: true }),
    lab_tests_patient_communication_enabled: z.boolean(),
    lab_tests_patient_sms_communication_enabled: z.boolean(),
    lab_tests_patient_email_communication_enabled: z.boolean(),
    logo_url: z.string().nullable(),
    delegated_flow: z.string(),
  })
  .meta({ id: 'ClientFacingTeam' });
