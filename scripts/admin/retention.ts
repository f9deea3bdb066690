/** `admin retention`: what is not kept for ever. */
import type { Command } from 'commander';
import { loadConfig } from '../../config.ts';
import { FORGETTABLE, type Retention, wouldForget } from '../../store/retention.ts';
import { inSession, positive } from './session.ts';

const WHAT = {
  webhooks: 'webhooks that every endpoint took, except the latest of each order',
  lab_texts: 'texts of laboratories’ messages whose orders are over',
  sms: 'texts of SMS that were kept',
} as const satisfies Record<keyof Retention, string>;

/** Adds `retention` to the program. */
export function addRetentionCommands(program: Command): void {
  program
    .command('retention')
    .description('what a worker would delete today; deletes nothing')
    .option('--webhooks <days>', 'as if VENULE_KEEP_WEBHOOKS were so many days', positive)
    .option('--lab-texts <days>', 'as if VENULE_KEEP_LAB_TEXTS were', positive)
    .option('--sms <days>', 'as if VENULE_KEEP_SMS were', positive)
    .addHelpText(
      'after',
      '\nWorkers delete, once a day, what is older than VENULE_KEEP_WEBHOOKS, VENULE_KEEP_LAB_TEXTS and VENULE_KEEP_SMS say; without them nothing.\n\nExample:\n  admin retention --webhooks 90 --lab-texts 730',
    )
    .action(({ webhooks, labTexts, sms }: { webhooks?: number; labTexts?: number; sms?: number }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const { retention: configured } = loadConfig();
        const asked = { webhooks, lab_texts: labTexts, sms };
        const retention: Retention = { ...configured };
        for (const kind of FORGETTABLE) retention[kind] = asked[kind] ?? configured[kind];
        const counts = await wouldForget(store, retention);
        out.list(
          FORGETTABLE.map((kind) => ({
            kind,
            what: WHAT[kind],
            kept_days: retention[kind] ?? 'for ever',
            would_delete: counts[kind],
          })),
          '',
        );
      }),
    );
}
