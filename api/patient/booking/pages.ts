/** The booking page as HTML: a skeleton that names the team, filled in by `web/booking/page.js`. */
import { html } from '../../../notifications/markup.ts';
import { ASSETS, type PageSender, patientPage } from '../patient-page.ts';

/** The page behind a link that works. */
export function bookingPage(sender: PageSender): string {
  return patientPage(
    'Your laboratory appointment',
    sender,
    html`<main>
<div id="said" role="status"></div>
<div id="view"><p class="loading">One moment, please …</p></div>
<noscript><p>This page needs JavaScript. To make or change your appointment, please contact ${sender.name ?? 'us'}.</p></noscript>
</main>
<script type="module" src="${ASSETS}/page.js"></script>`,
  );
}

/** The page of a link that opens nothing. */
export function closedPage(title: string, sender: PageSender): string {
  return patientPage(
    title,
    sender,
    html`<main>
<h1>${title}</h1>
<p>Appointment links expire after some time, and a link that was cut off does not work. Please use the complete link in your most recent message, or contact ${sender.name ?? 'whoever sent you the link'}.</p>
</main>`,
  );
}

/** The page of something that an order does not have (any more), such as its requisition. */
export function nothingThere(title: string, sender: PageSender, path: string): string {
  return patientPage(
    title,
    sender,
    html`<main>
<h1>${title}</h1>
<p><a href="${path}">Go to your appointment</a></p>
</main>`,
  );
}
