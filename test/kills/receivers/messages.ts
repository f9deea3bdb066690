/** Result messages of a made-up laboratory: each one different, some about several orders, some of many megabytes. */
import { createHash } from 'node:crypto';
import type { Chance } from '../random.ts';

/** A message, and what must be there of it once it is acknowledged. */
export interface Message {
  control_id: string;
  raw: Buffer;
  /** SHA-256 of it, hex. */
  hash: string;
  /** The placer order numbers that it reports on, in its order. */
  orders: string[];
}

/** One message in so many is longer than what the database keeps in one document. */
const LARGE_ONE_IN = 40;
/** Characters of the document in such a message. */
const LARGE = 9 * 1024 * 1024;

const ANALYTES = [
  ['2345-7', 'Glucose', 'mg/dL'],
  ['2160-0', 'Creatinine', 'mg/dL'],
  ['2823-3', 'Potassium', 'mmol/L'],
  ['718-7', 'Hemoglobin', 'g/dL'],
] as const;

/** @param number Of its sender, from 1. */
export function writeMessage(chance: Chance, sender: string, number: number): Message {
  const control_id = `${sender}-${number}`;
  const orders = Array.from({ length: chance.between(1, 3) }, (_, place) => `${sender}-${number}-${place + 1}`);
  const isLarge = chance.between(1, LARGE_ONE_IN) === 1;
  const remark = 'Kept at the laboratory. '.repeat(chance.between(0, 200));
  const raw = Buffer.from(
    [
      `MSH|^~\\&|KILLS|RIVER LAB|VENULE|1|20261101080000+0000||ORU^R01^ORU_R01|${control_id}|P|2.5.1`,
      'PID|1||77^^^RIVER^MR||Reyes^Noa||19740630|F',
      ...orders.flatMap((order, place) => [
        `OBR|${place + 1}|${order}|F-${order}|CHEM^Chemistry^L|||20261101073000+0000|||||||||||||||20261101080000+0000|||F`,
        ...ANALYTES.slice(0, chance.between(1, ANALYTES.length)).map(
          ([loinc, name, unit], row) =>
            `OBX|${row + 1}|NM|${loinc}^${name}^LN||${chance.between(1, 9_999) / 10}|${unit}|||||F`,
        ),
      ]),
      ...(remark ? [`NTE|1|L|${remark}`] : []),
      ...(isLarge ? [`OBX|9|ED|PDF^Report^L||^AP^PDF^Base64^${pdf(control_id)}||||||F`] : []),
      '',
    ].join('\r'),
  );
  return { control_id, raw, hash: createHash('sha256').update(raw).digest('hex'), orders };
}

const pdf = (name: string) => Buffer.alloc((LARGE / 4) * 3, `%PDF-1.7 ${name} `).toString('base64');
