/** `admin message`: mail and SMS to patients, sent and held back. */
import type { Command } from 'commander';
import { keptSms, messagesOf } from '../../store/message-log.ts';
import { AN_ORDER, orderCalled } from './orders.ts';
import { CannotDo, inSession, positive } from './session.ts';

/** Adds `message` to the program. */
export function addMessageCommands(program: Command): void {
  const message = program.command('message').alias('messages').description('mail and SMS to patients');

  message
    .command('list')
    .description('what was sent and what was held back, newest first')
    .option('--order <order>', AN_ORDER)
    .option('--held', 'only what was held back')
    .option('--limit <n>', 'how many at most', positive, 50)
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
    .description('the text of an SMS that was kept because no carrier is set up; it is meant for the patient')
    .argument('<id>', 'id that admin message list shows')
    .action((id: string, _options, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const sms = await keptSms(store, id);
        if (!sms) throw new CannotDo(`No text is kept under ${id}: mail is not, and SMS only without a carrier`);
        out.show({ id, to: sms.to, text: sms.text, sent_at: sms.sent_at });
      }),
    );
}
