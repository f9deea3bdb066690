/** `value[x]` as people read it: docs/fhir.md, "Values". */
import type { LabProfile } from '../../../../domain/catalogue/lab-profile.ts';
import type { Observation } from '../../../../domain/results/lab-report.ts';
import { numberOrNone, type Reading } from '../hl7v2/reports/hl7-values.ts';
import { wordsOf } from './fhir-codes.ts';
import type { FhirElement } from './fhir-element.ts';

/** What a value is, with its unit. */
export interface ReadValue extends Reading, Pick<Observation, 'unit'> {}

const VALUE = /^value[A-Z]/;
/** A number of JSON is what it is, whatever the laboratory's commas mean. */
const NUMBERS_OF_JSON: LabProfile = {};

/** Whether an Observation or a component has a value. */
export const hasValue = (element: FhirElement): boolean => element.names().some((name) => VALUE.test(name));

/** The value of what has one; undefined for a value that says nothing, or is of a type that FHIR R4 does not have. */
export function valueIn(element: FhirElement, profile: LabProfile): ReadValue | undefined {
  const name = element.names().find((one) => VALUE.test(one));
  const read = name && Object.hasOwn(VALUE_TYPES, name) ? VALUE_TYPES[name] : undefined;
  return name && read ? read(element, name, profile) : undefined;
}

type Read = (element: FhirElement, name: string, profile: LabProfile) => ReadValue | undefined;

const VALUE_TYPES: Readonly<Record<string, Read>> = {
  valueQuantity: (element, name) => quantityIn(element.one(name)),
  valueInteger: printed,
  valueDecimal: printed,
  valueString: printed,
  valueCodeableConcept: (element, name) => codedIn(element.one(name)),
  valueCoding: (element, name) => {
    const coding = element.one(name);
    const text = coding?.text('display') || coding?.text('code');
    return text ? { type: 'coded_value', value: text, unit: null } : undefined;
  },
  valueRange: (element, name) => rangeIn(element.one(name)),
  valueRatio: (element, name) => ratioIn(element.one(name)),
  valueBoolean: (element, name) => comment({ true: 'Yes', false: 'No' }[element.text(name)]),
  valueDateTime: (element, name) => comment(element.text(name).replace('T', ' ')),
  valueTime: (element, name) => comment(element.text(name)),
  valuePeriod: (element, name) => {
    const period = element.one(name);
    const ends = [period?.text('start'), period?.text('end')].map((end) => end?.replace('T', ' '));
    return comment(ends.filter(Boolean).join(' - '));
  },
  valueSampledData: (element, name) => comment(element.one(name)?.text('data')),
};

const comment = (text: string | undefined): ReadValue | undefined =>
  text ? { type: 'comment', value: text, unit: null } : undefined;

/** Text that is a number, or a word for none, is read as in HL7 (docs/hl7.md, "Deviations"). */
function printed(element: FhirElement, name: string, profile: LabProfile): ReadValue | undefined {
  const text = element.text(name);
  return text === '' ? undefined : { ...(numberOrNone(text, profile) ?? { type: 'comment', value: text }), unit: null };
}

function quantityIn(quantity: FhirElement | undefined): ReadValue | undefined {
  const number = quantity?.text('value') ?? '';
  if (!quantity || number === '') return undefined;
  const unit = unitOf(quantity);
  const value = `${comparatorOf(quantity)}${inDigits(number)}`;
  return { ...(numberOrNone(value, NUMBERS_OF_JSON) ?? { type: 'comment', value }), unit };
}

const unitOf = (quantity: FhirElement) => quantity.text('unit') || quantity.text('code') || null;
const comparatorOf = (quantity: FhirElement) => quantity.text('comparator').replace('ad', '');

/** `1.5e3` is 1500. */
const inDigits = (number: string) => (/^[+-]?\d+(\.\d+)?e[+-]?\d+$/i.test(number) ? String(Number(number)) : number);

function codedIn(concept: FhirElement | undefined): ReadValue | undefined {
  const value = concept ? wordsOf(concept) : '';
  return value === '' ? undefined : { type: 'coded_value', value, unit: null };
}

function rangeIn(range: FhirElement | undefined): ReadValue | undefined {
  const [low, high] = [range?.one('low'), range?.one('high')];
  const [from = '', to = ''] = [low?.text('value'), high?.text('value')];
  const value = from && to ? `${from}-${to}` : from ? `>=${from}` : to && `<=${to}`;
  if (!value) return undefined;
  const unit = [low, high].map((end) => end && unitOf(end)).find(Boolean) ?? null;
  return { ...(numberOrNone(value, NUMBERS_OF_JSON) ?? { type: 'comment', value }), unit };
}

/** `1:128`; each side with its unit where it has one. */
function ratioIn(ratio: FhirElement | undefined): ReadValue | undefined {
  const sides = ['numerator', 'denominator'].map((name) => {
    const side = ratio?.one(name);
    const value = side?.text('value');
    return side && value ? [`${comparatorOf(side)}${value}`, unitOf(side)].filter(Boolean).join(' ') : '';
  });
  return comment(sides.filter(Boolean).join(':'));
}

/** A reference range as printed: its words, else its ends. */
export function rangesOf(element: FhirElement): string | null {
  const texts = element.all('referenceRange').map((range) => range.text('text') || rangeIn(range)?.value || '');
  return texts.filter(Boolean).join('; ') || null;
}
