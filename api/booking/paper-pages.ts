/** The page at the address on a requisition's last page, as HTML: a plain form, without a script. */
import { html } from '../../notifications/markup.ts';
import { type PageSender, patientPage } from '../patient-page.ts';

/** What a wrong answer is told. */
export interface WrongDate {
  /** How many more are taken. */
  left: number;
}

/** Asks for the birth date. `path` is the link's. */
export function birthDatePage(sender: PageSender, path: string, wrong: WrongDate | null): string {
  const title = 'Book your appointment';
  const said = wrong
    ? html`<p id="wrong" class="error" role="alert">That is not the patient’s date of birth. ${wrong.left === 1 ? 'One more try is left.' : `${wrong.left} more tries are left.`}</p>`
    : '';
  return patientPage(
    wrong ? `Not the date of birth – ${title}` : title,
    sender,
    html`<main>
<h1>${title}</h1>
<p>Anybody can read what is printed on paper. Please tell us the patient’s date of birth first.</p>
${said}
<form method="post" action="${path}">
<label for="born">Date of birth</label>
<input id="born" name="born" type="date" required autocomplete="off"${wrong ? html` aria-invalid="true" aria-describedby="wrong"` : ''}>
<div class="actions"><button class="primary">Go on</button></div>
</form>
</main>`,
  );
}

/** The link takes no more answers, or is no longer valid. */
export function closedPaperPage(title: string, sender: PageSender): string {
  return patientPage(
    title,
    sender,
    html`<main>
<h1>${title}</h1>
<p>To make or change the appointment, use the link in the newest message that you have, or contact ${sender.name ?? 'whoever gave you the paper'}.</p>
</main>`,
  );
}
