/** Laboratories' ORU^R01 messages, good and bad, and what Venule makes of them. */

import fc from 'fast-check';
import { escapeHl7, unescapeHl7 } from '../../partners/labs/formats/hl7v2/hl7-escape.ts';
import { Hl7Refused, locationOf } from '../../partners/labs/formats/hl7v2/hl7-message.ts';
import { readReports } from '../../partners/labs/formats/hl7v2/reports/hl7-report.ts';
import { reportingLab } from '../../partners/labs/registry.ts';
import { seededProfile } from '../support/partners/seeded-profile.ts';

const MSH =
  'MSH|^~\\&|LABCORP|LABCORP BURLINGTON|VENULE|1234567890|20261120143000-0500||ORU^R01^ORU_R01|LC-1001|P|2.5.1';
const PID = 'PID|1||p1^^^VENULE^PI||Núñez&de^Ana^M||19850312|F||||||||||1234567890';
const ORC = 'ORC|RE|VN0000012345|ACC-7781';
const OBR =
  'OBR|1|VN0000012345|ACC-7781|001032^Glucose^L|||202611200815-0500||1000^mL||||FASTING|202611201002||1234567893^Lee^Grace^^^^^^NPI||||||20261120142500-0500|||F';
const GLUCOSE =
  'OBX|1|NM|2345-7^Glucose [Mass/volume] in Serum or Plasma^LN^001032^Glucose^L||92|mg/dL|70-99|N|||F|||202611200815-0500|||||||||Labcorp Burlington^^^^^CLIA^^^^34D0655059|1447 York Court&York Court^Suite 2^Burlington^NC^27215^US|^Nagendra^Sanjai^^^Dr';
const SPM =
  'SPM|1|VN0000012345&VENULE^ACC-7781&LABCORP||SER^Serum^HL70487|||||||||||||202611200815-0500|202611201002-0500';

