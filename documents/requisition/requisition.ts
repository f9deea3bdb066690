/** The requisition: what the patient carries to the draw, and what the phlebotomist and the laboratory read (A3, G7). */
import type { LabAccount, Laboratory, Marker } from '../../domain/catalogue/catalogue.ts';
import { tubesFor, tubesInWords } from '../../domain/catalogue/tubes.ts';
import type { Order } from '../../domain/orders/order.ts';
import { code128Width, drawCode128, QUIET } from '../page/barcode.ts';
import { dateOf, dateTime } from '../page/dates.ts';
import { isPrintable } from '../page/pictures.ts';
import { CANCELED_MARK, finishWithRunningLines, SANDBOX_MARK } from '../page/running.ts';
import { heading, Sheet } from '../page/sheet.ts';
import { ACCENT, INK, TEXT, WASH } from '../page/styles.ts';
import { type Column, Table } from '../page/table.ts';
import { placeLabels } from './labels.ts';
import { parties } from './parties.ts';
import { patientPage } from './patient-page.ts';

/** The client of the laboratory, and whom the patient turns to with questions. */
export interface IssuingTeam {
  name: string;
  contact: { email: string | null; phone: string | null; address?: string | null };
  /** PNG or JPEG; anything else is left out and the name is printed instead. */
  logo?: Buffer | null;
}

/** Everything a requisition says. */
export interface RequisitionContent {
  order: Order;
  laboratory: Laboratory;
  account: LabAccount;
  /** The catalogue's entries for `order.markers`. */
  markers: Marker[];
  lab_test_name: string;
  fasting: boolean;
  collection_instructions: string | null;
  /** ISO instant; the only date of the document, so that printing it again gives the same bytes. */
  issued_at: string;
  /** ISO instant after which the laboratory should not draw on it (F1). */
  valid_until: string;
  /** Set on a redraw (D6): the requisition that could not be completed. */
  redraw_of: { placer_order_number: string } | null;
  team: IssuingTeam;
  /** The physician's signature, PNG or JPEG; a line to sign on where there is none. */
  signature?: Buffer | null;
  /** Whether the order was canceled, so that nobody draws on it. */
  canceled?: boolean;
  /** Where the patient books: asks for the birth date, as anybody can read it. */
  booking_url?: string | null;
}

/**
 * Prints a requisition as a letter-size PDF: what the phlebotomist and the laboratory need, labels to tear off, and a
 * last page that is the patient's.
 *
 * Lists exactly the markers of the order: for a redraw only what must be tested
 * again (D6), with the results still needed where a panel owes only some.
 */
export async function renderRequisition(content: RequisitionContent): Promise<Buffer> {
  const { order, laboratory, team } = content;
  const sheet = new Sheet({
    title: `Requisition ${order.placer_order_number}`,
    author: team.name,
    issuedAt: new Date(content.issued_at),
  });
  sheet.onNewPage = () => repeatedNumber(sheet, order.placer_order_number);

  letterhead(sheet, content);
  banners(sheet, content);
  if (!content.canceled) toDraw(sheet, content);
  parties(sheet, content);
  tests(sheet, content);
  answers(sheet, content);
  notes(sheet, content);
  if (!content.canceled) {
    collectorBox(sheet, content);
    placeLabels(sheet, order, tubesOf(content));
  }
  // The patient's page leads to the booking page, which the birth date opens: they must not be found on one paper.
  const bornUntilPage = sheet.pages;
  patientPage(sheet, content);

  return finishWithRunningLines(sheet, {
    patient: order.patient,
    document: `${order.priority ? 'STAT  ·  ' : ''}${laboratory.name} requisition ${order.placer_order_number}`,
    foot: `Issued ${dateTime(content.issued_at, order.options.time_zone)} by ${team.name}`,
    bornUntilPage,
    marks: [...(content.canceled ? [CANCELED_MARK] : []), ...(order.options.sandbox ? [SANDBOX_MARK] : [])],
  });
}

function tubesOf(content: RequisitionContent) {
  return tubesFor(
    content.order.markers.map(({ marker_id }) => content.markers.find(({ id }) => id === marker_id)?.specimen ?? ''),
  );
}

/** The barcode of a further page, so that no sheet can be taken for another order's. */
function repeatedNumber(sheet: Sheet, number: string): void {
  const left = drawCode128(sheet, number, sheet.right - QUIET, sheet.y - 10, 20);
  sheet.place(number, sheet.left, sheet.y - 4, left - QUIET - sheet.left, { ...TEXT.bodyStrong, align: 'right' });
  sheet.y += 20;
}

