/** What every page for patients has in common: how it looks, whom to call, and what browsers may do with it. */
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { phoneText } from '../../domain/people/phone.ts';
import { SANDBOX_MARK } from '../../notifications/letter.ts';
import { html, type Markup } from '../../notifications/markup.ts';
import { type Contact, contactOf, hasContact, logoOf } from '../../store/access/teams.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../http/errors.ts';

/** Where scripts and style sheets are. */
export const ASSETS = '/book/assets';

/** Who speaks on a page, and whom the patient turns to. */
export interface PageSender {
  /** The team's name; null where nobody may be named. */
  name: string | null;
  contact: Contact;
  /** PNG or JPEG; the name is written where there is none. */
  logo: Buffer | null;
  /** Whether nothing on the page is real (G5). */
  sandbox: boolean;
}

/** A team as it speaks on a page. @param standIn The installation's contact, for a team that has none. */
export function pageSender(team: TeamDocument, standIn: Contact): PageSender {
  const { name, environment } = team;
  return { name, contact: contactOf(team, standIn), logo: logoOf(team), sandbox: environment === 'sandbox' };
}

/** Where no team may be named, the installation speaks. */
export const unnamedSender = (standIn: Contact): PageSender => ({
  name: null,
  contact: standIn,
  logo: null,
  sandbox: false,
});

/**
 * The content security policy of such a page: it loads nothing from elsewhere and is framed by nobody.
 * @param more What else this page may do.
 */
export function pagePolicy(...more: string[]): string {
  const always = [
    "default-src 'none'",
    "style-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return [...always, ...more].join('; ');
}

/**
 * Headers for everything behind a link: neither indexed nor told to anyone else.
 * @param route The path as it is logged; the address itself holds the token.
 */
export function behindLink(route: string): RequestHandler {
  return (_request, response, next) => {
    response.locals.route = route;
    response.set({
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex, nofollow',
    });
    next();
  };
}

/** Answers with a page. */
export function sendPage(response: Response, policy: string, page: string): void {
  response.set('content-security-policy', policy).type('html').send(page);
}

/**
 * The last resort of a page: whom to call, that it cannot be shown, and in the log why.
 * @param sentence What the patient should know besides.
 */
export function answerTrouble(
  { logger, config }: Pick<ApiDeps, 'logger'> & { config: Pick<ApiDeps['config'], 'standInContact'> },
  sentence: string,
): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    const sender = unnamedSender(config.standInContact);
    if (error instanceof ApiError && error.code === 'too_many_requests') {
      const body = html`<main><h1>${BUSY}</h1><p>This page is very busy right now. ${sentence}</p></main>`;
      response.status(429).set('retry-after', String(error.retryAfter ?? 1));
      return sendPage(response, pagePolicy(), patientPage(BUSY, sender, body));
    }
    const { route, correlationId } = response.locals;
    logger.error({ route, correlation_id: correlationId, error: (error as Error).name }, 'patient.page');
    const body = html`<main><h1>${AWAY}</h1>${help(sender)}<p>Please try again in a few minutes. ${sentence}</p></main>`;
    sendPage(response.status(503), pagePolicy(), framed(AWAY, sender, body));
  };
}

const BUSY = 'Please try again in a moment';
const AWAY = 'This page is not available at the moment';
const TESTING = 'Sandbox. This is a test: appointments are not real, and no sample will be drawn.';

/**
 * The whole page, with whom to turn to at its foot.
 * @param main The main part, and scripts if there are any.
 */
export function patientPage(title: string, sender: PageSender, main: Markup): string {
  const foot = help(sender);
  return framed(title, sender, foot ? html`${main}\n<footer>${foot}</footer>` : main);
}

function framed(title: string, sender: PageSender, body: Markup): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<meta name="referrer" content="no-referrer">
<title>${sender.sandbox ? `${SANDBOX_MARK} ` : ''}${title}</title>
<link rel="stylesheet" href="${ASSETS}/page.css">
<link rel="icon" href="data:,">
</head>
<body>
${head(sender)}${body}
</body>
</html>
`.source;
}

/** Who speaks, and that nothing is real where it is not. */
function head(sender: PageSender): Markup | string {
  if (sender.name === null) return '';
  const testing = sender.sandbox ? html`<p class="sandbox">${TESTING}</p>` : '';
  return html`<header><div class="brand">${brand(sender)}</div>${testing}</header>\n`;
}

function brand({ name, logo }: PageSender): Markup | string {
  if (name === null || !logo) return name ?? '';
  const kind = logo.subarray(1, 4).toString('latin1') === 'PNG' ? 'png' : 'jpeg';
  const source = `data:image/${kind};base64,${logo.toString('base64')}`;
  return html`<img src="${source}" alt="${name}">`;
}

/** Whom to call; nothing where nobody is known. The page's script shows it first when a provider is down. */
function help({ name, contact }: PageSender): Markup | string {
  const { phone, email } = contact;
  const ways = [
    ...(phone ? [html`call <a href="tel:${phone.replace(/[^\d+]/g, '')}">${phoneText(phone)}</a>`] : []),
    ...(email ? [html`write to <a href="mailto:${email}">${email}</a>`] : []),
  ];
  const [first, second] = ways;
  if (name === null && !hasContact({ contact })) return '';
  const how = first && second ? html`${first} or ${second}` : (first ?? html`contact ${name ?? ''}`);
  return html`<p id="help"><strong>Questions?</strong> ${name === null ? 'Please' : html`${name} can help:`} ${how}.</p>`;
}
