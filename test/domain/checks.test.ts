import { isIcd10Code, isNpi } from '../../domain/catalogue/clinical-codes.ts';
import { failedChecks, type OrderFacts } from '../../domain/orders/checks.ts';
import type { Order } from '../../domain/orders/order.ts';

const order = {
  id: 'order',
  origin: 'initial',
  collection_method: 'walk_in_test',
  lab_slug: 'labcorp',
  lab_account_id: 'account',
  lab_test_id: 'test',
  markers: [{ marker_id: 1, provider_id: '001', result_slugs: ['glucose'] }],
  patient: {
    first_name: 'Ada',
    last_name: 'Lovelace',
    dob: '1985-12-10',
    phone_number: '+16025550143',
    email: 'ada@patient.example',
    medical_proxy: null,
  },
  address: { state: 'AZ' },
  physician: null,
  billing_type: 'client_bill',
  insurance: null,
  icd_codes: [],
  consents: [],
  aoe_answers: [],
} as unknown as Order;

const question = {
  id: 7,
  required: true,
  code: 'SOURCE',
  value: 'Source of the specimen',
  type: 'choice',
  sequence: 1,
  answers: [{ id: 1, code: 'V', value: 'Vein' }],
  constraint: null,
  default: null,
};

const facts = {
  order,
  labTest: { id: 'test', is_active: true, status: 'active' },
  laboratory: { id: 27, name: 'Labcorp', slug: 'labcorp', collection_methods: ['walk_in_test'] },
  labAccount: {
    id: 'account',
    lab: 'labcorp',
    status: 'active',
    delegated_flow: 'not_delegated',
    allowed_billing: { client_bill: ['AZ'] },
  },
  markers: [{ id: 1, lab_id: 27, is_active: true, is_orderable: true, aoe: { questions: [] } }],
  minorOrderingEnabled: false,
  today: '2026-11-21',
} as unknown as OrderFacts;

const withOrder = (changes: object): OrderFacts => ({ ...facts, order: { ...order, ...changes } as Order });
const withPatient = (changes: object) => withOrder({ patient: { ...order.patient, ...changes } });
const withAccount = (changes: object) => ({ ...facts, labAccount: { ...facts.labAccount, ...changes } }) as OrderFacts;

describe('A2: what must be true before a laboratory hears of an order', () => {
  test('nothing speaks against an order that is in order', () => {
    expect(failedChecks(facts)).toEqual([]);
  });

  test.each<[string, OrderFacts]>([
    ['a patient without a name', withPatient({ last_name: ' ' })],
    ['a patient born in the future', withPatient({ dob: '2026-11-22' })],
    ['a patient of 131 years', withPatient({ dob: '1895-01-01' })],
    ['a patient who turns 18 tomorrow', withPatient({ dob: '2008-11-22' })],
    ['a lab test that is gone', { ...facts, labTest: undefined }],
    ['a lab test that was archived', { ...facts, labTest: { ...facts.labTest, is_active: false } } as OrderFacts],
    ['a marker that the lab no longer offers', { ...facts, markers: [] }],
    ['a way of collecting that the lab does not offer', withOrder({ collection_method: 'testkit' })],
    ['a lab account that was suspended', withAccount({ status: 'suspended' })],
    ['a lab account at another lab', withAccount({ lab: 'quest' })],
    ['a state in which it may not bill', withOrder({ address: { state: 'NY' } })],
    ['a way of billing that it does not have', withOrder({ billing_type: 'patient_bill' })],
    ['a physician who is needed and not named', withAccount({ delegated_flow: 'fully_delegated' })],
    ['a consent that is needed and not given', withAccount({ delegated_flow: 'result_delegated' })],
    ['a code that is none', withOrder({ icd_codes: ['E11.9', '99'] })],
    [
      'an answer to a question nobody asked',
      withOrder({ aoe_answers: [{ marker_id: 1, question_id: 9, answer: 'V' }] }),
    ],
  ])('%s does', (_what, broken) => {
    expect(failedChecks(broken)).toHaveLength(1);
  });

  test('a patient who turns 18 today needs nobody', () => {
    expect(failedChecks(withPatient({ dob: '2008-11-21' }))).toEqual([]);
  });

  test('a marker that was withdrawn meanwhile can still be drawn again, at its own lab', () => {
    const [marker] = facts.markers;
    const withdrawn = { ...facts, markers: [{ ...marker, is_active: false, is_orderable: false }] } as OrderFacts;
    expect(failedChecks(withdrawn)).toEqual(['Marker 1 cannot be ordered at Labcorp']);
    const redraw = { ...order, origin: 'redraw' as const };
    expect(failedChecks({ ...withdrawn, order: redraw })).toEqual([]);
    const elsewhere = { ...facts, order: redraw, markers: [{ ...marker, lab_id: 28 }] } as OrderFacts;
    expect(failedChecks(elsewhere)).toHaveLength(1);
  });

  test('questions are asked of an initial order, not again of its redraw', () => {
    const [marker] = facts.markers;
    const asking = { ...facts, markers: [{ ...marker, aoe: { questions: [question] } }] } as OrderFacts;
    expect(failedChecks(asking)).toEqual(['Missing required questions - "Source of the specimen"']);
    expect(failedChecks({ ...asking, order: { ...order, origin: 'redraw' } })).toEqual([]);
    const answered = { ...order, aoe_answers: [{ marker_id: 1, question_id: 7, answer: 'V' }] };
    expect(failedChecks({ ...asking, order: answered })).toEqual([]);
  });
});

describe('codes that carry their own check', () => {
  test.each(['E11.9', 'e119', 'Z00', 'C4A.0', 'U07.1', 'S72.001A', 'M1A.0110'])('%s is an ICD-10-CM code', (code) => {
    expect(isIcd10Code(code)).toBe(true);
  });
  test.each(['', '250.00', 'E1', 'E11.', 'E11.99999', 'diabetes'])('"%s" is none', (code) => {
    expect(isIcd10Code(code)).toBe(false);
  });

  test('an NPI is told by its check digit', () => {
    expect(isNpi('1234567893')).toBe(true);
    expect(isNpi('1234567890')).toBe(false);
    expect(isNpi('123456789')).toBe(false);
  });
});
