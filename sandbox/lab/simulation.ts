/** Deciding what a laboratory reports when it is asked to walk an order to its end. */
import { z } from 'zod';
import type { Analyte, Laboratory, Test } from './catalogue.ts';
import { composeFhirReport } from './fhir-report.ts';
import { type LabOrder, type Report, SETTLED, testStatuses } from './orders.ts';
import { follows } from './relations.ts';
import { composeReport, REASONS, type TestFindings } from './report.ts';
import { fraction, hasCriticalRange, type Interpretation, type ResultType, valueFor } from './values.ts';

/** The body of a simulation request; see docs/hl7.md. */
export const SimulationRequest = z.strictObject({
  final_status: z.enum(['partial_results', 'completed', 'corrected', 'sample_error']),
  /** How the messages are written. */
  format: z.enum(['hl7', 'fhir']).default('hl7'),
  /** Seconds between the messages. */
  delay_seconds: z.number().min(0).default(0),
  interpretation: z.enum(['normal', 'abnormal', 'critical']).default('normal'),
  /** What the results are, in turn; each by its own nature when empty. */
  result_types: z.array(z.enum(['numeric', 'range', 'comment'])).default([]),
  /** About a third of the tests cannot be had, through the laboratory's fault; an order of one result misses that one. */
  has_missing_results: z.boolean().default(false),
  /** Exactly these results are missing, in place of the laboratory's own choice. */
  missing: z
    .array(z.strictObject({ loinc: z.string(), reason: z.enum(Object.keys(REASONS)).default('QS') }))
    .default([]),
});
export type SimulationRequest = z.infer<typeof SimulationRequest>;

/** The order cannot be walked the way that was asked; `status` is the HTTP status to answer with. */
class SimulationRefused extends Error {
  readonly status: 400 | 409;

  constructor(status: 400 | 409, message: string) {
    super(message);
    this.status = status;
  }
}

/** A specimen without a name on it: nobody's laboratory error, so that nothing is drawn again. */
const REJECTED = 'RI';
const LAB_ERRORS = ['QS', 'IV', 'LE'];

interface OrderedTest {
  test: Test;
  clinicalInformation: string;
}
type MissingReasons = Map<Analyte, string>;

const FORMATS = { hl7: composeReport, fhir: composeFhirReport };

/**
 * The messages that take an accepted order from where it is to `final_status`; none when it is there already. About
 * half of the tests come in the first message, the others in the last, and a correction after that. A specimen that is
 * rejected takes back what was reported. Every choice depends on the placer order
 * number alone, so a journey can be repeated. Throws `SimulationRefused`, which carries the HTTP status to answer with.
 */
export function planReports(lab: Laboratory, order: LabOrder, request: SimulationRequest, now: Date): Report[] {
  if (order.cancelledAt) throw new SimulationRefused(409, `order ${order.placer} is cancelled`);
  const ordered: OrderedTest[] = (order.accepted?.requisition.tests ?? []).flatMap(({ code, clinicalInformation }) => {
    const test = lab.menu.get(code);
    return test ? [{ test, clinicalInformation }] : [];
  });
  const statuses = testStatuses(order);
  const remaining = ordered.filter(({ test }) => !SETTLED.includes(statuses.get(test.provider_id)));
  if (remaining.length === 0 && request.final_status !== 'corrected') return [];

  const times = timesOf(order, now);
  const dueAt = (step: number) => new Date(now.getTime() + step * request.delay_seconds * 1000);
  const compose = (findings: TestFindings[], step: number, rejected?: string) =>
    FORMATS[request.format](lab, order, findings, { ...times, dueAt: dueAt(step) }, rejected);

  if (request.final_status === 'sample_error') {
    const everything = new Map(analytesOf(ordered).map((analyte) => [analyte, REJECTED]));
    return [compose(finalFindings(ordered, everything, finder([], order.placer, request)), 0, REJECTED)];
  }

  const missing =
    request.missing.length > 0 ? namedMissing(remaining, request.missing) : ownChoice(ordered, order.placer);
  const takesMissing = request.missing.length > 0 || request.has_missing_results;
  const reported = analytesOf(remaining).filter((analyte) => !takesMissing || !missing.has(analyte));
  const find = finder(reported, order.placer, request);

  const kept = takesMissing || analytesOf(ordered).length > 1 ? missing : new Map();
  const first = order.reports.length === 0 ? firstFindings(ordered, kept, find) : [];
  const reports = first.length > 0 ? [compose(first, 0)] : [];
  if (request.final_status === 'partial_results') {
    if (order.reports.length + reports.length > 0) return reports;
    throw new SimulationRefused(409, 'there is nothing to report in part: every result is to be missing');
  }
  const done = new Set(first.filter(({ status }) => status === 'F').map(({ test }) => test));
  const rest = remaining.filter(({ test }) => !done.has(test));
  if (rest.length > 0)
    reports.push(compose(finalFindings(rest, takesMissing ? missing : new Map(), find), reports.length));
  if (request.final_status !== 'corrected') return reports;
  const found = ordered.filter(({ test }) =>
    test.expected_results.some((analyte) => !takesMissing || !missing.has(analyte)),
  );
  const [measured = found[0]] = found.filter(({ test }) => test.expected_results.some((one) => one.reference_range));
  if (!measured) throw new SimulationRefused(409, 'there is no result that could be corrected');
  return [...reports, compose([correction(measured, order, request)], reports.length)];
}