function letterhead(sheet: Sheet, content: RequisitionContent): void {
  const { order, laboratory, account, team } = content;
  const barcodeWidth = code128Width(order.placer_order_number);
  const barcodeLeft = sheet.right - barcodeWidth;
  const top = sheet.y;

  const width = barcodeLeft - QUIET - sheet.left - 8;
  let y = top + issuer(sheet, team, width);
  y += sheet.place(`${laboratory.name} laboratory requisition`, sheet.left, y, width, TEXT.title);
  const accountName = account.account_name ? ` · ${account.account_name}` : '';
  y += sheet.place(`Account ${account.provider_account_id}${accountName}`, sheet.left, y + 1, width, TEXT.bodyStrong);

  drawCode128(sheet, order.placer_order_number, sheet.right, top, 34);
  sheet.element('P', () => {
    sheet.place('REQUISITION NUMBER', barcodeLeft, top + 38, barcodeWidth, { ...TEXT.label, align: 'right' });
    sheet.place(order.placer_order_number, barcodeLeft, top + 46, barcodeWidth, {
      ...TEXT.title,
      element: 'P',
      size: 14,
      tracking: 0.6,
      align: 'right',
    });
  });
  sheet.y = Math.max(y, top + 64) + 9;
}

/** The team's logo, or its name in words; answers the height it took. */
function issuer(sheet: Sheet, team: IssuingTeam, width: number): number {
  const { logo } = team;
  if (logo && isPrintable(logo)) {
    const place: [number, number] = [sheet.left, sheet.y];
    sheet.structure.picture(team.name, () => {
      sheet.pdf.image(logo, ...place, { fit: [Math.min(width, 150), 24] });
    });
    return 29;
  }
  return sheet.place(team.name.toUpperCase(), sheet.left, sheet.y, width, { ...TEXT.label, color: ACCENT }) + 2;
}

/** What must not be overlooked: STAT, redraw, fasting, and how long the requisition is valid. */
function banners(sheet: Sheet, content: RequisitionContent): void {
  const { order } = content;
  const marks = [
    ...(order.priority ? ['STAT'] : []),
    ...(content.redraw_of ? ['REDRAW'] : []),
    ...(content.fasting ? ['FASTING'] : []),
  ];
  const style = { ...TEXT.strong, font: 'bold' as const, size: 10, leading: 13, color: '#ffffff', tracking: 0.9 };
  const height = 22;
  sheet.fillBox(sheet.left, sheet.y, sheet.width, height, WASH);
  let x = sheet.left;
  for (const mark of marks) {
    const width = sheet.widthOf(mark, style) + 18;
    sheet.fillBox(x, sheet.y, width, height, INK);
    sheet.place(mark, x, sheet.y + 4.5, width, { ...style, align: 'center' });
    x += width + 2;
  }
  const valid = content.canceled ? 'Canceled' : `Valid until ${dateOf(content.valid_until, order.options.time_zone)}`;
  const validWidth = sheet.widthOf(valid, TEXT.strong);
  if (content.redraw_of) {
    const words = `Redraw of requisition ${content.redraw_of.placer_order_number}`;
    sheet.place(words, x + 8, sheet.y + 5, sheet.right - validWidth - x - 24, TEXT.strong);
  }
  sheet.place(valid, sheet.right - validWidth - 8, sheet.y + 5, validWidth + 2, TEXT.strong);
  sheet.y += height + 8;
  if (content.redraw_of) {
    sheet.flow(
      'The first sample could not be tested completely. Collect and test only what is listed below.',
      sheet.left,
      sheet.width,
      TEXT.body,
    );
    sheet.y += 6;
  }
}

/** All that is to be drawn, in one line. */
function toDraw(sheet: Sheet, content: RequisitionContent): void {
  const words = tubesInWords(tubesOf(content));
  if (words === '') return;
  const style = { ...TEXT.strong, font: 'bold' as const, size: 13, leading: 16 };
  const room = sheet.width - 66;
  const height = sheet.heightOf(words, room, style) + 9;
  sheet.box(sheet.left, sheet.y, sheet.width, height, 1.2);
  const top = sheet.y;
  sheet.element('P', () => {
    sheet.place('COLLECT', sheet.left + 8, top + 8, 50, { ...TEXT.label, color: INK });
    sheet.place(words, sheet.left + 58, top + 4, room, style);
  });
  sheet.y += height + 10;
}

/** More diagnoses than this are listed once, above. */
const DIAGNOSES_IN_A_ROW = 6;

