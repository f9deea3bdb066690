/** The result report: of one order, or of an order and its redraw together (A7, D9, D10). */
import { ageOn, todayIn } from '../../domain/calendar.ts';
import type { Laboratory } from '../../domain/catalogue/catalogue.ts';
import type { PatientDetails, Physician } from '../../domain/orders/order.ts';
import { phoneText } from '../../domain/people/phone.ts';
import type { BiomarkerResult, MissingBiomarkerResult, OrderResult, SampleData } from '../../domain/results/results.ts';
import { dateTime, plainDate } from '../page/dates.ts';
import { type Field, placeFields } from '../page/fields.ts';
import { finishWithRunningLines, SANDBOX_MARK } from '../page/running.ts';
import { Sheet } from '../page/sheet.ts';
import { ACCENT, ALERT, INK, TEXT, WASH } from '../page/styles.ts';
import { type Cell, type Column, Table } from '../page/table.ts';
import { contactText, counted, filedName, MISSING_BECAUSE, SEX } from '../page/words.ts';
import { type Flag, flagOf, flagWords } from './flags.ts';
import { placeLaboratoryNotes } from './laboratory-notes.ts';
import { type PerformingPlace, performingLaboratories, placeLaboratories } from './performing-laboratories.ts';
import { drawRangeBar, numberIn } from './range-bar.ts';
import { canceledMarks, type ReportedOrder, statusOf } from './report-status.ts';
import { groupsOf, inOrder, pendingIn, specimenOf } from './result-groups.ts';
import { readableUnit } from './units.ts';

/**
 * A heading with the results expected under it. Ordered results in no panel follow under "Individual tests", what
 * nobody asked for under "Additional results".
 */
export interface ReportPanel {
  name: string;
  result_slugs: string[];
  /** What was tested: `Serum` (42 CFR 493.1291(c)(5)). */
  specimen?: string;
}

/** Everything a result report says. */
export interface ResultReportContent {
  title_kind: 'order' | 'combined';
  result: OrderResult;
  /** Oldest first. */
  orders: ReportedOrder[];
  patient: PatientDetails;
  /** What laboratory and client know the patient by. */
  patient_id: string;
  physician: Physician | null;
  laboratory: Laboratory;
  account_number: string;
  team: { name: string; contact: { email: string | null; phone: string | null } };
  /** IANA zone in which instants are printed. */
  time_zone: string;
  panels: ReportPanel[];
  /** A correction of results that were reported as final before (F5). */
  corrected?: boolean;
  /** Made for a trial (G5). */
  sandbox?: boolean;
}

/** Prints a result report as a letter-size PDF; the same content gives the same bytes. */
export async function renderResultReport(content: ResultReportContent): Promise<Buffer> {
  const numbers = content.orders.map((order) => order.placer_order_number).join(' and ');
  const sheet = new Sheet({
    title: `${titleOf(content)} ${numbers}`,
    author: content.laboratory.name,
    issuedAt: new Date(content.result.metadata.date_reported),
  });

  letterhead(sheet, content);
  parties(sheet, content);
  summary(sheet, content);
  results(sheet, content);
  placeLaboratoryNotes(sheet, content.result);
  placeLaboratories(sheet, content);

  const contact = contactText(content.team.contact, ' · ');
  return finishWithRunningLines(sheet, {
    patient: content.patient,
    document: `Requisition ${numbers}`,
    foot: `Ordered through ${content.team.name}${contact ? ` · ${contact}` : ''}`,
    marks: [...canceledMarks(content), ...(content.sandbox ? [SANDBOX_MARK] : [])],
  });
}

function titleOf(content: ResultReportContent): string {
  return content.title_kind === 'combined' ? 'Combined laboratory report' : 'Laboratory report';
}

function letterhead(sheet: Sheet, content: ResultReportContent): void {
  const { laboratory } = content;
  const [status, explanation] = statusOf(content);
  const style = { ...TEXT.strong, font: 'bold' as const, size: 12, leading: 15, color: '#ffffff', tracking: 1.1 };
  const box = sheet.widthOf(status, style) + 26;
  const explained = sheet.widthOf(explanation, TEXT.small);
  const width = sheet.width - Math.max(box, explained) - 20;
  let y = sheet.y;
  y += sheet.place(laboratory.name.toUpperCase(), sheet.left, y, width, { ...TEXT.label, color: ACCENT }) + 2;
  y += sheet.place(titleOf(content), sheet.left, y, width, TEXT.title);
  const place = `${laboratory.first_line_address}, ${laboratory.city}, ${laboratory.state} ${laboratory.zipcode}`;
  y += sheet.place(`${place} · ${phoneText(laboratory.phone)}`, sheet.left, y + 1, width, TEXT.small) + 1;
  sheet.fillBox(sheet.right - box, sheet.y + 2, box, 23, INK);
  sheet.place(status, sheet.right - box, sheet.y + 5.5, box, { ...style, align: 'center' });
  sheet.place(explanation, sheet.right - explained, sheet.y + 29, explained + 2, TEXT.small);
  sheet.y = y + 12;
}

