/** `admin message`: mail and SMS to patients, sent and held back. */
import type { Command } from 'commander';
import { keptSms, messagesOf } from '../../store/messages/message-log.ts';
import { AN_ORDER, orderCalled } from './orders/orders.ts';
import { CannotDo, inSession, positive } from './session.ts';

/** Adds `message` to the program. */
export function addMessageCommands(program: Command): void {
  const message = program.command('message').alias('messages').description('mail and SMS to patients');

  message
    .command('list')
    .description('list what was sent and what was held back, newest first')
    .option('--order <order>', AN_ORDER)
    .option('--held', 'only what was held back')
    .option('--limit <n>', 'maximum number', positive, 50)
    .action(({ order, held, limit }: { order?: string; held?: boolean; limit: number }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const choice = order === undefined ? {} : { order_id: (await orderCalled(store, order))._id };
        const messages = await messagesOf(store, choice, limit, held ? 'held' : undefined);
        out.list(
          messages.map(({ held_because, id, order_id, way, kind, at }) => ({
            at,
            way,
            kind,
            outcome: held_because === null ? 'sent' : `held back: ${held_because}`,
            order: order_id,
            id,
          })),
          'Nothing was sent or held back.',
        );
      }),
    );

  message
    .command('show')
    .description('show the text of an SMS that was stored because no carrier is set up; it was written for the patient')
    .argument('<id>', 'the id from admin message list')
    .action((id: string, _options, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const sms = await keptSms(store, id);
        if (!sms)
          throw new CannotDo(`There is no stored text ${id}: mail is not stored, and SMS only if there is no carrier`);
        out.show({ id, to: sms.to, text: sms.text, sent_at: sms.sent_at });
      }),
    );
}