function tests(sheet: Sheet, content: RequisitionContent): void {
  const { order } = content;
  const columns: Column[] = [
    { title: 'Code', width: 58 },
    { title: 'Test', width: 196 },
    { title: 'Diagnosis', width: 88 },
    { title: 'Specimen', width: sheet.width - 58 - 196 - 88 - 44 },
    { title: 'Fasting', width: 44, align: 'right' },
  ];
  const count = order.markers.length;
  heading(sheet, content.redraw_of ? 'Tests to repeat' : 'Tests ordered', `${count} ${count === 1 ? 'test' : 'tests'}`);
  const table = new Table(sheet, columns);
  const diagnoses = order.icd_codes.length > DIAGNOSES_IN_A_ROW ? 'All listed above' : order.icd_codes.join(', ');
  for (const ordered of order.markers) {
    const marker = content.markers.find((candidate) => candidate.id === ordered.marker_id);
    const needed = content.redraw_of && marker ? resultsNeeded(marker, ordered.result_slugs) : null;
    table.row(
      [
        { text: ordered.provider_id, style: TEXT.bodyStrong },
        { text: marker?.name ?? ordered.provider_id, style: TEXT.bodyStrong },
        { text: diagnoses },
        { text: marker?.specimen ?? '' },
        { text: marker?.fasting ? 'Yes' : 'No' },
      ],
      needed ? { note: needed, noteColumn: 1 } : {},
    );
  }
  table.end();
}

/** Where a redraw needs only some of a panel's results: which. */
function resultsNeeded(marker: Marker, slugs: string[]): string | null {
  if (slugs.length >= marker.expected_results.length) return null;
  const names = marker.expected_results.filter((result) => slugs.includes(result.slug)).map((result) => result.name);
  return names.length > 0 ? `Results still needed: ${names.join(', ')}` : null;
}

/** An answer longer than this runs on under its question. */
const LONGEST_IN_COLUMN = 120;

function answers(sheet: Sheet, content: RequisitionContent): void {
  const given = content.order.aoe_answers.flatMap((answer) => {
    const marker = content.markers.find((candidate) => candidate.id === answer.marker_id);
    const question = marker?.aoe.questions.find((candidate) => candidate.id === answer.question_id);
    if (!marker || !question) return [];
    const choice = question.answers.find((candidate) => candidate.code === answer.answer);
    return [{ marker, question, words: choice?.value ?? answer.answer }];
  });
  if (given.length === 0) return;
  heading(sheet, 'Questions answered at order entry');
  const table = new Table(sheet, [
    { title: 'Code', width: 66 },
    { title: 'Question', width: 262 },
    { title: 'Answer', width: sheet.width - 66 - 262 },
  ]);
  for (const { marker, question, words } of given) {
    const long = words.length > LONGEST_IN_COLUMN;
    table.row(
      [
        { text: marker.provider_id },
        { text: question.value },
        { text: long ? 'See below' : words, style: TEXT.bodyStrong },
      ],
      long ? { note: words, noteColumn: 1 } : {},
    );
  }
  table.end();
}

function notes(sheet: Sheet, content: RequisitionContent): void {
  const { clinical_notes } = content.order;
  if (!clinical_notes) return;
  heading(sheet, 'Clinical notes');
  sheet.flow(clinical_notes, sheet.left, sheet.width, TEXT.body);
  sheet.y += 12;
}

/** Filled in by hand at the draw. */
function collectorBox(sheet: Sheet, content: RequisitionContent): void {
  const height = 56;
  sheet.ensure(height + 14);
  const y = sheet.y;
  sheet.box(sheet.left, y, sheet.width, height);
  sheet.place('FOR THE COLLECTOR', sheet.left + 8, y + 6, 200, { ...TEXT.label, color: INK });
  const wanted = content.fasting ? 'Fasting required' : 'Fasting not required';
  sheet.place(wanted, sheet.left + 8, y + 6, sheet.width - 16, { ...TEXT.smallStrong, align: 'right' });

  const blanks: [string, number][] = [
    ['Date collected', 0.18],
    ['Time', 0.12],
    ['Collected by', 0.24],
    ['Last ate (hours ago)', 0.15],
  ];
  let x = sheet.left + 8;
  for (const [label, share] of blanks) {
    const width = (sheet.width - 16) * share;
    sheet.rule(y + 40, 0.6, INK, x, x + width - 10);
    sheet.place(label, x, y + 42, width - 10, TEXT.small);
    x += width;
  }
  x += checkBoxes(sheet, x, y + 30, 'Fasting', ['Yes', 'No']) + 14;
  checkBoxes(sheet, x, y + 30, 'Photo ID', ['Checked']);
  sheet.y += height + 8;
}

/** A question with boxes to check; answers the width it took. */
function checkBoxes(sheet: Sheet, x: number, y: number, question: string, choices: string[]): number {
  let at = x;
  sheet.element('P', () => {
    sheet.place(question, x, y + 12, 80, TEXT.small);
    for (const choice of choices) {
      sheet.box(at, y, 8, 8, 0.8);
      sheet.place(choice, at + 11, y - 1.6, 60, TEXT.body);
      at += 11 + sheet.widthOf(choice, TEXT.body) + 8;
    }
  });
  return at - x;
}
