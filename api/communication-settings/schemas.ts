/** Requests and answers about what is sent to an order's patient (contract §2.2). */
import { z } from 'zod';
import { HELD_BACK_REASONS } from '../../domain/messages/messages.ts';
import { instant, uuid } from '../../wire/fields.ts';

export const communicationSettingsBody = z
  .object({ sms_enabled: z.boolean() })
  .meta({ id: 'OrderCommunicationSettingsUpdate' });

export const communicationSettings = z
  .object({
    order_id: uuid,
    sms_enabled: z.boolean(),
    email_unsubscribed: z
      .boolean()
      .meta({ description: 'Whether the patient has unsubscribed from all of the team’s mail, for any order.' }),
    held_back: z
      .array(
        z
          .object({
            way: z.enum(['email', 'sms']),
            kind: z
              .string()
              .meta({ description: 'What the message would have been about, such as `requisition_ready`.' }),
            reason: z.enum(HELD_BACK_REASONS).meta({
              description:
                '`unsubscribed`: the patient has unsubscribed from mail. `opted_out`: the patient has replied STOP to an SMS. `sms_off`: SMS are switched off for this order.',
            }),
            held_at: instant,
          })
          .meta({ id: 'HeldBackMessage' }),
      )
      .meta({ description: 'Messages about the order that were due but not sent, oldest first.' }),
  })
  .meta({ id: 'OrderCommunicationSettings' });
