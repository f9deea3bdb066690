/** The pages of the mail catcher. What a mail says is shown, and nothing in it is run or fetched. */
import type { Address, Attachment } from 'postal-mime';
import type { CaughtMail } from './mailbox.ts';

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8884; }
  iframe { width: 100%; height: 40rem; border: 1px solid #8884; border-radius: 6px; background: #fff; }
  pre { white-space: pre-wrap; border: 1px solid #8884; border-radius: 6px; padding: 1rem; }
`;

/** All caught mail. */
export function listPage(mails: readonly CaughtMail[]): string {
  const rows = mails.map(({ id, email }) => {
    const subject = `<a href="/mail/${id}">${escapeHtml(email.subject || '(no subject)')}</a>`;
    return `<tr><td>${escapeHtml(sentAt(email.date))}<td>${escapeHtml(addresses(email.to))}<td>${subject}<td>${email.attachments.length || ''}`;
  });
  return page(
    'Caught mail',
    mails.length === 0
      ? '<p>No mail yet. It appears here instead of reaching a patient.</p>'
      : `<table><thead><tr><th>Sent<th>To<th>Subject<th>Attachments</thead><tbody>${rows.join('')}</tbody></table>`,
  );
}

/** One mail: HTML part, text part and attachments. */
export function mailPage({ id, email }: CaughtMail): string {
  const facts: [string, string][] = [
    ['From', addresses(email.from ? [email.from] : [])],
    ['To', addresses(email.to)],
    ['Sent', sentAt(email.date)],
    ['Message id', email.messageId ?? ''],
  ];
  const attachments = email.attachments.map(
    (attachment, number) =>
      `<li><a href="/mail/${id}/attachments/${number}">${escapeHtml(attachmentName(attachment, number))}</a> ${escapeHtml(attachment.mimeType)}`,
  );
  return page(
    email.subject || '(no subject)',
    [
      '<p><a href="/">All mail</a></p>',
      `<table>${facts.map(([name, value]) => `<tr><th>${name}<td>${escapeHtml(value)}`).join('')}</table>`,
      attachments.length > 0 ? `<h2>Attachments</h2><ul>${attachments.join('')}</ul>` : '',
      email.html ? `<h2>HTML</h2><iframe sandbox src="/mail/${id}/html" title="HTML part"></iframe>` : '',
      email.text ? `<h2>Text</h2><pre>${escapeHtml(email.text)}</pre>` : '',
    ].join('\n'),
  );
}

/** What a mail is to a program that asks for JSON. */
export function mailAsJson({ id, email }: CaughtMail): Record<string, unknown> {
  return {
    id,
    message_id: email.messageId ?? null,
    from: email.from?.address ?? null,
    to: (email.to ?? []).map(({ address }) => address),
    subject: email.subject ?? '',
    date: email.date ?? null,
    text: email.text ?? null,
    html: email.html ?? null,
    attachments: email.attachments.map((attachment, number) => ({
      filename: attachmentName(attachment, number),
      content_type: attachment.mimeType,
      url: `/mail/${id}/attachments/${number}`,
    })),
  };
}

/** The name of an attachment, also where it came without one. */
export function attachmentName({ filename }: Attachment, number: number): string {
  return filename || `attachment-${number + 1}`;
}

/** In the zone of this machine, which is its reader's. */
const SENT = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'long' });
const sentAt = (date: string | undefined) => (date ? SENT.format(new Date(date)) : '');

function addresses(list: readonly Address[] = []): string {
  return list.map(({ name, address }) => (name ? `${name} <${address}>` : (address ?? ''))).join(', ');
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${STYLE}</style><h1>${escapeHtml(title)}</h1>${body}</html>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
