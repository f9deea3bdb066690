/** The pages of the mail catcher. What a mail says is shown, and nothing in it is run or fetched. */
import type { Address, Attachment } from 'postal-mime';
import type { CaughtMail } from './mailbox.ts';
import type { KeptSms } from './sms-box.ts';

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8884; }
  td { overflow-wrap: anywhere; }
  td:first-child, td:nth-child(2):not(:last-child) { white-space: nowrap; }
  form { display: flex; gap: .5rem; margin: 1rem 0; }
  input { flex: 1; font: inherit; padding: .4rem .6rem; }
  button { font: inherit; padding: .4rem .9rem; }
  iframe { width: 100%; height: 40rem; border: 1px solid #8884; border-radius: 6px; background: #fff; }
  pre { white-space: pre-wrap; border: 1px solid #8884; border-radius: 6px; padding: 1rem; }
`;

/** What was caught, newest first. @param sms null while it cannot be read. */
export interface Caught {
  mails: readonly CaughtMail[];
  sms: readonly KeptSms[] | null;
}

/** Words to search by, lower case. */
export const wordsOf = (query: unknown): string[] =>
  typeof query === 'string' ? query.toLowerCase().split(/\s+/).filter(Boolean) : [];

/** All caught mail and SMS, or those in which the words stand. */
export function listPage({ mails, sms }: Caught, query: string): string {
  const rows = [
    ...mails.map(({ id, email }) => {
      const subject = `<a href="/mail/${id}">${escapeHtml(email.subject || '(no subject)')}</a>`;
      const files = email.attachments.length;
      const attached = files > 0 ? ` · ${files} ${files === 1 ? 'attachment' : 'attachments'}` : '';
      return { at: dateOf(email.date), way: 'Mail', to: addresses(email.to), what: `${subject}${attached}` };
    }),
    ...(sms ?? []).map(({ to, text, sent_at }) => ({ at: sent_at, way: 'SMS', to, what: escapeHtml(text) })),
  ].sort((one, other) => other.at.getTime() - one.at.getTime());
  const nothing = query
    ? `<p>No message contains “${escapeHtml(query)}”. <a href="/">All messages</a></p>`
    : '<p>No messages yet. Mail and SMS appear here instead of being sent to patients.</p>';
  const table = rows.map(({ at, way, to, what }) => `<tr><td>${sentAt(at)}<td>${way}<td>${escapeHtml(to)}<td>${what}`);
  return page('Caught messages', [
    `<form action="/" method="get" role="search"><input type="search" name="q" value="${escapeHtml(query)}" aria-label="Words" placeholder="Name, address, number, words"><button>Search</button></form>`,
    sms === null ? '<p>SMS cannot be shown at the moment: the database is not responding.</p>' : '',
    rows.length === 0
      ? nothing
      : `<table><thead><tr><th>Sent<th>By<th>To<th>What</thead><tbody>${table.join('')}</tbody></table>`,
  ]);
}

/** One mail: HTML part, text part and attachments. */
export function mailPage({ id, email }: CaughtMail): string {
  const facts: [string, string][] = [
    ['From', addresses(email.from ? [email.from] : [])],
    ['To', addresses(email.to)],
    ['Reply to', addresses(email.replyTo)],
    ['Sent', email.date ? sentAt(dateOf(email.date)) : ''],
    ['Message id', email.messageId ?? ''],
  ];
  const attachments = email.attachments.map(
    (attachment, number) =>
      `<li><a href="/mail/${id}/attachments/${number}">${escapeHtml(attachmentName(attachment, number))}</a> ${escapeHtml(attachment.mimeType)}`,
  );
  return page(email.subject || '(no subject)', [
    '<p><a href="/">All messages</a></p>',
    `<table>${facts.map(([name, value]) => `<tr><th>${name}<td>${escapeHtml(value)}`).join('')}</table>`,
    attachments.length > 0 ? `<h2>Attachments</h2><ul>${attachments.join('')}</ul>` : '',
    email.html ? `<h2>HTML</h2><iframe sandbox src="/mail/${id}/html" title="HTML part"></iframe>` : '',
    email.text ? `<h2>Text</h2><pre>${escapeHtml(email.text)}</pre>` : '',
  ]);
}

/** The HTML part as mail programs show it: pictures that the mail brings along stand in it. */
export function htmlPart({ email }: CaughtMail): string {
  const pictures = new Map(
    email.attachments.flatMap(({ contentId, mimeType, content }) =>
      contentId && /^image\/(png|jpeg|gif)$/.test(mimeType)
        ? [[contentId.replace(/^<|>$/g, ''), { mimeType, content }] as const]
        : [],
    ),
  );
  return (email.html ?? '').replace(/\bcid:([^"'\s)>]+)/g, (reference, id: string) => {
    const picture = pictures.get(id);
    if (!picture) return reference;
    return `data:${picture.mimeType};base64,${Buffer.from(picture.content as ArrayBuffer).toString('base64')}`;
  });
}

/** What a mail is to a program that asks for JSON. */
export function mailAsJson({ id, email }: CaughtMail): Record<string, unknown> {
  return {
    id,
    message_id: email.messageId ?? null,
    from: email.from?.address ?? null,
    from_name: email.from?.name ?? null,
    to: (email.to ?? []).map(({ address }) => address),
    subject: email.subject ?? '',
    date: email.date ?? null,
    text: email.text ?? null,
    html: email.html ?? null,
    attachments: email.attachments.map(({ filename, mimeType }, number) => ({
      /** Null for a part that has none, such as the invitation that mail programs read. */
      filename: filename || null,
      content_type: mimeType,
      url: `/mail/${id}/attachments/${number}`,
    })),
  };
}

/** The name of an attachment, even if it has none of its own. */
export function attachmentName({ filename, mimeType }: Attachment, number: number): string {
  return filename || (mimeType === 'text/calendar' ? 'invitation.ics' : `attachment-${number + 1}`);
}

/** In the zone of this machine, which is its reader's. */
const SENT = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'long' });
const sentAt = (date: Date) => (Number.isNaN(date.getTime()) ? '' : SENT.format(date));
/** A mail without a date is an old one. */
const dateOf = (date: string | undefined) => new Date(date ?? 0);

function addresses(list: readonly Address[] = []): string {
  return list.map(({ name, address }) => (name ? `${name} <${address}>` : (address ?? ''))).join(', ');
}

function page(title: string, body: readonly string[]): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${STYLE}</style><h1>${escapeHtml(title)}</h1>${body.join('\n')}</html>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