function parties(sheet: Sheet, content: ResultReportContent): void {
  const { patient, physician, result, time_zone: zone } = content;
  const { metadata } = result;
  const age = ageOn(patient.dob, todayIn(zone, new Date(metadata.date_collected ?? metadata.date_reported)));
  const patientFields: Field[] = [
    { label: 'Patient', value: filedName(patient), strong: true },
    { label: 'Date of birth (age)', value: `${plainDate(patient.dob)} (${age})`, half: true },
    { label: 'Sex', value: SEX[patient.gender], half: true },
    { label: 'Patient ID', value: content.patient_id, small: true },
    { label: 'Phone', value: phoneText(patient.phone_number) },
  ];
  const orderFields: Field[] = [
    ...(physician
      ? [
          { label: 'Ordering physician', value: filedName(physician), strong: true },
          { label: 'NPI', value: physician.npi, half: true },
        ]
      : [{ label: 'Client', value: content.team.name, strong: true }]),
    { label: 'Account', value: content.account_number, half: true },
    ...content.orders.map((order) => ({
      label: `Requisition${inBrackets([order.origin === 'initial' ? null : order.origin, order.ended_as])}`,
      value: order.placer_order_number,
    })),
  ];
  placeFields(sheet, [patientFields, orderFields, sampleFields(content)]);
}

function inBrackets(words: readonly (string | null | undefined)[]): string {
  const said = words.filter(Boolean);
  return said.length > 0 ? ` (${said.join(', ')})` : '';
}

/** Collected, received and reported, for each sample; two samples are told apart by number. */
function sampleFields(content: ResultReportContent): Field[] {
  const { time_zone: zone } = content;
  const samples = Object.values(content.result.sample_information);
  const instant = (sample: SampleData, date: 'date_collected' | 'date_received' | 'date_reported') => {
    const stamp = sample[date];
    return stamp ? dateTime(stamp.timestamp, zone) : null;
  };
  if (samples.length === 0) {
    return content.orders.flatMap((order) => [
      { label: 'Collected', value: order.collected_at ? dateTime(order.collected_at, zone) : 'Not stated' },
      ...(order.reported_at ? [{ label: 'Reported', value: dateTime(order.reported_at, zone) }] : []),
    ]);
  }
  return samples.flatMap((sample, index) => {
    const order = samples.length === content.orders.length ? content.orders[index] : undefined;
    const collected =
      instant(sample, 'date_collected') ?? (order?.collected_at ? dateTime(order.collected_at, zone) : null);
    const received = instant(sample, 'date_received');
    const reported =
      instant(sample, 'date_reported') ?? (order?.reported_at ? dateTime(order.reported_at, zone) : null);
    const times = [
      `Collected ${collected ?? 'not stated'}`,
      ...(received ? [`Received ${received}`] : []),
      ...(reported ? [`Reported ${reported}`] : []),
      ...(sample.clinical_information.fasting ? ['Fasting'] : []),
    ];
    return [
      {
        label: samples.length > 1 ? `Sample ${index + 1}` : 'Sample',
        value: sample.sample_id ?? 'No number',
        strong: true,
      },
      { label: samples.length > 1 ? `Collection of sample ${index + 1}` : 'Collection', value: times.join('\n') },
    ];
  });
}

/** The report in one line, and what must be seen first. */
function summary(sheet: Sheet, content: ResultReportContent): void {
  const { result } = content;
  const flagged = result.results.filter((one) => flagOf(one) !== null).length;
  const critical = result.results.filter((one) => flagOf(one)?.severity === 'critical');
  const missing = result.missing_results.length;
  const parts = [
    counted(result.results.length, 'result', 'results'),
    flaggedInWords(flagged, critical.length),
    ...(missing > 0 ? [`${missing} not reported`] : []),
  ];
  sheet.fillBox(sheet.left, sheet.y, sheet.width, 20, WASH);
  sheet.place(parts.join('  ·  '), sheet.left + 8, sheet.y + 4, sheet.width - 16, TEXT.strong);
  sheet.y += 20;
  if (critical.length > 0) {
    const words = `Critical: ${critical.map((one) => one.name).join(', ')}`;
    const style = { ...TEXT.strong, color: '#ffffff' };
    const height = sheet.heightOf(words, sheet.width - 16, style) + 8;
    sheet.fillBox(sheet.left, sheet.y, sheet.width, height, ALERT);
    sheet.place(words, sheet.left + 8, sheet.y + 4, sheet.width - 16, style);
    sheet.y += height;
  }
  sheet.y += 12;
}

/** `none flagged`; `3 flagged`; `3 flagged, 1 of them critical`; `2 flagged, all critical`. */
function flaggedInWords(flagged: number, critical: number): string {
  if (flagged === 0) return 'none flagged';
  if (critical === 0) return `${flagged} flagged`;
  const share = critical < flagged ? `${critical} of them critical` : flagged === 1 ? 'critical' : 'all critical';
  return `${flagged} flagged, ${share}`;
}