/** The usual delimiters. */
const USUAL = { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&' };

const lines = (...segments: string[]) => segments.join('\r');
const read = (text: string, lab = 'labcorp') => readReports(text, reportingLab(lab, seededProfile(lab)));

/** The only test of the only report in a message with this OBX (and what stands below it). */
function testWith(...obx: string[]) {
  const { reports } = read(lines(MSH, PID, ORC, OBR, ...obx));
  return { report: reports[0], test: reports[0]?.tests[0], observation: reports[0]?.tests[0]?.observations[0] };
}

/** An OBX with the given type, value and status. */
const obx = (type: string, value: string, rest: { flags?: string; status?: string; time?: string; id?: string } = {}) =>
  `OBX|1|${type}|${rest.id ?? '2345-7^Glucose^LN^001032^Glucose^L'}||${value}|mg/dL|70-99|${rest.flags ?? ''}|||${rest.status ?? 'F'}|||${rest.time ?? ''}`;

/** Where and with which code a message is refused. */
function refusal(text: string) {
  try {
    read(text);
  } catch (error) {
    if (error instanceof Hl7Refused) return `${error.problem.code} ${locationOf(error.problem)}`;
    throw error;
  }
  return 'accepted';
}

describe('A6: a final report', () => {
  const { message, reports } = read(lines(MSH, PID, ORC, OBR, GLUCOSE, 'NTE|1|L|Repeated and confirmed.', SPM));
  const [report] = reports;

  test('is known by its envelope', () => {
    expect(message).toEqual({
      control_id: 'LC-1001',
      type: 'ORU^R01',
      sending_facility: 'LABCORP BURLINGTON',
      processing_id: 'P',
      is_test: false,
    });
    expect(reports).toHaveLength(1);
  });

  test('names its order, its patient and its times', () => {
    expect(report).toMatchObject({
      lab_slug: 'labcorp',
      control_id: 'LC-1001',
      placer_order_number: 'VN0000012345',
      filler_order_number: 'ACC-7781',
      patient: { first_name: 'Ana', last_name: 'Núñez', dob: '1985-03-12', gender: 'female' },
      specimen_number: 'ACC-7781',
      collected_at: '2026-11-20T13:15:00.000Z',
      received_at: '2026-11-20T15:02:00.000Z',
      reported_at: '2026-11-20T19:25:00.000Z',
      fasting: true,
      clinical_information: 'FASTING',
      total_volume: '1000 mL',
      account_number: '1234567890',
      ordering_provider: 'Grace Lee',
    });
  });

  test('has its tests and observations', () => {
    expect(report?.tests).toEqual([
      {
        provider_id: '001032',
        name: 'Glucose',
        status: 'final',
        failure_type: null,
        notes: null,
        specimens: [
          {
            number: 'ACC-7781',
            collected_at: '2026-11-20T13:15:00.000Z',
            received_at: '2026-11-20T15:02:00.000Z',
          },
        ],
        observations: [
          {
            loinc: '2345-7',
            provider_id: '001032',
            name: 'Glucose [Mass/volume] in Serum or Plasma',
            status: 'final',
            failure_type: null,
            type: 'numeric',
            value: '92',
            unit: 'mg/dL',
            reference_range: '70-99',
            interpretation: 'normal',
            source_interpretation: 'N',
            notes: 'Repeated and confirmed.',
            observed_at: '2026-11-20T13:15:00.000Z',
            performing_laboratory: 'Labcorp Burlington',
          },
        ],
      },
    ]);
  });

  test('names the laboratory that did the work', () => {
    expect(report?.performing_laboratories).toEqual({
      'Labcorp Burlington': {
        name: 'Labcorp Burlington',
        phone_number: null,
        medical_director: 'Sanjai Nagendra',
        address: {
          first_line: '1447 York Court',
          second_line: 'Suite 2',
          city: 'Burlington',
          state: 'NC',
          zip: '27215',
          country: 'US',
        },
        clia_number: '34D0655059',
      },
    });
  });

  test.each(['\n', '\r\n', '\r\n\r\n'])('reads the same when its segments end in %j', (end) => {
    expect(read([MSH, PID, ORC, OBR, GLUCOSE, SPM, ''].join(end)).reports).toEqual(
      read(lines(MSH, PID, ORC, OBR, GLUCOSE, SPM)).reports,
    );
  });

  test('may use delimiters of its own', () => {
    const other = lines(MSH, PID, ORC, OBR, GLUCOSE, SPM)
      .replace('MSH|^~\\&', 'MSH!*%$@')
      .replaceAll('|', '!')
      .replaceAll('^', '*')
      .replace('&de', '@de')
      .replaceAll('&', '@');
    expect(read(other).reports).toEqual(read(lines(MSH, PID, ORC, OBR, GLUCOSE, SPM)).reports);
  });
});

describe('the status of a test and of its results', () => {
  test.each([
    ['P', 'preliminary'],
    ['A', 'preliminary'],
    ['R', 'preliminary'],
    ['I', 'preliminary'],
    ['F', 'final'],
    ['C', 'corrected'],
    ['X', 'cancelled'],
  ])('OBR-25 %s is %s', (code, status) => {
    const { reports } = read(lines(MSH, PID, ORC, OBR.replace(/F$/, code)));
    expect(reports[0]?.tests[0]).toMatchObject({ status, observations: [] });
  });

  test.each([
    ['P', 'preliminary'],
    ['F', 'final'],
    ['C', 'corrected'],
  ])('OBX-11 %s is %s', (code, status) => {
    expect(testWith(obx('NM', '92', { status: code })).observation).toMatchObject({ status, value: '92' });
  });

  test('a result that is still to come is left out', () => {
    expect(testWith(obx('NM', '', { status: 'I' }), obx('NM', '', { status: 'P' })).test?.observations).toEqual([]);
  });
});

describe('values', () => {
  test.each([
    ['NM', '92', 'numeric', '92'],
    ['NM', '-0.5', 'numeric', '-0.5'],
    ['NM', '.25', 'numeric', '.25'],
    ['NM', '<0.1', 'range', '<0.1'],
    ['ST', '5.4', 'numeric', '5.4'],
    ['ST', '< 0.1', 'range', '<0.1'],
    ['ST', '>=90', 'range', '>=90'],
    ['ST', '0-5', 'range', '0-5'],
    ['ST', '-', 'comment', '-'],
    ['ST', 'Non Reactive', 'comment', 'Non Reactive'],
    ['ST', '2+', 'comment', '2+'],
    ['SN', '<^5.0', 'range', '<5.0'],
    ['SN', '>=^60', 'range', '>=60'],
    ['SN', '^10^-^20', 'range', '10-20'],
    ['SN', '=^98', 'numeric', '98'],
    ['SN', '^1^:^128', 'comment', '1:128'],
    ['TX', 'Seen: many~Not seen: few', 'comment', 'Seen: many\nNot seen: few'],
    ['FT', 'First\\.br\\second \\T\\ third', 'comment', 'First\nsecond & third'],
    [
      'FT',
      'First\\.ce\\second\\.sk3\\third\\.sk999999999\\\\.sk-4\\.',
      'comment',
      `First\nsecond   third${' '.repeat(80)}.`,
    ],
    ['TX', '  both lines  ~   are indented ~', 'comment', 'both lines\n are indented'],
    ['ST', '   92 ', 'numeric', '92'],
    ['TX', 'R&D ^ as sent', 'comment', 'R&D ^ as sent'],
    ['CWE', '260385009^Negative^SCT', 'coded_value', 'Negative'],
    ['CE', 'YEL', 'coded_value', 'YEL'],
    ['CWE', 'A^Alpha^L~B^Beta^L', 'coded_value', 'Alpha, Beta'],
    ['ST', '阴性 – négatif', 'comment', '阴性 – négatif'],
  ])('%s %s is a %s: %s', (type, sent, kind, value) => {
    expect(testWith(obx(type, sent)).observation).toMatchObject({ type: kind, value });
  });

  test('text over several OBX of one code is one observation', () => {
    const culture = (text: string) => obx('TX', text, { id: '600-7^Culture^LN' });
    const { test: read } = testWith(culture('No growth'), culture('after 5 days.'), obx('NM', '92'));
    expect(read?.observations.map(({ value }) => value)).toEqual(['No growth\nafter 5 days.', '92']);
  });

  test('a result in words only has its notes for a value', () => {
    expect(testWith(obx('NM', ''), 'NTE|1|L|See separate report').observation).toMatchObject({
      type: 'comment',
      value: 'See separate report',
      notes: null,
    });
  });

  test('a document in the message is not an observation', () => {
    expect(testWith(obx('ED', '^application^pdf^Base64^JVBERi0='), obx('NM', '92')).test?.observations).toHaveLength(1);
  });

  test('codes are known by their system, wherever they stand', () => {
    const codes = (id: string) => {
      const { loinc, provider_id, name } = testWith(obx('NM', '1', { id })).observation ?? {};
      return [loinc, provider_id, name];
    };
    expect(codes('001032^Glucose^L^2345-7^Glucose SerPl^LN')).toEqual(['2345-7', '001032', 'Glucose']);
    expect(codes('001032^Glucose^99LAB')).toEqual([null, '001032', 'Glucose']);
    expect(codes('2345-7^Glucose^LN')).toEqual(['2345-7', null, 'Glucose']);
  });
});

describe('flags', () => {
  test.each([
    ['', 'normal'],
    ['N', 'normal'],
    ['""', 'normal'],
    ['H', 'abnormal'],
    ['L', 'abnormal'],
    ['A', 'abnormal'],
    ['HH', 'critical'],
    ['LL', 'critical'],
    ['AA', 'critical'],
    ['N~H', 'abnormal'],
    ['H~AA~N', 'critical'],
    ['S', 'unknown'],
    ['constructor', 'unknown'],
  ])('%j means %s', (flags, interpretation) => {
    const { observation } = testWith(obx('NM', '92', { flags }));
    expect(observation).toMatchObject({ interpretation, source_interpretation: flags === '""' ? '' : flags });
  });
});

describe('D4: why a result is missing', () => {
  const cancelled = (reason: string, lab = 'bioreference', ...below: string[]) =>
    read(lines(MSH, PID, ORC, OBR, obx('CWE', reason, { status: 'X' }), ...below), lab).reports[0]?.tests[0]
      ?.observations[0];

  test.each([
    ['QS', 'quantity_not_sufficient_failure'],
    ['IV', 'insufficient_volume'],
    ['RC', 'collection_process_failure'],
    ['RH', 'collection_process_failure'],
    ['RM', 'collection_process_failure'],
    ['RB', 'collection_process_failure'],
    ['RR', 'collection_process_failure'],
    ['EX', 'drop_off_failure'],
    ['DO', 'drop_off_failure'],
    ['RN', 'internal_lab_failure'],
    ['LE', 'internal_lab_failure'],
    ['OE', 'order_entry_failure'],
    ['RI', 'order_entry_failure'],
    ['RS', 'order_entry_failure'],
    ['PC', 'patient_condition_failure'],
    ['NP', 'non_failure'],
    ['CM', 'missing_result_calc_failure'],
    ['CD', 'missing_demo_aoe_calc_failure'],
    ['RD', 'missing_demo_aoe_calc_failure'],
    ['RE', 'missing_demo_aoe_calc_failure'],
    ['ZZ', 'unknown_failure'],
    ['', 'unknown_failure'],
    ['constructor', 'unknown_failure'],
  ])('%s is %s', (code, failure_type) => {
    expect(cancelled(code && `${code}^words^HL70490`)).toMatchObject({
      status: 'cancelled',
      failure_type,
      value: null,
      interpretation: 'unknown',
      notes: code ? 'words' : null,
    });
  });

  test('the lab’s own table comes before the common one', () => {
    const sent = lines(MSH, PID, ORC, OBR, obx('CWE', 'QS^Sold out^L', { status: 'X' }));
    const { reports } = readReports(sent, reportingLab('other', { reasons: { QS: 'non_failure' } }));
    expect(reports[0]?.tests[0]?.observations[0]?.failure_type).toBe('non_failure');
    expect(cancelled('LABACC^Laboratory accident^L', 'labcorp')?.failure_type).toBe('internal_lab_failure');
    expect(cancelled('LABACC^Laboratory accident^L', 'quest')?.failure_type).toBe('unknown_failure');
  });

  test('the specimen’s reject reason serves a result that has none of its own', () => {
    const rejected = `${SPM}|||RH^Hemolyzed^HL70490`;
    expect(cancelled('', 'quest', rejected)).toMatchObject({
      failure_type: 'collection_process_failure',
      notes: 'Hemolyzed',
    });
    expect(cancelled('ZZ^Other^L', 'quest', rejected)?.failure_type).toBe('unknown_failure');
  });

  test('a test that was cancelled without results keeps the specimen’s reason', () => {
    const { reports } = read(lines(MSH, PID, ORC, OBR.replace(/F$/, 'X'), `${SPM}|||QS^Short^HL70490`));
    expect(reports[0]?.tests[0]).toMatchObject({
      status: 'cancelled',
      observations: [],
      failure_type: 'quantity_not_sufficient_failure',
    });
  });

  test('a specimen serves the tests that have none of their own', () => {
    const missing = obx('CWE', '', { status: 'X' });
    const rejected = `${SPM}|||QS^Short^HL70490`;
    const failures = (...segments: string[]) =>
      read(lines(MSH, PID, ORC, ...segments)).reports[0]?.tests.map((test) => test.observations[0]?.failure_type);
    expect(failures(OBR, missing, OBR, missing, rejected)).toEqual(Array(2).fill('quantity_not_sufficient_failure'));
    expect(failures(OBR, missing, SPM, OBR, missing, rejected)).toEqual([
      'unknown_failure',
      'quantity_not_sufficient_failure',
    ]);
  });

  test('every test keeps its own specimens, and its OBR serves for what no SPM says', () => {
    const urine = SPM.replace('ACC-7781&LABCORP', 'ACC-7782&LABCORP').replace('202611200815', '202611200900');
    const specimens = (...segments: string[]) =>
      read(lines(MSH, PID, ORC, ...segments)).reports[0]?.tests.map((test) =>
        test.specimens.map(({ number, collected_at }) => [number, collected_at]),
      );
    const [serumKept, urineKept] = [
      ['ACC-7781', '2026-11-20T13:15:00.000Z'],
      ['ACC-7782', '2026-11-20T14:00:00.000Z'],
    ];
    expect(specimens(OBR, SPM, OBR, urine)).toEqual([[serumKept], [urineKept]]);
    expect(specimens(OBR, OBR, urine)).toEqual([[urineKept], [urineKept]]);
    expect(specimens(OBR)).toEqual([[serumKept]]);
    expect(specimens(OBR, SPM, urine)).toEqual([[serumKept, urineKept]]);
  });

  test('notes below a missing result follow its reason', () => {
    expect(cancelled('QS^Quantity not sufficient', 'quest', 'NTE|1|L|Received 0.2 mL')?.notes).toBe(
      'Quantity not sufficient\nReceived 0.2 mL',
    );
  });
});

describe('several orders in one message', () => {
  const second = OBR.replaceAll('VN0000012345', 'VN0000099999').replace('ACC-7781', 'ACC-9000');
  const insulin = OBR.replace('001032^Glucose^L', '004333^Insulin^L');

  test('make one report for each placer order number', () => {
    const { reports } = read(lines(MSH, PID, ORC, OBR, GLUCOSE, second, GLUCOSE, insulin, GLUCOSE));
    expect(reports.map((report) => [report.placer_order_number, report.tests.map((test) => test.provider_id)])).toEqual(
      [
        ['VN0000012345', ['001032', '004333']],
        ['VN0000099999', ['001032']],
      ],
    );
  });

  test('make one report for each patient, too', () => {
    const other = PID.replace('Ana', 'Eva');
    const { reports } = read(lines(MSH, PID, ORC, OBR, GLUCOSE, other, ORC, OBR, GLUCOSE));
    expect(reports.map((report) => report.patient.first_name)).toEqual(['Ana', 'Eva']);
  });

  test('the ORC names the order of an OBR that does not', () => {
    const { reports } = read(lines(MSH, PID, ORC, OBR.replace('VN0000012345', ''), GLUCOSE));
    expect(reports[0]?.placer_order_number).toBe('VN0000012345');
    const nameless = read(lines(MSH, PID, OBR.replace('VN0000012345', ''), GLUCOSE)).reports;
    expect(nameless[0]?.placer_order_number).toBeNull();
  });
});

describe('times', () => {
  const collectedAt = (time: string, zone?: string) =>
    readReports(
      lines(MSH, PID, ORC, OBR, obx('NM', '92', { time })),
      reportingLab('labcorp', zone === undefined ? {} : { time_zone: zone }),
    ).reports[0]?.tests[0]?.observations[0]?.observed_at;

  test.each([
    ['20261120', '2026-11-20T05:00:00.000Z'],
    ['202611200815', '2026-11-20T13:15:00.000Z'],
    ['202607200815', '2026-07-20T12:15:00.000Z'],
    ['20261120081530.25+0530', '2026-11-20T02:45:30.250Z'],
    ['202611200815+0000', '2026-11-20T08:15:00.000Z'],
  ])('%s is %s', (sent, instant) => {
    expect(collectedAt(sent)).toBe(instant);
  });

  test('without an offset are in the lab’s own zone', () => {
    expect(collectedAt('202611200815', 'America/Los_Angeles')).toBe('2026-11-20T16:15:00.000Z');
  });

  test('a report that does not say when is as old as its message', () => {
    const { reports } = read(lines(MSH, PID, OBR.replace('20261120142500-0500', ''), GLUCOSE));
    expect(reports[0]?.reported_at).toBe('2026-11-20T19:30:00.000Z');
  });
});

describe('a message that can not be taken is refused with the place that is wrong', () => {
  const message = (...segments: string[]) => lines(MSH, PID, ORC, OBR, ...segments);

  test.each([
    ['nothing', '', '100 MSH^1'],
    ['something else', '{"not":"hl7"}', '100 MSH^1'],
    ['half a header', 'MSH|^~', '100 MSH^1'],
    ['one delimiter for two', 'MSH||||||x', '100 MSH^1'],
    ['another message type', message(GLUCOSE).replace('ORU^R01', 'ADT^A01'), '200 MSH^1^9^1^1'],
    ['no test', lines(MSH, PID), '100 OBR^1'],
  ])('%s', (_, text, place) => {
    expect(refusal(text)).toBe(place);
  });
});

describe('any input', () => {
  const acceptsOrRefuses = (text: string) => {
    refusal(text);
  };

  test('text of any kind is read or refused, and nothing else', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), acceptsOrRefuses));
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => acceptsOrRefuses(`MSH${text}`)));
  });

  test('a good message with something torn out or put in is read or refused, and nothing else', () => {
    const good = lines(MSH, PID, ORC, OBR, GLUCOSE, obx('SN', '^1^-^2'), obx('CWE', 'QS^x', { status: 'X' }), SPM);
    const spot = fc.nat({ max: good.length });
    const insert = fc.oneof(fc.string({ maxLength: 8 }), fc.stringMatching(/^[|^~\\&\r\n"X0-9.]{0,8}$/));
    fc.assert(
      fc.property(spot, fc.nat({ max: 40 }), insert, (at, length, text) => {
        acceptsOrRefuses(good.slice(0, at) + text + good.slice(at + length));
      }),
      { numRuns: 2000 },
    );
  });

  test('segments with any fields are read or refused, and nothing else', () => {
    const field = fc.oneof(
      fc.constantFrom('', '""', 'F', 'X', 'NM', 'SN', '20261120', '^^', '~', '\\X41\\'),
      fc.string(),
    );
    const segment = fc.tuple(fc.constantFrom('PID', 'ORC', 'OBR', 'OBX', 'NTE', 'SPM', 'ZZZ'), fc.array(field));
    fc.assert(
      fc.property(fc.array(segment), (segments) => {
        acceptsOrRefuses(lines(MSH, PID, OBR, ...segments.map(([name, fields]) => [name, ...fields].join('|'))));
      }),
    );
  });

  test('any text comes back from its escaped form, line breaks as \\n', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = escapeHl7(text);
        expect(escaped).not.toMatch(/[|^~&\r\n]/);
        expect(unescapeHl7(escaped, USUAL)).toBe(text.replace(/\r\n?/g, '\n'));
      }),
    );
  });

  test('a written report reads back', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map((text) => `x${text}x`.normalize());
    const observation = fc.record({
      loinc: fc.stringMatching(/^[1-9]\d{3}-\d$/),
      value: fc.oneof(
        fc.record({ type: fc.constant('NM'), text: fc.integer().map(String), kind: fc.constant('numeric') }),
        fc.record({ type: fc.constant('ST'), text: word, kind: fc.constant('comment') }),
      ),
      notes: fc.array(word, { maxLength: 2 }),
    });
    const observations = fc.uniqueArray(observation, { selector: ({ loinc }) => loinc, maxLength: 4 });
    const report = fc.record({
      family: word,
      given: word,
      tests: fc.array(observations, { minLength: 1, maxLength: 3 }),
    });
    fc.assert(
      fc.property(report, ({ family, given, tests }) => {
        const text = lines(
          MSH,
          `PID|1||p1||${escapeHl7(family)}^${escapeHl7(given)}||19850312|F`,
          ...tests.flatMap((results, index) => [
            OBR.replace('001032^Glucose', `T${index}^Test`),
            ...results.flatMap(({ loinc, value, notes }, at) => [
              `OBX|${at + 1}|${value.type}|${loinc}^Name^LN||${escapeHl7(value.text)}||||||F`,
              ...notes.map((note, line) => `NTE|${line + 1}|L|${escapeHl7(note)}`),
            ]),
          ]),
        );
        const { reports } = read(text);
        expect(reports[0]?.patient).toMatchObject({ first_name: given, last_name: family });
        expect(
          reports[0]?.tests.map((test) =>
            test.observations.map(({ loinc, type, value, notes }) => [loinc, type, value, notes]),
          ),
        ).toEqual(
          tests.map((results) =>
            results.map(({ loinc, value, notes }) => [loinc, value.kind, value.text, notes.join('\n') || null]),
          ),
        );
      }),
    );
  });
});
