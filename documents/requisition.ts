/** The requisition: what the patient carries to the draw, and what the phlebotomist and the laboratory read (A3). */
import type { LabAccount, Laboratory, Marker } from '../domain/catalogue.ts';
import type { Order } from '../domain/order.ts';
import { phoneText } from '../domain/phone.ts';
import type { CollectionMethod } from '../domain/status.ts';
import { drawCode128, quietZone } from './barcode.ts';
import { dateOf, dateTime, plainDate } from './dates.ts';
import { type Field, placeFields } from './fields.ts';
import { isPrintableLogo } from './logo.ts';
import { finishWithRunningLines } from './running.ts';
import { ACCENT, INK, RULE, Sheet, TEXT, WASH } from './sheet.ts';
import { type Column, Table } from './table.ts';
import { addressLines, BILL_TO, contactText, filedName, SEX } from './words.ts';

/** Whom the patient turns to with questions. */
export interface IssuingTeam {
  name: string;
  contact: { email: string | null; phone: string | null };
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
}

/**
 * Prints a requisition as a letter-size PDF.
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

  letterhead(sheet, content);
  banners(sheet, content);
  parties(sheet, content);
  tests(sheet, content);
  answers(sheet, content);
  notes(sheet, content);
  preparation(sheet, content);
  collectorBox(sheet);

  return finishWithRunningLines(sheet, {
    patient: order.patient,
    document: `${order.priority ? 'STAT  ·  ' : ''}${laboratory.name} requisition ${order.placer_order_number}`,
    foot: `Issued ${dateTime(content.issued_at, order.options.time_zone)} by ${team.name}`,
  });
}

function letterhead(sheet: Sheet, content: RequisitionContent): void {
  const { order, laboratory, account, team } = content;
  const barcodeLeft = drawCode128(sheet, order.placer_order_number, sheet.right, sheet.y, 34);
  const barcodeWidth = sheet.right - barcodeLeft;
  sheet.place('REQUISITION NUMBER', barcodeLeft, sheet.y + 38, barcodeWidth, { ...TEXT.label, align: 'right' });
  sheet.place(order.placer_order_number, barcodeLeft, sheet.y + 46, barcodeWidth, {
    ...TEXT.title,
    size: 14,
    tracking: 0.6,
    align: 'right',
  });

  const width = barcodeLeft - quietZone() - sheet.left - 8;
  let y = sheet.y + issuer(sheet, team, width);
  y += sheet.place(`${laboratory.name} laboratory requisition`, sheet.left, y, width, TEXT.title);
  const accountName = account.account_name ? ` · ${account.account_name}` : '';
  y += sheet.place(`Account ${account.provider_account_id}${accountName}`, sheet.left, y + 1, width, TEXT.bodyStrong);
  sheet.y = Math.max(y, sheet.y + 64) + 9;
}

/** The team's logo, or its name in words; answers the height it took. */
function issuer(sheet: Sheet, team: IssuingTeam, width: number): number {
  if (team.logo && isPrintableLogo(team.logo)) {
    sheet.pdf.image(team.logo, sheet.left, sheet.y, { fit: [Math.min(width, 150), 24] });
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
  const style = { ...TEXT.heading, size: 10, color: '#ffffff', tracking: 0.9 };
  const height = 22;
  sheet.fill(sheet.left, sheet.y, sheet.width, height, WASH);
  let x = sheet.left;
  for (const mark of marks) {
    const width = sheet.widthOf(mark, style) + 18;
    sheet.fill(x, sheet.y, width, height, INK);
    sheet.place(mark, x, sheet.y + 4.5, width, { ...style, align: 'center' });
    x += width + 2;
  }
  const valid = `Valid until ${dateOf(content.valid_until, order.options.time_zone)}`;
  const validWidth = sheet.widthOf(valid, TEXT.strong);
  sheet.place(valid, sheet.right - validWidth - 8, sheet.y + 5, validWidth + 2, TEXT.strong);
  if (content.redraw_of) {
    const words = `Redraw of requisition ${content.redraw_of.placer_order_number}`;
    sheet.place(words, x + 8, sheet.y + 5, sheet.right - validWidth - x - 24, TEXT.strong);
  }
  sheet.y += height + 10;
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

function parties(sheet: Sheet, content: RequisitionContent): void {
  const { order } = content;
  const { patient, physician, insurance } = order;
  const patientFields: Field[] = [
    { label: 'Patient', value: filedName(patient), strong: true },
    { label: 'Date of birth', value: plainDate(patient.dob), half: true },
    { label: 'Sex', value: SEX[patient.gender], half: true },
    { label: 'Phone', value: phoneText(patient.phone_number) },
    { label: 'Address', value: addressLines(order.address).join('\n') },
    ...(patient.medical_proxy
      ? [
          {
            label: 'Responsible adult',
            value: `${filedName(patient.medical_proxy)}\n${phoneText(patient.medical_proxy.phone_number)}`,
          },
        ]
      : []),
  ];
  const orderFields: Field[] = [
    { label: 'Ordering physician', value: physician ? filedName(physician) : 'On file', strong: true },
    { label: 'NPI', value: physician ? physician.npi : 'On file', half: true },
    { label: 'Priority', value: order.priority ? 'STAT' : 'Routine', half: true },
    { label: 'Lab test', value: content.lab_test_name },
    { label: 'Diagnosis (ICD-10)', value: order.icd_codes.length > 0 ? order.icd_codes.join(', ') : 'None given' },
  ];
  const billingFields: Field[] = [
    { label: 'Bill to', value: BILL_TO[order.billing_type], strong: true },
    ...(insurance && order.billing_type === 'commercial_insurance'
      ? [
          { label: 'Payor', value: `${insurance.payor_name} (${insurance.payor_code})` },
          { label: 'Payor address', value: addressLines(insurance.payor_address).join('\n') },
          { label: 'Member ID', value: insurance.member_id, half: true },
          ...(insurance.group_id ? [{ label: 'Group ID', value: insurance.group_id, half: true }] : []),
          {
            label: 'Insured',
            value: `${filedName(insurance.insured)}, born ${plainDate(insurance.insured.dob)}`,
          },
          { label: 'Relationship to insured', value: insurance.relationship },
        ]
      : [{ label: 'Account', value: content.account.provider_account_id }]),
  ];
  placeFields(sheet, [patientFields, orderFields, billingFields]);
}

function tests(sheet: Sheet, content: RequisitionContent): void {
  const { order } = content;
  const columns: Column[] = [
    { title: 'Code', width: 66 },
    { title: 'Test', width: 262 },
    { title: 'Specimen', width: sheet.width - 66 - 262 - 54 },
    { title: 'Fasting', width: 54, align: 'right' },
  ];
  const count = order.markers.length;
  heading(sheet, content.redraw_of ? 'Tests to repeat' : 'Tests ordered', `${count} ${count === 1 ? 'test' : 'tests'}`);
  const table = new Table(sheet, columns);
  for (const ordered of order.markers) {
    const marker = content.markers.find((candidate) => candidate.id === ordered.marker_id);
    const needed = content.redraw_of && marker ? resultsNeeded(marker, ordered.result_slugs) : null;
    table.row(
      [
        { text: ordered.provider_id, style: TEXT.bodyStrong },
        { text: marker?.name ?? ordered.provider_id, style: TEXT.bodyStrong },
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

/** Where the sample is taken, by the way it is collected. */
const WHERE: Record<CollectionMethod, (laboratory: Laboratory) => string> = {
  walk_in_test: (laboratory) =>
    `Bring this requisition and a photo ID to a ${laboratory.name} patient service center. Find one near you: ${laboratory.psc_locator_url}`,
  at_home_phlebotomy: () =>
    'A phlebotomist comes to your address. Have this requisition and a photo ID ready when the phlebotomist arrives.',
  testkit: () => 'Follow the leaflet in your test kit and send the sample back in the box it came in.',
  on_site_collection: () =>
    'Your sample is collected on site. Hand this requisition to the person who draws your blood.',
};

const INSTRUCTIONS = 'Collection instructions';
/** Longer instructions are printed across the page. */
const LONGEST_IN_HALF_A_PAGE = 400;

function preparation(sheet: Sheet, content: RequisitionContent): void {
  const { order, laboratory, team } = content;
  const instructions = content.collection_instructions ?? '';
  const short = instructions.length <= LONGEST_IN_HALF_A_PAGE ? instructions : '';
  const long = short ? '' : instructions;
  const ways = contactText(team.contact, ' or ');
  const fields: Field[][] = [
    [
      { label: 'Where to go', value: WHERE[order.collection_method](laboratory) },
      {
        label: 'Questions',
        value: [`${team.name}${ways ? `: ${ways}` : ''}`, `${laboratory.name}: ${phoneText(laboratory.phone)}`].join(
          '\n',
        ),
      },
    ],
    [
      {
        label: 'Fasting',
        value: content.fasting
          ? 'Fasting is required: nothing to eat or drink but water for 8 to 12 hours before the draw, unless the instructions say otherwise.'
          : 'Fasting is not required.',
      },
      ...(short ? [{ label: INSTRUCTIONS, value: short }] : []),
    ],
  ];
  heading(sheet, 'For the patient');
  placeFields(sheet, fields);
  if (long) {
    heading(sheet, INSTRUCTIONS);
    sheet.flow(long, sheet.left, sheet.width, TEXT.body);
    sheet.y += 12;
  }
}

/** Filled in by hand at the draw. */
function collectorBox(sheet: Sheet): void {
  const height = 52;
  sheet.ensure(height + 4);
  const blanks: [string, number][] = [
    ['Date collected', 0.2],
    ['Time', 0.14],
    ['Collected by', 0.3],
    ['Fasting (hours)', 0.15],
    ['Patient ID checked', 0.21],
  ];
  const y = sheet.y;
  sheet.pdf.lineWidth(0.8).strokeColor(INK).rect(sheet.left, y, sheet.width, height).stroke();
  sheet.place('FOR THE COLLECTOR', sheet.left + 8, y + 6, 200, { ...TEXT.label, color: INK });
  let x = sheet.left + 8;
  for (const [label, share] of blanks) {
    const width = (sheet.width - 16) * share;
    sheet.rule(y + 38, 0.6, INK, x, x + width - 10);
    sheet.place(label, x, y + 40, width - 10, TEXT.small);
    x += width;
  }
  sheet.y += height;
}

function heading(sheet: Sheet, title: string, aside = ''): void {
  sheet.ensure(56);
  sheet.place(title, sheet.left, sheet.y, sheet.width, TEXT.heading);
  if (aside) sheet.place(aside, sheet.left, sheet.y + 2, sheet.width, { ...TEXT.small, align: 'right' });
  sheet.y += TEXT.heading.leading + 3;
  sheet.rule(sheet.y - 1, 0.6, RULE);
  sheet.y += 3;
}
