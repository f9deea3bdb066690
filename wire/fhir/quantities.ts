/** Numbers and units as FHIR has them: a number keeps the digits that the laboratory printed. */
import type { Quantity } from '@medplum/fhirtypes';
import { UCUM } from './systems.ts';

/** The JavaScript that runs this has `JSON.rawJSON`; the library of types does not know it yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** A number that is written to JSON digit by digit: `5.10` stays `5.10`. */
class PrintedNumber extends Number {
  readonly #digits: string;

  constructor(digits: string) {
    super(digits);
    this.#digits = digits;
  }

  toJSON(): unknown {
    return rawJSON(this.#digits);
  }
}

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?$/;

/** A number as printed: `+5` is 5, `.5` is 0.5, `007` is 7. Undefined for a text that is no number. */
function printed(text: string): number | undefined {
  const [, sign = '', whole = '', fraction = ''] = /^([+-]?)(\d*)(\.\d*)?$/.exec(text.trim()) ?? [];
  if (whole + fraction === '' || fraction === '.') return whole === '' ? undefined : number(`${sign}${whole}`);
  return number(`${sign}${whole}${fraction === '.' ? '' : fraction}`);
}

function number(text: string): number | undefined {
  const sign = text.startsWith('-') ? '-' : '';
  const [whole = '', fraction] = text.replace(/^[+-]/, '').split('.');
  const digits = `${sign}${whole.replace(/^0+(?=\d)/, '') || '0'}${fraction ? `.${fraction}` : ''}`;
  return JSON_NUMBER.test(digits) ? (new PrintedNumber(digits) as unknown as number) : undefined;
}

/** Units of UCUM that laboratories report in, each with other ways in which it is printed. */
const UNITS: Readonly<Record<string, readonly string[]>> = {
  '%': [],
  '/uL': ['cells/uL', 'cells/mcL'],
  '1': ['ratio'],
  '10*3/uL': ['x10E3/uL', 'x10(3)/mcL', '10^3/uL', 'Thousand/uL', 'K/uL', 'K/mcL'],
  '10*6/uL': ['x10E6/uL', 'x10(6)/mcL', '10^6/uL', 'Million/uL', 'M/uL', 'M/mcL'],
  '10*9/L': ['10^9/L', 'x10E9/L'],
  '10*12/L': ['10^12/L', 'x10E12/L'],
  '[IU]/L': ['IU/L'],
  '[IU]/mL': ['IU/mL'],
  'k[IU]/L': ['kIU/L', 'kU/L'],
  'm[IU]/L': ['mIU/L'],
  'm[IU]/mL': ['mIU/mL'],
  'u[IU]/mL': ['uIU/mL', 'µIU/mL', 'mcIU/mL'],
  'U/L': [],
  'U/mL': [],
  '[pH]': ['pH'],
  '{copies}/mL': ['copies/mL'],
  '{score}': ['score'],
  Cel: ['°C'],
  fL: [],
  'g/dL': [],
  'g/L': [],
  h: ['hr', 'hours'],
  'kg/m2': [],
  'meq/L': ['mEq/L'],
  'mg/dL': [],
  'mg/g': ['mg/g creat'],
  'mg/L': [],
  'mg/mmol': [],
  'mL/min': [],
  'mL/min/{1.73_m2}': ['mL/min/1.73m2', 'mL/min/1.73 m2', 'mL/min/1.73'],
  'mm/h': ['mm/hr'],
  'mm[Hg]': ['mmHg'],
  'mmol/L': [],
  'mmol/mol': [],
  'mosm/kg': ['mOsm/kg'],
  'ng/dL': [],
  'ng/L': [],
  'ng/mL': [],
  'nmol/L': [],
  pg: [],
  'pg/mL': [],
  'pmol/L': [],
  s: ['sec', 'seconds'],
  'ug/dL': ['µg/dL', 'mcg/dL'],
  'ug/L': ['µg/L', 'mcg/L'],
  'ug/mL': ['µg/mL', 'mcg/mL'],
  'umol/L': ['µmol/L', 'mcmol/L'],
};

/** By the unit as printed. `K/uL` is valid UCUM and means kelvin: so only what is listed has a code. */
const CODES = new Map(Object.entries(UNITS).flatMap(([code, others]) => [code, ...others].map((one) => [one, code])));

/** The UCUM code of a unit as a laboratory prints it; undefined for one that is not known. */
export const ucumCode = (unit: string): string | undefined => CODES.get(unit);

/** Every UCUM code that is used. */
export const UCUM_CODES: readonly string[] = Object.keys(UNITS);

/** A number with its unit; undefined for a text that is no number. */
export function quantity(text: string, unit: string | null): Quantity | undefined {
  const value = printed(text);
  if (value === undefined) return undefined;
  const code = unit === null ? undefined : ucumCode(unit);
  return { value, ...(unit && { unit }), ...(code && { system: UCUM, code }) };
}

/** A number that is known as such. */
export const quantityOf = (value: number, unit: string | null): Quantity | undefined => quantity(String(value), unit);
