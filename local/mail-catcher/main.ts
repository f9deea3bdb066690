/**
 * Catches mail instead of sending it on, and shows it on a page, with the SMS that were kept; `GET /mails` and `GET /sms`
 * give the same as JSON, `?q=` those in which words stand. SMTP_PORT and MAIL_PORT say where, VENULE_DATA_DIR where the
 * mail is kept, MONGODB_URI where the SMS are.
 */
import { join } from 'node:path';
import { loadConfig } from '../../config/config.ts';
import { startMailCatcher } from './catcher.ts';
import { openSmsBox } from './sms-box.ts';

async function main(): Promise<void> {
  const { dataDir, ports, mongodbUri } = loadConfig();
  const catcher = await startMailCatcher(
    join(dataDir, 'mail'),
    ports.smtp ?? 1025,
    ports.mail ?? 8025,
    openSmsBox(mongodbUri),
  );
  process.stdout.write(`${JSON.stringify({ msg: 'ready', smtp: catcher.smtpUrl, page: catcher.pageUrl })}\n`);
  process.once('SIGTERM', catcher.close);
  process.once('SIGINT', catcher.close);
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
