/**
 * The last page of a requisition is the patient's to keep: where to go, what to bring, how to book. Nothing on it is for
 * the laboratory, and nothing tells the birth date, with which the booking page is opened.
 */
import type { Laboratory } from '../../domain/catalogue/catalogue.ts';
import type { CollectionMethod } from '../../domain/orders/status.ts';
import { phoneText } from '../../domain/people/phone.ts';
import { drawQr } from '../page/barcode.ts';
import { dateOf } from '../page/dates.ts';
import { heading, type Sheet } from '../page/sheet.ts';
import { TEXT } from '../page/styles.ts';
import { contactText } from '../page/words.ts';
import type { RequisitionContent } from './requisition.ts';

const QR_SIDE = 128;

/** Where the sample is taken, by the way it is collected. */
const WHERE: Record<CollectionMethod, (laboratory: Laboratory) => string> = {
  walk_in_test: (laboratory) =>
    `Go to a ${laboratory.name} patient service center. Find one near you: ${laboratory.psc_locator_url}`,
  at_home_phlebotomy: () => 'You do not need to go anywhere: a phlebotomist will come to your address.',
  testkit: () =>
    'You do not need to go anywhere: follow the instructions in your test kit, and send the sample back in the box it came in.',
  on_site_collection: () => 'Your sample will be collected on site, where you were told to go.',
};

const BRING: Record<CollectionMethod, string> = {
  walk_in_test: 'The other pages of this requisition, and a photo ID. This page is yours to keep.',
  at_home_phlebotomy:
    'Have the other pages of this requisition and a photo ID ready when the phlebotomist arrives. This page is yours to keep.',
  testkit: 'Keep this requisition together with your kit.',
  on_site_collection:
    'The other pages of this requisition, and a photo ID. Hand them to the person who draws your blood. This page is yours to keep.',
};

/** Prints the patient's page. */
export function patientPage(sheet: Sheet, content: RequisitionContent): void {
  const { order, laboratory, team } = content;
  sheet.break();
  sheet.y +=
    sheet.place('For you, the patient', sheet.left, sheet.y, sheet.width, { ...TEXT.title, element: 'H2' }) + 10;
  if (content.canceled) {
    paragraph(sheet, 'This order was canceled', 'Nothing will be drawn or tested on this requisition.');
  } else {
    paragraph(sheet, 'Where to go', WHERE[order.collection_method](laboratory));
    paragraph(sheet, 'What to bring', BRING[order.collection_method]);
    paragraph(sheet, 'Before the draw', fastingWords(content));
    const until = dateOf(content.valid_until, order.options.time_zone);
    paragraph(sheet, 'Valid until', `This requisition is valid until ${until}.`);
    if (content.collection_instructions) paragraph(sheet, 'Instructions', content.collection_instructions);
    booking(sheet, content);
  }
  const ways = contactText(team.contact, ' or ');
  paragraph(
    sheet,
    'Questions',
    [`${team.name}${ways ? `: ${ways}` : ''}`, `${laboratory.name}: ${phoneText(laboratory.phone)}`].join('\n'),
  );
}

function fastingWords({ fasting }: RequisitionContent): string {
  return fasting
    ? 'Fasting is required: nothing to eat or drink but water for 8 to 12 hours before the draw, unless the instructions say otherwise. Early morning is easiest. Take your medicines as usual unless you were told otherwise.'
    : 'Fasting is not required. Eat and drink as usual.';
}

/** How the patient books: a code for the telephone, and the same address in letters. */
function booking(sheet: Sheet, { booking_url: url }: RequisitionContent): void {
  if (!url) return;
  sheet.ensure(QR_SIDE + 30);
  heading(sheet, 'Book or change your appointment');
  const top = sheet.y;
  drawQr(sheet, url, 'QR code of the address beside it', sheet.left - 6, top, QR_SIDE);
  const x = sheet.left + QR_SIDE + 10;
  sheet.y += 10;
  const words = { ...TEXT.body, size: 11, leading: 14.5 };
  sheet.flow(
    'Point your phone’s camera at the code, or open the link below. The page will ask for the patient’s date of birth first.',
    x,
    sheet.right - x,
    words,
  );
  sheet.y += 4;
  sheet.flow(url, x, sheet.right - x, TEXT.small);
  sheet.y = Math.max(sheet.y, top + QR_SIDE) + 8;
}

function paragraph(sheet: Sheet, title: string, text: string): void {
  heading(sheet, title);
  sheet.flow(text, sheet.left, sheet.width, { ...TEXT.body, size: 11, leading: 14.5 });
  sheet.y += 12;
}
