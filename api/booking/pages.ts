/** The booking page as HTML: a skeleton that names the team, filled in by `web/booking/page.js`. */
import { phoneText } from '../../domain/phone.ts';
import { html, type Markup } from '../../notifications/markup.ts';
import type { TeamDocument } from '../../store/documents.ts';

/** Where the page's script and style sheet are, below the page's own folder. */
const ASSETS = '/book/assets';

/** The page behind a link that works. */
export function bookingPage(team: TeamDocument): string {
  return document(
    'Your laboratory appointment',
    html`<header class="brand">${team.name}</header>
<main>
<div id="said" role="status"></div>
<div id="view"><p class="loading">One moment, please …</p></div>
<noscript><p>This page needs JavaScript. To make or change your appointment, please contact ${team.name}.</p></noscript>
</main>
${help(team)}
<script type="module" src="${ASSETS}/page.js"></script>`,
  );
}

/** The page of a link that opens nothing. `team` is whom to call, where that is known. */
export function closedPage(title: string, team: TeamDocument | null): string {
  const whom = team ? team.name : 'whoever sent you the link';
  return document(
    title,
    html`${team ? html`<header class="brand">${team.name}</header>` : ''}
<main>
<h1>${title}</h1>
<p>Links to appointments stop working after some time. Please use the link in the newest message that you have, or contact ${whom}.</p>
</main>
${team ? help(team) : ''}`,
  );
}

/** The page while a part that is needed is away. */
export function troublePage(): string {
  const title = 'This page cannot be shown at the moment';
  return document(
    title,
    html`<main><h1>${title}</h1><p>Please try again in a few minutes. Your appointment, if you have one, stays as it is.</p></main>`,
  );
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

function document(title: string, body: Markup): string {
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
${body}
</body>
</html>
`.source;
}
