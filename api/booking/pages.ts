/** The booking page as HTML: a skeleton that names the team, filled in by `web/booking/page.js`. */
import { html } from '../../notifications/markup.ts';
import type { TeamDocument } from '../../store/documents.ts';
import { ASSETS, patientPage } from '../patient-page.ts';

/** The page behind a link that works. */
export function bookingPage(team: TeamDocument): string {
  return patientPage(
    'Your laboratory appointment',
    team,
    html`<main>
<div id="said" role="status"></div>
<div id="view"><p class="loading">One moment, please …</p></div>
<noscript><p>This page needs JavaScript. To make or change your appointment, please contact ${team.name}.</p></noscript>
</main>
<script type="module" src="${ASSETS}/page.js"></script>`,
  );
}

/** The page of a link that opens nothing. `team` is whom to call, where that is known. */
export function closedPage(title: string, team: TeamDocument | null): string {
  const whom = team ? team.name : 'whoever sent you the link';
  return patientPage(
    title,
    team,
    html`<main>
<h1>${title}</h1>
<p>Links to appointments stop working after some time. Please use the link in the newest message that you have, or contact ${whom}.</p>
</main>`,
  );
}
