/** `admin order rejections`: orders that a laboratory rejected after it had accepted them, and that a person has to look at. */
import type { Command } from 'commander';
import { closeRejection, keptRejections } from '../../../store/inbox/order-messages.ts';
import { CannotDo, inSession, operator, positive } from '../session.ts';

/** Adds `rejections` and `close-rejection` to `order`. */
export function addLateRejectionCommands(order: Command): void {
  order
    .command('rejections')
    .description('list what a laboratory rejected after it had accepted it, and Venule could not cancel, newest first')
    .option('--limit <n>', 'maximum number', positive, 50)
    .addHelpText(
      'after',
      '\nThese orders have results, or have ended, or the rejection is of their cancellation. Call the laboratory, then\nclose it with what you found: admin order close-rejection.',
    )
    .action(({ limit }: { limit: number }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const rejections = await keptRejections(store, limit);
        out.list(
          rejections.map(({ _id, lab_slug, order_id, placer_order_number, purpose, rejected_because }) => ({
            id: _id,
            lab: lab_slug,
            requisition: placer_order_number,
            what: purpose === 'CA' ? 'its cancellation' : 'the order',
            said: rejected_because,
            order: order_id,
          })),
          'There are none.',
        );
      }),
    );

  order
    .command('close-rejection')
    .description('close one, in your name')
    .argument('<id>', 'the id from admin order rejections')
    .requiredOption('--reason <text>', 'what you found, such as "the lab performs the test after all"')
    .action((id: string, { reason }: { reason: string }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const isClosed = await closeRejection(store, operator(), id, reason);
        if (!isClosed) throw new CannotDo(`There is no open rejection ${id}; see admin order rejections`);
        out.done(`Rejection ${id} is closed.`, { id, state: 'closed' });
      }),
    );
}
