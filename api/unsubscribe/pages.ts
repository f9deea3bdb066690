/** The page on which a patient ends a team's mail, as HTML: buttons in plain forms, without a script. */
import { html } from '../../notifications/markup.ts';
import { type PageSender, patientPage } from '../patient-page.ts';

/** Before: what will happen, and the button. `path` is the link's. */
export function subscribedPage(sender: PageSender, path: string, said = ''): string {
  const title = `Receive no more mail from ${sender.name}?`;
  return patientPage(
    title,
    sender,
    html`<main>
<div id="said" role="status">${said}</div>
<h1>${title}</h1>
<p>This ends all mail about laboratory work from ${sender.name ?? ''} to the address that the link was sent to. You will get no requisition, no confirmation of an appointment and no word of a canceled order by mail.</p>
<p>Orders and appointments stay as they are. Text messages are not affected; to end those, reply STOP to one of them.</p>
<form method="post" action="${path}"><div class="actions"><button class="primary">Receive no more mail</button></div></form>
</main>`,
  );
}

/** Afterwards: that it is done, and the way back. */
export function unsubscribedPage(sender: PageSender, path: string): string {
  const title = `You will receive no more mail from ${sender.name}`;
  return patientPage(
    title,
    sender,
    html`<main>
<h1>${title}</h1>
<p>Orders and appointments stay as they are. Text messages are not affected; to end those, reply STOP to one of them.</p>
<form method="post" action="${path}/undo"><div class="actions"><button>Receive mail again</button></div></form>
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
<p>Please use the whole link at the end of the newest mail that you have, or contact whoever sent it.</p>
</main>`,
  );
}
