/** The page on which a patient ends a team's mail, as HTML: buttons in plain forms, without a script. */
import { html } from '../../../notifications/markup.ts';
import { type PageSender, patientPage } from '../patient-page.ts';

/** Before: what will happen, and the button. `path` is the link's. */
export function subscribedPage(sender: PageSender, path: string, said = ''): string {
  const title = `Unsubscribe from ${sender.name}’s mail?`;
  return patientPage(
    title,
    sender,
    html`<main>
<div id="said" role="status">${said}</div>
<h1>${title}</h1>
<p>This stops all mail about lab work from ${sender.name ?? ''} to the address that this link was sent to. You will not get requisitions, appointment confirmations, or cancellation notices by mail.</p>
<p>Your orders and appointments stay as they are. Text messages are not affected; to stop those, reply STOP to one of them.</p>
<form method="post" action="${path}"><div class="actions"><button class="primary">Unsubscribe</button></div></form>
</main>`,
  );
}

/** Afterwards: that it is done, and the way back. */
export function unsubscribedPage(sender: PageSender, path: string): string {
  const title = `You are unsubscribed from ${sender.name}’s mail`;
  return patientPage(
    title,
    sender,
    html`<main>
<h1>${title}</h1>
<p>Your orders and appointments stay as they are. Text messages are not affected; to stop those, reply STOP to one of them.</p>
<form method="post" action="${path}/undo"><div class="actions"><button>Resubscribe</button></div></form>
</main>`,
  );
}

/** For a link that was never given out, or was cut short. */
export function unknownPage(sender: PageSender): string {
  const title = 'This link does not work';
  return patientPage(
    title,
    sender,
    html`<main>
<h1>${title}</h1>
<p>Please use the complete link at the end of your most recent mail, or contact whoever sent it.</p>
</main>`,
  );
}
