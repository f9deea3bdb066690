/** What the laboratory noted about tests as a whole, after the results (A7). */
import type { OrderResult } from '../../domain/results/results.ts';
import { heading, type Sheet } from '../page/sheet.ts';
import { TEXT } from '../page/styles.ts';

/** Prints the notes of each sample; of several, samples are told apart by their numbers in this report. */
export function placeLaboratoryNotes(sheet: Sheet, { sample_information }: OrderResult): void {
  const samples = Object.values(sample_information);
  const noted = samples.flatMap(({ clinical_information: { notes } }, index) => (notes ? [{ notes, index }] : []));
  if (noted.length === 0) return;
  heading(sheet, 'Notes from the laboratory');
  for (const { notes, index } of noted) {
    if (samples.length > 1) sheet.flow(`Sample ${index + 1}`, sheet.left, sheet.width, TEXT.bodyStrong);
    // By paragraphs: what is set in columns in one of them does not make columns of the others.
    for (const paragraph of notes.split(/\n{2,}/)) {
      sheet.flow(paragraph, sheet.left, sheet.width, TEXT.body);
      sheet.y += 6;
    }
  }
  sheet.y += 6;
}
