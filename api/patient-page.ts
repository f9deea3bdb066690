/** What every page for patients has in common: how it looks, whom to call, and what browsers may do with it. */
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { phoneText } from '../domain/phone.ts';
import { html, type Markup } from '../notifications/markup.ts';
import type { TeamDocument } from '../store/documents.ts';
import type { ApiDeps } from './deps.ts';

/** Where scripts and style sheets are. */
export const ASSETS = '/book/assets';

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
 * The last resort of a page: says that it cannot be shown, and notes why.
 * @param sentence What the patient should know besides.
 */
export function answerTrouble({ logger }: Pick<ApiDeps, 'logger'>, sentence: string): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    const { route, correlationId } = response.locals;
    logger.error({ route, correlation_id: correlationId, error: (error as Error).name }, 'patient.page');
    const title = 'This page cannot be shown at the moment';
    const body = html`<main><h1>${title}</h1><p>Please try again in a few minutes. ${sentence}</p></main>`;
    sendPage(response.status(503), pagePolicy(), patientPage(title, null, body));
  };
}

/**
 * The whole page.
 * @param team Who is named above and below; null where nobody may be.
 * @param main The main part, and scripts if there are any.
 */
export function patientPage(title: string, team: TeamDocument | null, main: Markup): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="stylesheet" href="${ASSETS}/page.css">
<link rel="icon" href="data:,">
</head>
<body>
${team ? html`<header class="brand">${team.name}</header>\n` : ''}${main}
${team ? help(team) : ''}
</body>
</html>
`.source;
}

function help({ name, contact }: TeamDocument): Markup {
  const ways = [
    ...(contact.phone
      ? [html`call <a href="tel:${contact.phone.replace(/[^\d+]/g, '')}">${phoneText(contact.phone)}</a>`]
      : []),
    ...(contact.email ? [html`write to <a href="mailto:${contact.email}">${contact.email}</a>`] : []),
  ];
  const [first, second] = ways;
  const how = first && second ? html`${first} or ${second}` : (first ?? html`contact ${name}`);
  return html`<footer><p><strong>Questions?</strong> ${name} is there to help: ${how}.</p></footer>`;
}
