/** The page at the address on a requisition's last page, as HTML: a plain form, without a script. */
import { html } from '../../../notifications/markup.ts';
import { type PageSender, patientPage } from '../patient-page.ts';

/** What is said about an answer that opens nothing: it is no date of birth, or not the patient's and so many are left. */
export type WrongAnswer = 'no_date' | { left: number };

/** Asks for the birth date. `path` is the link's. */
export function birthDatePage(sender: PageSender, path: string, wrong: WrongAnswer | null): string {
  const title = 'Book your appointment';
  const said = wrong ? html`<p id="wrong" class="wrong" role="alert">${wordsFor(wrong)}</p>` : '';
  const marked = wrong ? html` aria-invalid="true" aria-describedby="wrong"` : '';
  return patientPage(
    wrong ? `Please try again – ${title}` : title,
    sender,
    html`<main>
<h1>${title}</h1>
<p>Anybody can read what is printed on paper, so please tell us the patient’s date of birth first.</p>
${said}
<form method="post" action="${path}">
<label for="born">Patient’s date of birth</label>
<input id="born" name="born" type="date" required autocomplete="bday"${marked}>
<div class="actions"><button class="primary">Continue</button></div>
</form>
</main>`,
  );
}

function wordsFor(wrong: WrongAnswer): string {
  if (wrong === 'no_date') return 'Please enter a date of birth: month, day and year.';
  const tries = wrong.left === 1 ? 'One more try is left' : `${wrong.left} more tries are left`;
  return `That is not the patient’s date of birth. ${tries}.`;
}
