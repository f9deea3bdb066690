/** Orders, results, and appointments as FHIR R4 resources: valid by its definitions, whatever they are. */

import type { Observation, Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { APPOINTMENT_STATUSES, type Appointment } from '../../domain/appointments/appointment.ts';
import type { LabTest } from '../../domain/catalogue/catalogue.ts';
import type { Order } from '../../domain/orders/order.ts';
import {
  COLLECTION_METHODS,
  type CollectionMethod,
  fullStatus,
  LOW_LEVEL_STATUSES,
  type OrderLowLevelStatus,
} from '../../domain/orders/status.ts';
import type { LabReport } from '../../domain/results/lab-report.ts';
import { foldReports } from '../../domain/results/result-fold.ts';
import { appointment } from '../../wire/fhir/appointment.ts';
import { diagnosticReport } from '../../wire/fhir/diagnostic-report.ts';
import { observations } from '../../wire/fhir/observation.ts';
import { patient } from '../../wire/fhir/patient.ts';
import { quantity, UCUM_CODES, ucumCode } from '../../wire/fhir/quantities.ts';
import { type OrderFacts, serviceRequest } from '../../wire/fhir/service-request.ts';
import { specimens } from '../../wire/fhir/specimen.ts';
import { labOrder } from '../partners/lab-order.ts';
import { faultsOf } from '../support/fhir/validation.ts';
import { observation, reportOf, testOf } from '../support/partners/lab-report.ts';
import { anyReport } from '../support/reports/any-report.ts';

/** As much of it as is asked. */
interface Ucum {
  UcumLhcUtils: { getInstance(): { validateUnitString(code: string): { status: string } } };
}

const PUBLIC_URL = 'https://venule.example';
const AT = new Date('2026-11-20T12:00:00.000Z');
const TSH = '3016-3';
const labTest = {
  id: '2a5374cd-ab41-42f6-8fea-e7b3f89de847',
  name: 'Thyroid',
  collection_instructions: 'Fast.',
} as LabTest;

function facts(low: OrderLowLevelStatus, changes: Partial<Order> = {}): OrderFacts {
  const { order, markers, laboratory } = labOrder('labcorp', ['tsh'], changes);
  const event = { number: 1, status: low, status_detail: null, reason: 'as the lab says', report_id: null };
  const held = {
    _id: order.id,
    order,
    events: [{ ...event, created_at: AT.toISOString() }],
    last_status: low,
    origin: order.origin,
    user_id: order.user_id,
    interpretation: null,
    has_missing_results: null,
    sample_id: null,
    appointment_id: null,
    activate_by: null,
    filler_order_number: 'F-301',
    result_version: 1,
    created_at: AT,
    updated_at: AT,
  };
  return { held, laboratory, labTest, markers };
}

function resultOf({ held, markers, laboratory }: OrderFacts, reports: LabReport[], noMoreExpected = true) {
  return foldReports([
    { order: held.order, markers, laboratory, reports, noMoreExpected, completed_at: AT.toISOString() },
  ]);
}

const only = (of: OrderFacts, report: LabReport) =>
  observations(of, resultOf(of, [report]) as NonNullable<ReturnType<typeof resultOf>>);
const tsh = (value: string | null, rest: Parameters<typeof observation>[2] = {}) =>
  reportOf([testOf('004259', [observation(TSH, value, rest)])]);
/** The resource as it is written. */
const written = <T extends Resource>(resource: T | undefined) => JSON.parse(JSON.stringify(resource)) as T;

describe('orders of every kind and at every stage are valid', () => {
  const everywhere = COLLECTION_METHODS.flatMap((method) => LOW_LEVEL_STATUSES.map((low) => [method, low] as const));

  test.each(everywhere)('%s at %s', (collection_method: CollectionMethod, low) => {
    const of = facts(low, { collection_method });
    const resources = [serviceRequest(of), diagnosticReport(of, null, PUBLIC_URL)];
    expect(resources.flatMap(faultsOf)).toEqual([]);
    expect(resources[0]?.extension).toContainEqual({
      url: 'urn:venule:order-status',
      valueCode: fullStatus(collection_method, low),
    });
  });

  test('with nothing but what must be there, and with everything', () => {
    const bare = { physician: null, icd_codes: [], clinical_notes: null, activate_by: null, markers: [] };
    const whole = { icd_codes: ['E11.9'], clinical_notes: 'left arm\nonly', activate_by: '2026-12-01', priority: true };
    for (const changes of [bare, whole]) expect(faultsOf(serviceRequest(facts('ordered', changes)))).toEqual([]);
  });

  test.each([
    ['ordered', 'active', 'registered'],
    ['partial_results', 'active', 'registered'],
    ['completed', 'completed', 'registered'],
    ['redraw_available', 'completed', 'registered'],
    ['cancelled', 'revoked', 'cancelled'],
    ['sample_error', 'revoked', 'cancelled'],
  ] as const)('%s without a result is %s, and its report %s', (low, request, report) => {
    expect(serviceRequest(facts(low)).status).toBe(request);
    expect(diagnosticReport(facts(low), null, PUBLIC_URL).status).toBe(report);
  });

  test('D6: a redraw replaces the order that it is drawn again for, under the same requisition', () => {
    const first = serviceRequest(facts('redraw_available'));
    const redraw = serviceRequest(facts('ordered', { origin: 'redraw', parent_id: first.id as string }));
    expect(redraw.replaces).toEqual([{ reference: `ServiceRequest/${first.id}` }]);
    expect(redraw.requisition).toEqual(first.requisition);
    expect(first.replaces).toBeUndefined();
  });

  test('G5: what is only a test says so', () => {
    const tagged = { tag: [{ code: 'HTEST' }] };
    const real = facts('ordered');
    const { options } = real.held.order;
    expect(serviceRequest(facts('ordered', { options: { ...options, sandbox: true } })).meta).toMatchObject(tagged);
    expect(serviceRequest(facts('ordered', { options: { ...options, sandbox: false } })).meta?.tag).toBeUndefined();
  });
});

describe('A7: results', () => {
  test('whatever a laboratory reports, all that is made of it is valid', () => {
    fc.assert(
      fc.property(anyReport('hl7'), fc.boolean(), (report, noMoreExpected) => {
        const of = facts('completed');
        const result = resultOf(of, [report], noMoreExpected);
        if (!result) throw new Error('There is a report, and no result');
        const seen = observations(of, result);
        const summary = diagnosticReport(of, result, PUBLIC_URL);
        const drawn = specimens(of, result);
        expect([summary, ...seen, ...drawn].flatMap(faultsOf)).toEqual([]);
        const named = (references: { reference?: string }[] = []) => references.map(({ reference }) => reference);
        expect(named(summary.result)).toEqual(seen.map(({ id }) => `Observation/${id}`));
        expect(named(summary.specimen)).toEqual(drawn.map(({ id }) => `Specimen/${id}`));
        expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
        for (const { specimen } of seen) if (specimen) expect(named(summary.specimen)).toContain(specimen.reference);
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    [
      'numeric',
      '5.10',
      { valueQuantity: { value: 5.1, unit: 'uIU/mL', system: 'http://unitsofmeasure.org', code: 'u[IU]/mL' } },
    ],
    ['range', '<0.01', { valueQuantity: { value: 0.01, comparator: '<', unit: 'uIU/mL' } }],
    ['range', '>=40', { valueQuantity: { value: 40, comparator: '>=' } }],
    ['range', '10-20', { valueRange: { low: { value: 10 }, high: { value: 20 } } }],
    ['comment', 'Seen\n1:128', { valueString: 'Seen\n1:128' }],
    ['coded_value', 'Reactive', { valueCodeableConcept: { text: 'Reactive' } }],
  ] as const)('a %s: %s', (type, value, expected) => {
    const [seen] = only(facts('completed'), tsh(value, { type, unit: 'uIU/mL' }));
    expect(written(seen)).toMatchObject(expected);
    expect(written(seen).note).toBeUndefined();
  });

  test('a number keeps the digits that the laboratory printed', () => {
    const [seen] = only(facts('completed'), tsh('5.10'));
    expect(JSON.stringify(seen)).toContain('"value":5.10');
    const digits = ['+5', '.5', '5.', '-0.50', '007', '12345678901234567890.123'];
    expect(digits.map((text) => JSON.stringify(quantity(text, null)))).toEqual(
      ['5', '0.5', '5', '-0.50', '7', '12345678901234567890.123'].map((text) => `{"value":${text}}`),
    );
    expect(['', '.', '-', '1e3', '1,5', '0x10'].map((text) => quantity(text, null))).toEqual(Array(6).fill(undefined));
  });

  test('ranges are text, and numbers where they are numbers', () => {
    const rangeOf = (reference_range: string) =>
      written(only(facts('completed'), tsh('5', { reference_range }))[0]).referenceRange;
    expect(rangeOf('0.4-4.5')).toEqual([{ low: { value: 0.4 }, high: { value: 4.5 }, text: '0.4-4.5' }]);
    expect(rangeOf('<5.7')).toEqual([{ high: { value: 5.7 }, text: '<5.7' }]);
    expect(rangeOf('Not Estab.')).toEqual([{ text: 'Not Estab.' }]);
  });

  test.each([
    ['H', 'abnormal', ['H']],
    ['N~HH', 'critical', ['N', 'HH']],
    ['', 'normal', ['N']],
    ['*', 'critical', ['AA']],
    ['??', 'unknown', undefined],
  ] as const)('the flags %j, which are %s', (source_interpretation, interpretation, codes) => {
    const [seen] = only(facts('completed'), tsh('5', { source_interpretation, interpretation }));
    expect(seen?.interpretation?.[0]?.coding?.map(({ code }) => code)).toEqual(codes);
  });

  test('each is as settled as the laboratory says, and a report is corrected when one of them is', () => {
    const of = facts('completed');
    const status = (report: LabReport, noMoreExpected = true) => {
      const result = resultOf(of, [report], noMoreExpected);
      return [diagnosticReport(of, result, PUBLIC_URL).status, observations(of, result as never)[0]?.status];
    };
    expect(status(tsh('5', { status: 'preliminary' }), false)).toEqual(['partial', 'preliminary']);
    expect(status(tsh('5'), false)).toEqual(['partial', 'final']);
    expect(status(tsh('5'))).toEqual(['final', 'final']);
    expect(status(tsh('5', { status: 'corrected' }))).toEqual(['corrected', 'corrected']);
  });

  test('one that is missing says why, and keeps its id when it comes', () => {
    const of = facts('completed');
    const [missing] = only(of, tsh(null, { failure_type: 'quantity_not_sufficient_failure', notes: 'QNS' }));
    expect(missing).toMatchObject({ status: 'cancelled', note: [{ text: 'QNS' }] });
    expect(missing?.dataAbsentReason?.coding?.map(({ code }) => code)).toEqual([
      'not-performed',
      'quantity_not_sufficient_failure',
    ]);
    expect(faultsOf(missing as Observation)).toEqual([]);
    const [come] = only(of, tsh('5'));
    expect(come?.id).toBe(missing?.id);
    expect(come?.dataAbsentReason).toBeUndefined();
  });

  test('results from before each had a status are final when the report is', () => {
    const of = facts('completed');
    const result = resultOf(of, [tsh('5')], true);
    const before = result && { ...result, results: result.results.map(({ reported_status: _, ...rest }) => rest) };
    expect(observations(of, before as never)[0]?.status).toBe('final');
  });
});

test('every UCUM code is one, by the reference implementation of the National Library of Medicine', () => {
  const { UcumLhcUtils } = jest.requireActual<Ucum>('@lhncbc/ucum-lhc');
  const known = UcumLhcUtils.getInstance();
  expect(UCUM_CODES.filter((code) => known.validateUnitString(code).status !== 'valid')).toEqual([]);
  // `K/uL` would be kelvin, `M/uL` nothing at all.
  expect(['K/uL', 'M/uL', 'pH', 'furlongs'].map(ucumCode)).toEqual(['10*3/uL', '10*6/uL', '[pH]', undefined]);
});

describe('patients', () => {
  const { order } = labOrder('labcorp', ['tsh']);
  const known = { id: order.user_id, client_user_id: 'p-1', sandbox: true, updated_at: AT };

  test('with all that is known, and with nothing', () => {
    const proxy = { ...order.patient, address: order.address, household_income: null, household_size: null };
    const minor = { ...order.patient, race: 'asian', ethnicity: 'non_hispanic', medical_proxy: proxy };
    const whole = patient({ ...known, details: minor, address: order.address });
    expect(
      whole.extension?.map(({ url, extension }) => [url.split('/').at(-1), extension?.[0]?.valueCoding?.code]),
    ).toEqual([
      ['us-core-race', '2028-9'],
      ['us-core-ethnicity', '2186-5'],
    ]);
    const bare = patient({ ...known, details: null, address: null });
    expect([whole, bare].flatMap(faultsOf)).toEqual([]);
  });
});

describe('appointments', () => {
  const held = {
    id: 'a6a1a1a1-0000-4000-8000-000000000001',
    order_id: '7f1d9a52-6a3f-4f0e-9a3c-0a4e0f3d2b10',
    user_id: '3c0f6f0e-8d6e-4a0d-8f25-6a1f6b2f9c02',
    provider: 'getlabs',
    type: 'phlebotomy',
    address: {
      first_line: '1 Oak',
      second_line: null,
      city: 'Phoenix',
      state: 'AZ',
      zip_code: '85004',
      access_notes: null,
    },
    location: { lng: -112, lat: 33.4 },
    appointment_notes: 'left arm',
    external_id: null,
    provider_appointment_id: 'G-1',
    site_code: null,
    events: [],
    created_at: AT,
  } as unknown as Appointment & { created_at: Date };
  const order = { updated_at: AT, sandbox: false };

  test.each(APPOINTMENT_STATUSES.flatMap((status) => [true, false].map((timed) => [status, timed] as const)))(
    '%s, with a time: %s',
    (status, timed) => {
      const [start_at, end_at] = timed ? ['2026-12-01T15:00:00.000Z', '2026-12-01T16:00:00.000Z'] : [null, null];
      const shown = appointment({ ...held, status, start_at, end_at }, order);
      expect(faultsOf(shown)).toEqual([]);
      const names = { pending: 'pending', reserved: 'pending', scheduled: 'booked', in_progress: 'arrived' } as const;
      const ended = { completed: 'fulfilled', cancelled: 'cancelled' } as const;
      expect(shown.status).toBe(timed || status === 'cancelled' ? { ...names, ...ended }[status] : 'proposed');
    },
  );
});