/** Other values for one of the tests, as found when the specimen was looked at again. */
function correction(ordered: OrderedTest, order: LabOrder, request: SimulationRequest): TestFindings {
  const again = `${order.placer} again ${order.reports.length}`;
  const find = finder(ordered.test.expected_results, again, { ...request, result_types: ['numeric'] });
  const results = ordered.test.expected_results.map((analyte) => {
    const found = find(analyte);
    return { analyte, found: analyte.reference_range ? found : { ...found, components: ['Indeterminate'] } };
  });
  return { ...ordered, status: 'C', results };
}

const HOUR = 3_600_000;

/** Collected some time before it was received, and that some time before the first report; none of it before the order. */
function timesOf(order: LabOrder, now: Date): { collectedAt: Date; receivedAt: Date } {
  const first = Date.parse(order.reports[0]?.dueAt ?? now.toISOString());
  const span = first - Date.parse(order.accepted?.at ?? now.toISOString());
  return {
    collectedAt: new Date(first - Math.min(0.8 * span, 3 * HOUR)),
    receivedAt: new Date(first - Math.min(0.4 * span, HOUR)),
  };
}

function analytesOf(tests: OrderedTest[]): Analyte[] {
  return tests.flatMap(({ test }) => test.expected_results);
}

/** About a third of the tests, at least one and never all; of a single test, a third of its results. */
function ownChoice(ordered: OrderedTest[], placer: string): MissingReasons {
  const third = (count: number) => Math.max(1, Math.round(count / 3));
  const by = <T>(items: T[], name: (item: T) => string) =>
    items.toSorted((a, b) => fraction(placer, 'missing', name(a)) - fraction(placer, 'missing', name(b)));
  const [only] = ordered;
  const analytes =
    ordered.length === 1 && only
      ? by(only.test.expected_results, ({ slug }) => slug).slice(0, third(only.test.expected_results.length))
      : analytesOf(by(ordered, ({ test }) => test.provider_id).slice(0, third(ordered.length)));
  const reason = LAB_ERRORS[Math.floor(fraction(placer, 'reason') * LAB_ERRORS.length)] ?? 'QS';
  return new Map(analytes.map((analyte) => [analyte, reason]));
}

function namedMissing(remaining: OrderedTest[], named: SimulationRequest['missing']): MissingReasons {
  const missing: MissingReasons = new Map();
  for (const { loinc, reason } of named) {
    const analytes = analytesOf(remaining).filter((analyte) => analyte.loinc.code === loinc);
    if (analytes.length === 0) {
      throw new SimulationRefused(400, `${loinc} is not among the results that are still to be reported`);
    }
    for (const analyte of analytes) missing.set(analyte, reason);
  }
  return missing;
}

/** Half of the tests, final, of those that will miss nothing; else a preliminary report of what can be had. */
function firstFindings(ordered: OrderedTest[], missing: MissingReasons, find: Finder): TestFindings[] {
  const whole = ordered.filter(({ test }) => !test.expected_results.some((analyte) => missing.has(analyte)));
  if (ordered.length > 1 && whole.length > 0) {
    return finalFindings(whole.slice(0, Math.max(1, Math.floor(ordered.length / 2))), new Map(), find);
  }
  return ordered.flatMap(({ test, clinicalInformation }) => {
    const results = test.expected_results
      .filter((analyte) => !missing.has(analyte))
      .map((analyte) => ({ analyte, found: find(analyte) }));
    return results.length > 0 ? [{ test, clinicalInformation, status: 'P' as const, results }] : [];
  });
}

function finalFindings(tests: OrderedTest[], missing: MissingReasons, find: Finder): TestFindings[] {
  return tests.map(({ test, clinicalInformation }) => {
    const results = test.expected_results.map((analyte) => {
      const reason = missing.get(analyte);
      return { analyte, found: reason === undefined ? find(analyte) : { missing: reason } };
    });
    const status = results.every(({ found }) => 'missing' in found) ? ('X' as const) : ('F' as const);
    return { test, clinicalInformation, status, results };
  });
}

type Finder = (analyte: Analyte) => TestFindings['results'][number]['found'];

/** Finds values: one of the reported results is abnormal or critical where that was asked for. */
function finder(reported: Analyte[], seed: string, request: SimulationRequest): Finder {
  const { interpretation, result_types: types } = request;
  const striking = interpretation === 'normal' ? undefined : strikingAnalyte(reported, seed, interpretation);
  const typeOf = (analyte: Analyte): ResultType =>
    types[reported.indexOf(analyte) % types.length] ?? (analyte.reference_range ? 'numeric' : 'comment');
  const struck = striking && valueFor(striking, seed, 'numeric', interpretation);
  const given = striking && struck && { slug: striking.slug, value: Number(struck.components[0]) };
  return (analyte) =>
    analyte.slug === striking?.slug
      ? valueFor(analyte, seed, typeOf(analyte), interpretation)
      : valueFor(analyte, seed, typeOf(analyte), 'normal', given);
}

function strikingAnalyte(reported: Analyte[], placer: string, interpretation: Interpretation): Analyte | undefined {
  const ranged = reported.filter((analyte) => analyte.reference_range);
  const ownValue = ranged.filter(({ slug }) => !follows(slug));
  const numeric = ownValue.length > 0 ? ownValue : ranged;
  const critical = numeric.filter(hasCriticalRange);
  const candidates = interpretation === 'critical' && critical.length > 0 ? critical : numeric;
  return candidates[Math.floor(fraction(placer, 'striking') * candidates.length)];
}
