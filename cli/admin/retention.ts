/** `admin retention`: what is not kept for ever. */
import type { Command } from 'commander';
import { loadConfig } from '../../config/config.ts';
import { FORGETTABLE, type Retention, wouldForget } from '../../store/retention.ts';
import { inSession, positive } from './session.ts';

const WHAT = {
  webhooks: 'delivered webhooks, except the latest one of each order',
  lab_texts: 'raw texts of laboratory messages whose orders are over, and documents in them',
  sms: 'texts of stored SMS',
} as const satisfies Record<keyof Retention, string>;

/** What `admin retention` can do. */
export function addRetentionCommands(retention: Command): void {
  retention
    .option('--webhooks <days>', 'instead of VENULE_KEEP_WEBHOOKS', positive)
    .option('--lab-texts <days>', 'instead of VENULE_KEEP_LAB_TEXTS', positive)
    .option('--sms <days>', 'instead of VENULE_KEEP_SMS', positive)
    .addHelpText(
      'after',
      '\nOnce a day, workers delete what is older than VENULE_KEEP_WEBHOOKS, VENULE_KEEP_LAB_TEXTS, and VENULE_KEEP_SMS allow. If these are not set, nothing is deleted.\n\nExample:\n  admin retention --webhooks 90 --lab-texts 730',
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
            kept_days: retention[kind] ?? 'forever',
            would_delete: counts[kind],
          })),
          '',
        );
      }),
    );
}
