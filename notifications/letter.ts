/** A mail before it is set: one content, from which the HTML and its plain-text twin are both made. */
import { phoneText } from '../domain/people/phone.ts';
import { html, Markup } from './markup.ts';

/** A part of a letter. Links are given as absolute addresses. */
export type Block =
  | { paragraph: string }
  | { heading: string }
  | { list: string[] }
  | { facts: [label: string, value: string][] }
  | { button: string; href: string };

export interface Letter {
  subject: string;
  /** What the inbox shows beside the subject. */
  preheader: string;
  title: string;
  blocks: Block[];
}

/** Who writes, and whom the reader turns to. */
export interface Sender {
  name: string;
  contact: { email: string | null; phone: string | null };
  /** PNG or JPEG; the name is written where there is none. */
  logo: Buffer | null;
}

/** Under which a mail carries the logo that its HTML shows, so that no mail program has to fetch it. */
export const LOGO_CID = 'logo@venule';

/** What every subject, SMS, calendar entry and page title of the sandbox begins with (G5). */
export const SANDBOX_MARK = '[Sandbox]';

/** What stands around a letter. */
export interface Frame {
  sender: Sender;
  /** Where the reader ends this sender's mail. */
  unsubscribe_url: string;
  /** For whom the laboratory work is: `you`, or a minor's first name. */
  about: string;
  /** Whether the order is one of the sandbox, which the mail says first (G5). */
  sandbox: boolean;
}

const UNSUBSCRIBE = 'Unsubscribe';
const SANDBOX = 'Sandbox. This is a test: no laboratory has this order, and no sample will be drawn.';
const INK = '#14181f';
const MUTED = '#56606e';
const ACCENT = '#12405f';
/** What a mail program in dark mode replaces, by class; one that does not know how shows the light colors. */
const DARK = `
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.paper{background:#10141a!important}
.card{background:#181e26!important;border-color:#38424f!important}
.ink{color:#eef1f5!important}
.muted{color:#a7b1be!important}
.accent{color:#8ec7ee!important}
.rule{border-color:#38424f!important}
.wash{background:#1f2d3a!important}
.test{background:#3b2f10!important;color:#ffe2a0!important}
.button{background:#8ec7ee!important}
.label{color:#0b1a26!important}
.logo{background:#ffffff!important;padding:6px 10px!important;border-radius:6px!important}
}`;
const FONT = "font-family:'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";
const TEXT = `${FONT};font-size:16px;line-height:25px;color:${INK}`;

