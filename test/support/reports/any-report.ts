/** Reports of laboratories at random, of all that both HL7 v2 and FHIR can say. */
import fc from 'fast-check';
import type {
  FailureType,
  Interpretation,
  LabReport,
  Observation,
  PerformingLaboratory,
  ReportedTest,
} from '../../../domain/results/lab-report.ts';

/** What may stand in any text: delimiters of HL7, accents, other scripts, signs of more than one unit of UTF-16. */
const WORDS = [
  'a|b',
  'x^2',
  'l&m',
  'y~z',
  'back\\slash',
  '\\F\\',
  'naïve',
  'Ωmega',
  '血糖',
  'µ≥₂',
  '😀',
  '"quoted"',
  "it's",
  '<b>',
];
const word = fc.oneof(fc.constantFrom(...WORDS), fc.stringMatching(/^[A-Za-z][A-Za-z0-9.,:;()/-]{0,11}$/));
const line = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join(' '));
/** Several lines, a blank one perhaps among them. */
const lines = fc
  .tuple(line, fc.array(fc.oneof(line, fc.constant('')), { maxLength: 3 }), line)
  .map(([first, middle, last]) => [first, ...middle, last].join('\n'));
const code = fc.stringMatching(/^[A-Z0-9]{3,8}$/);
const instant = fc
  .date({ min: new Date('2026-01-01T00:00:00Z'), max: new Date('2026-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

/** As laboratories print them, with their zeroes. */
const number = fc.stringMatching(/^-?(0|[1-9]\d{0,4})(\.\d{1,4})?$/);
const natural = fc.stringMatching(/^(0|[1-9]\d{0,3})(\.\d{1,2})?$/);
const range = fc.oneof(
  fc.tuple(fc.constantFrom('<', '>', '<=', '>='), natural).map((parts) => parts.join('')),
  fc.tuple(natural, natural).map((ends) => ends.sort((one, other) => Number(one) - Number(other)).join('-')),
);
const words = lines.map((text) => `Seen: ${text}`);

/** The code of each reason in docs/hl7.md, "Missing results". */
export const REASON_CODES: Readonly<Record<FailureType, string>> = {
  quantity_not_sufficient_failure: 'QS',
  insufficient_volume: 'IV',
  collection_process_failure: 'RC',
  drop_off_failure: 'EX',
  internal_lab_failure: 'LE',
  order_entry_failure: 'OE',
  patient_condition_failure: 'PC',
  non_failure: 'NP',
  missing_result_calc_failure: 'CM',
  missing_demo_aoe_calc_failure: 'CD',
  unknown_failure: 'ZZ',
};

const FLAGS: Readonly<Record<string, Interpretation>> = {
  '': 'normal',
  N: 'normal',
  H: 'abnormal',
  L: 'abnormal',
  A: 'abnormal',
  HH: 'critical',
  LL: 'critical',
  AA: 'critical',
  POS: 'unknown',
  'N~HH': 'critical',
};
const flags = fc.constantFrom(...Object.keys(FLAGS));

const value = fc.oneof(
  fc.record({
    type: fc.constant('numeric' as const),
    value: number,
    unit: orNull(fc.constantFrom('mg/dL', 'IU/mL', '%', 'x10E3/uL', 'units')),
  }),
  fc.record({ type: fc.constant('range' as const), value: range, unit: orNull(fc.constantFrom('mg/dL', 'titer')) }),
  fc.record({ type: fc.constant('comment' as const), value: words, unit: fc.constant(null) }),
  fc.record({ type: fc.constant('coded_value' as const), value: line, unit: fc.constant(null) }),
);

const about = fc
  .record({
    loinc: orNull(fc.stringMatching(/^[1-9]\d{1,4}-\d$/)),
    provider_id: orNull(code),
    name: line,
    sub_id: fc.option(fc.stringMatching(/^[1-9a-e]$/), { nil: undefined }),
    reference_range: orNull(line),
    observed_at: instant,
    performing_laboratory: orNull(fc.constantFrom('River Laboratory', 'Núñez & Søn')),
  })
  .filter(({ loinc, provider_id }) => loinc !== null || provider_id !== null)
  .map(({ sub_id, ...rest }) => ({ ...rest, ...(sub_id && { sub_id }) }));

const found = fc
  .record({
    about,
    status: fc.constantFrom('preliminary' as const, 'final' as const, 'corrected' as const),
    value,
    flag: flags,
    notes: orNull(lines),
  })
  .map(({ about: facts, value: read, flag, ...rest }): Observation => {
    const interpretation = FLAGS[flag] as Interpretation;
    return { ...facts, ...read, ...rest, failure_type: null, interpretation, source_interpretation: flag };
  });

/** The reason in the laboratory's words comes first among the notes. */
const lost = fc
  .record({
    about,
    failure_type: fc.constantFrom(...(Object.keys(REASON_CODES) as FailureType[])),
    reason: line,
    notes: orNull(lines),
  })
  .map(({ about: facts, failure_type, reason, notes }): Observation => {
    const nothing = { status: 'cancelled', type: 'comment', value: null, unit: null } as const;
    const why = [reason, notes].filter((text) => text !== null).join('\n');
    return { ...facts, ...nothing, failure_type, notes: why, interpretation: 'unknown', source_interpretation: '' };
  });

const specimen = fc.record({ number: code, collected_at: orNull(instant), received_at: orNull(instant) });

const test = fc.record({
  provider_id: code,
  name: line,
  status: fc.constantFrom('preliminary', 'final', 'corrected', 'cancelled'),
  observations: fc.uniqueArray(fc.oneof({ weight: 3, arbitrary: found }, { weight: 1, arbitrary: lost }), {
    minLength: 1,
    maxLength: 6,
    selector: ({ loinc, provider_id }) => JSON.stringify([loinc, provider_id]),
  }),
  specimens: fc.uniqueArray(specimen, { minLength: 1, maxLength: 2, selector: ({ number: sample }) => sample }),
  failure_type: fc.constant(null),
  notes: orNull(lines),
}) as fc.Arbitrary<ReportedTest>;

const laboratory: fc.Arbitrary<Omit<PerformingLaboratory, 'name'> & { clia_number: string | null }> = fc.record({
  phone_number: fc.constant(null),
  medical_director: orNull(fc.constantFrom('Grace Lee', 'Jordan Núñez')),
  address: orNull(
    fc.record({
      first_line: line,
      second_line: orNull(line),
      city: line,
      state: fc.constantFrom('AZ', 'NC'),
      zip: fc.stringMatching(/^\d{5}$/),
      country: fc.constant('USA'),
    }),
  ),
  clia_number: orNull(fc.stringMatching(/^\d{2}D\d{7}$/)),
});

/** What only HL7 has a place for: relevant clinical information, and what it says of fasting. */
const clinical = fc.constantFrom(
  { fasting: null, clinical_information: null },
  { fasting: true, clinical_information: 'FASTING' },
  { fasting: false, clinical_information: 'FASTING: NO' },
);
/** What only FHIR has a place for: fasting as a statement about the specimen. */
const ofSpecimen = fc.constantFrom(null, true, false).map((fasting) => ({ fasting, clinical_information: null }));

/** Any report that the wire can carry whole. */
export function anyReport(wire: 'hl7' | 'fhir'): fc.Arbitrary<LabReport> {
  return fc
    .record({
      placer: fc.stringMatching(/^V[0-9A-Z]{11}$/),
      filler: code,
      control: fc.stringMatching(/^[A-Z0-9]{8,20}$/),
      patient: fc.record({
        first_name: line,
        last_name: line,
        dob: orNull(fc.constantFrom('1985-12-10', '2000-02-29')),
        gender: orNull(fc.constantFrom('female', 'male', 'other', 'unknown')),
      }),
      reported_at: instant,
      info: wire === 'hl7' ? clinical : ofSpecimen,
      total_volume: orNull(fc.constantFrom('5 mL', '12.50 mL')),
      account_number: orNull(code),
      ordering_provider: orNull(fc.constantFrom('Grace Lee', 'Ana María Núñez')),
      tests: fc.uniqueArray(test, { minLength: 1, maxLength: 3, selector: ({ provider_id }) => provider_id }),
      laboratory,
    })
    .map(({ placer, filler, control, info, tests, laboratory: facts, ...rest }): LabReport => {
      const names = new Set(
        tests.flatMap((one) => one.observations.flatMap((seen) => seen.performing_laboratory ?? [])),
      );
      const specimens = tests.flatMap((one) => one.specimens);
      const first = (of: 'collected_at' | 'received_at') => specimens.find((one) => one[of] !== null)?.[of] ?? null;
      return {
        ...rest,
        ...info,
        lab_slug: 'labcorp',
        placer_order_number: placer,
        filler_order_number: filler,
        control_id: control,
        specimen_number: specimens[0]?.number ?? null,
        collected_at: first('collected_at'),
        received_at: first('received_at'),
        performing_laboratories: Object.fromEntries([...names].map((name) => [name, { name, ...facts }])),
        tests,
      };
    });
}
