/** What a laboratory sends about a thyroid panel: results of some of its tests (docs/hl7.md). */
import { randomUUID } from 'node:crypto';

interface Test {
  code: string;
  loinc: string;
  unit: string;
  value: string;
}

const TESTS: readonly Test[] = [
  { code: '004259', loinc: '3016-3', unit: 'uIU/mL', value: '2.1' },
  { code: '001974', loinc: '3024-7', unit: 'ng/dL', value: '1.2' },
  { code: '010389', loinc: '3051-0', unit: 'pg/mL', value: '3.1' },
  { code: '006676', loinc: '8099-4', unit: 'IU/mL', value: '12' },
  { code: '006685', loinc: '8098-6', unit: 'IU/mL', value: '0.4' },
];

/** Which tests are reported: the first two, the other three, or one alone, by its code. */
export type Reported = 'first' | 'rest' | { only: string };

/**
 * A report of some tests, all of them final.
 * @param lost Code of the test that gives no result, through the lab's fault.
 */
export function reportMessage(placerOrderNumber: string, reported: Reported, lost?: string): string {
  const now = new Date().toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return [
    `MSH|^~\\&|LAB|LABCORP|VENULE|BENCH|${now}+0000||ORU^R01^ORU_R01|${randomUUID()}|P|2.5.1`,
    'PID|1||1^^^VENULE^PI||Bell^Ana||19850312|F',
    ...testsOf(reported).flatMap(({ code, loinc, unit, value }, index) => [
      `ORC|RE|${placerOrderNumber}|F1`,
      `OBR|${index + 1}|${placerOrderNumber}|F1|${code}^${code}^L|||${now}+0000|||||||${now}+0000||||||||${now}+0000|||F`,
      code === lost
        ? `OBX|1|CWE|${loinc}^${code}^LN^${code}^${code}^L||QS^Quantity not sufficient^HL70490||||||X|||${now}+0000`
        : `OBX|1|NM|${loinc}^${code}^LN^${code}^${code}^L||${value}|${unit}|0-99|N|||F|||${now}+0000`,
    ]),
    '',
  ].join('\r');
}

function testsOf(reported: Reported): readonly Test[] {
  if (reported === 'first') return TESTS.slice(0, 2);
  if (reported === 'rest') return TESTS.slice(2);
  return TESTS.filter(({ code }) => code === reported.only);
}