/** The letter as an HTML document: tables and inline styles, as mail programs need them. */
export function htmlOf(letter: Letter, { sender, unsubscribe_url, about, sandbox }: Frame): string {
  const testing = sandbox
    ? html`<tr><td class="test" style="padding:11px 36px;background:#fff3d1;border-radius:8px 8px 0 0;${FONT};font-size:14px;line-height:20px;font-weight:600;color:#5f4300">${SANDBOX}</td></tr>\n`
    : '';
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="x-apple-disable-message-reformatting">
<meta name="format-detection" content="telephone=no, date=no, address=no">
<title>${letter.subject}</title>
<style>${new Markup(DARK)}</style>
</head>
<body class="paper" style="margin:0;padding:0;background:#eef1f4">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">${letter.preheader}${'\u00a0\u200c'.repeat(60)}</div>
<table role="presentation" class="paper" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#eef1f4">
<tr><td align="center" style="padding:32px 12px">
<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:584px;background:#ffffff;border:1px solid #dde2e8;border-radius:8px">
${testing}<tr><td style="padding:28px 36px 0">${brand(sender)}</td></tr>
<tr><td style="padding:22px 36px 8px">
<h1 class="ink" style="${FONT};font-size:25px;line-height:32px;font-weight:700;color:${INK};margin:0 0 18px">${letter.title}</h1>
${letter.blocks.map(blockHtml)}
</td></tr>
<tr><td style="padding:0 36px 30px">${contactHtml(sender)}</td></tr>
</table>
<p class="muted" style="${FONT};font-size:13px;line-height:19px;color:${MUTED};margin:18px 0 0">${footer(sender, about)}</p>
<p style="${FONT};font-size:13px;line-height:19px;margin:4px 0 0"><a href="${unsubscribe_url}" class="muted" style="color:${MUTED};text-decoration:underline">${UNSUBSCRIBE}</a></p>
</td></tr>
</table>
</body>
</html>
`.source;
}

/** The same letter as plain text. */
export function textOf(letter: Letter, { sender, unsubscribe_url, about, sandbox }: Frame): string {
  const foot = `--\n${footer(sender, about)}\n${UNSUBSCRIBE}: ${unsubscribe_url}`;
  const testing = sandbox ? [SANDBOX] : [];
  const parts = [...testing, letter.title, ...letter.blocks.map(blockText), contactText(sender), foot];
  return `${parts.join('\n\n')}\n`;
}

function brand(sender: Sender): Markup {
  if (sender.logo) {
    return html`<img src="cid:${LOGO_CID}" alt="${sender.name}" class="logo" height="36" style="display:block;height:36px;max-width:240px;border:0;${FONT};font-size:18px;font-weight:700;color:${ACCENT}">`;
  }
  return html`<p class="accent" style="${FONT};font-size:18px;line-height:24px;font-weight:700;color:${ACCENT};margin:0">${sender.name}</p>`;
}

function blockHtml(block: Block): Markup {
  if ('paragraph' in block) return html`<p class="ink" style="${TEXT};margin:0 0 16px">${block.paragraph}</p>\n`;
  if ('heading' in block) {
    return html`<h2 class="accent" style="${FONT};font-size:17px;line-height:24px;font-weight:700;color:${ACCENT};margin:26px 0 8px">${block.heading}</h2>\n`;
  }
  if ('list' in block) {
    const items = block.list.map((item) => html`<li style="margin:0 0 6px">${item}</li>`);
    return html`<ul class="ink" style="${TEXT};margin:0 0 16px;padding:0 0 0 22px">${items}</ul>\n`;
  }
  if ('facts' in block) {
    const rows = block.facts.map(
      ([label, value]) =>
        html`<tr><td class="muted" valign="top" style="${FONT};font-size:14px;line-height:21px;color:${MUTED};padding:5px 18px 5px 0;white-space:nowrap">${label}</td><td class="ink" valign="top" style="${FONT};font-size:15px;line-height:21px;font-weight:600;color:${INK};padding:5px 0">${value}</td></tr>`,
    );
    return html`<table role="presentation" class="rule" cellpadding="0" cellspacing="0" border="0" width="100%" style="margin:0 0 18px;border-top:1px solid #dde2e8;border-bottom:1px solid #dde2e8"><tr><td style="padding:7px 0"><table role="presentation" cellpadding="0" cellspacing="0" border="0">${rows}</table></td></tr></table>\n`;
  }
  return html`<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:4px 0 20px"><tr><td class="button" style="background:${ACCENT};border-radius:6px"><a class="label" href="${block.href}" style="${FONT};display:inline-block;padding:12px 22px;font-size:16px;line-height:22px;font-weight:600;color:#ffffff;text-decoration:none">${block.button}</a></td></tr></table>\n`;
}

function blockText(block: Block): string {
  if ('paragraph' in block) return block.paragraph;
  if ('heading' in block) return `${block.heading}\n${'-'.repeat(block.heading.length)}`;
  if ('list' in block) return block.list.map((item) => `* ${item}`).join('\n');
  if ('facts' in block) return block.facts.map(([label, value]) => `${label}: ${value}`).join('\n');
  return `${block.button}:\n${block.href}`;
}

/** Whom to call: closes every letter (F11). */
function contactHtml(sender: Sender): Markup {
  const { phone, email } = sender.contact;
  const link = `color:${ACCENT};font-weight:600;text-decoration:underline`;
  const ways = [
    ...(phone
      ? [
          html`call <a class="accent" href="tel:${phone.replace(/[^\d+]/g, '')}" style="${link}">${phoneText(phone)}</a>`,
        ]
      : []),
    ...(email ? [html`write to <a class="accent" href="mailto:${email}" style="${link}">${email}</a>`] : []),
  ];
  const [first, second] = ways;
  const how = first && second ? html`${first} or ${second}` : (first ?? html`contact ${sender.name}`);
  return html`<table role="presentation" class="wash" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#f2f5f8;border-radius:6px"><tr><td class="ink" style="padding:15px 18px;${FONT};font-size:15px;line-height:23px;color:${INK}"><strong>Questions?</strong> ${sender.name} can help: ${how}.</td></tr></table>`;
}

function contactText(sender: Sender): string {
  const { phone, email } = sender.contact;
  const ways = [...(phone ? [`call ${phoneText(phone)}`] : []), ...(email ? [`write to ${email}`] : [])];
  return `Questions? ${sender.name} can help: ${ways.join(' or ') || `contact ${sender.name}`}.`;
}

function footer(sender: Sender, about: string): string {
  return `You are receiving this message because ${sender.name} ordered lab work for ${about}.`;
}
