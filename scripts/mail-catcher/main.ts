/**
 * Catches mail instead of sending it on, and shows it on a page; `GET /mails` gives the same as JSON.
 * SMTP_PORT and MAIL_PORT say where, VENULE_DATA_DIR where the mail is kept.
 */
import { join } from 'node:path';
import { loadConfig } from '../../config.ts';
import { startMailCatcher } from './catcher.ts';

async function main(): Promise<void> {
  const { dataDir, ports } = loadConfig();
  const catcher = await startMailCatcher(join(dataDir, 'mail'), ports.smtp ?? 1025, ports.mail ?? 8025);
  process.stdout.write(`${JSON.stringify({ msg: 'ready', smtp: catcher.smtpUrl, page: catcher.pageUrl })}\n`);
  process.once('SIGTERM', catcher.close);
  process.once('SIGINT', catcher.close);
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