/** Sample and laboratory are told only where there are several. */
function columnsFor(sheet: Sheet, samples: number, places: number): Column[] {
  const source: Column[] = [
    ...(samples > 1 ? [{ title: 'Sample', width: 44, align: 'right' as const }] : []),
    ...(places > 1 ? [{ title: 'Lab', width: 28, align: 'right' as const }] : []),
  ];
  const bar = source.length > 0 ? 70 : 88;
  const fixed: Column[] = [
    { title: 'Result', width: 76, align: 'right' },
    { title: 'Unit', width: 66 },
    { title: 'Flag', width: 66 },
    { title: 'Reference range', width: 80 },
    { title: '', width: bar },
    ...source,
  ];
  return [{ title: 'Test', width: sheet.width - fixed.reduce((sum, { width }) => sum + width, 0) }, ...fixed];
}

function results(sheet: Sheet, content: ResultReportContent): void {
  const { result } = content;
  const samples = Object.keys(result.sample_information);
  const places = performingLaboratories(content);
  const table = new Table(sheet, columnsFor(sheet, samples.length, places.length));
  const printed = new Set<BiomarkerResult | MissingBiomarkerResult>();

  for (const panel of groupsOf(content)) {
    const belongs = (one: BiomarkerResult | MissingBiomarkerResult) =>
      !printed.has(one) && (panel.result_slugs === null || panel.result_slugs.includes(one.slug));
    const reported = inOrder(result.results.filter(belongs), panel.result_slugs);
    const missing = inOrder(result.missing_results.filter(belongs), panel.result_slugs);
    const pending = pendingIn(panel, result);
    if (reported.length + missing.length + pending.length === 0) continue;
    for (const one of [...reported, ...missing]) printed.add(one);

    table.open(panel.name, specimenOf(panel, content));
    for (const one of reported) {
      table.row([...cellsOf(sheet, one), ...sourceCells(one, samples, places)], {
        marked: flagOf(one) !== null,
        note: noteOf(one) || undefined,
      });
    }
    for (const one of missing) {
      table.row([{ text: one.name }, { text: 'Not reported', style: { ...TEXT.bodyStrong, font: 'italic' } }], {
        note: [MISSING_BECAUSE[one.inferred_failure_type], one.note].filter(Boolean).join('\n'),
      });
    }
    for (const words of pending) table.row([{ text: words, style: { ...TEXT.body, font: 'italic' } }]);
  }
  table.end();
}

/** Text that would crowd its column is printed under the row. */
const LONGEST_IN_COLUMN = 24;

function cellsOf(sheet: Sheet, result: BiomarkerResult): Cell[] {
  const flag = flagOf(result);
  return [
    { text: result.name, ...(flag ? { style: TEXT.bodyStrong } : {}) },
    {
      text: result.result.length > LONGEST_IN_COLUMN ? 'See below' : result.result,
      style: flag ? { ...TEXT.strong, size: 10.5, font: 'bold', align: 'right' } : { ...TEXT.body, align: 'right' },
    },
    { text: result.unit ? readableUnit(result.unit) : '' },
    flag ? { text: '', draw: (x, y) => drawFlag(sheet, flag, x, y) } : { text: '' },
    { text: result.reference_range ?? '' },
    {
      text: '',
      draw: (x, y, width, height) =>
        drawRangeBar(
          sheet,
          { x, y, width, height },
          {
            value: numberIn(result.result),
            low: result.min_range_value,
            high: result.max_range_value,
            outside: flag !== null,
          },
        ),
    },
  ];
}

/** Abnormal: an outlined word with an arrow. Critical: the same, white on black. */
function drawFlag(sheet: Sheet, flag: Flag, x: number, y: number): void {
  const arrow = flag.direction === 'high' ? '▲' : flag.direction === 'low' ? '▼' : '';
  const words = `${flagWords(flag)}${arrow ? ` ${arrow}` : ''}`;
  const critical = flag.severity === 'critical';
  const style = { ...TEXT.smallStrong, font: 'bold' as const, size: 7.4, color: critical ? '#ffffff' : INK };
  const width = sheet.widthOf(words, style) + 8;
  if (critical) sheet.fillBox(x, y, width, 12, INK, 2);
  else sheet.box(x, y, width, 12, 0.8, 2);
  sheet.place(words, x + 4, y + 1.2, width, style);
}

/** Which sample and which laboratory, by their numbers in this report. */
function sourceCells(result: BiomarkerResult, samples: string[], places: PerformingPlace[]): Cell[] {
  const ordinal = (index: number): Cell => ({
    text: index < 0 ? '' : String(index + 1),
    style: { ...TEXT.body, align: 'right' },
  });
  return [
    ...(samples.length > 1 ? [ordinal(samples.indexOf(result.source_sample_id ?? ''))] : []),
    ...(places.length > 1 ? [ordinal(places.findIndex(({ key }) => key === result.performing_laboratory))] : []),
  ];
}

/** What is printed under a row: a value too long for its column, and the lab's comments, which may repeat the value. */
function noteOf(result: BiomarkerResult): string {
  const { result: value, notes } = result;
  const ownNotes = notes === value ? null : notes?.startsWith(`${value}\n`) ? notes.slice(value.length + 1) : notes;
  return [value.length > LONGEST_IN_COLUMN ? value : null, ownNotes].filter(Boolean).join('\n');
}
