/** `GET /`: where everything is. */
import express, { type Router } from 'express';
import { html } from '../notifications/markup.ts';
import { pagePolicy, patientPage, sendPage, unnamedSender } from './patient/patient-page.ts';

/** What stands at `GET /`. */
export interface Home {
  /** Where the API is reached, without a slash at its end. */
  publicUrl: string;
  /** The operator's own pages; null where there is none. Not shown where the API is reached from elsewhere. */
  temporalUiUrl: string | null;
  mailUiUrl: string | null;
}

/** The address that a browser or `curl` opens first; needs no key. */
export function homeRouter(version: string, { publicUrl, temporalUiUrl, mailUiUrl }: Home): Router {
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(publicUrl).hostname);
  const places: [name: string, title: string, url: string | null][] = [
    ['api_reference', 'API reference', `${publicUrl}/reference`],
    ['openapi', 'OpenAPI document', `${publicUrl}/openapi.json`],
    ['alive', 'Health: is this API running?', `${publicUrl}/healthz`],
    ['ready', 'Readiness: can it reach Temporal and MongoDB?', `${publicUrl}/readyz`],
    ['temporal_ui', 'Temporal UI: every journey', local ? temporalUiUrl : null],
    ['mail', 'Mail and SMS to patients', local ? mailUiUrl : null],
  ];
  const known = places.filter(([, , url]) => url !== null);
  const router = express.Router();
  router.get('/', (request, response) => {
    response.vary('accept');
    if (request.accepts(['json', 'html']) !== 'html') {
      response.json({
        name: 'Venule',
        version,
        authentication: 'Send your API key in the header x-vital-api-key.',
        ...Object.fromEntries(known.map(([name, , url]) => [name, url])),
      });
      return;
    }
    const main = html`<main>
<h1>Venule ${version}</h1>
<p>This is the API. Send your key in the header <code>x-vital-api-key</code>.</p>
<ul>${known.map(([, title, url]) => html`<li><a href="${url as string}">${title}</a></li>`)}</ul>
</main>`;
    sendPage(response, pagePolicy(), patientPage('Venule', unnamedSender({ email: '', phone: '' }), main));
  });
  return router;
}
