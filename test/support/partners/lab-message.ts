/** Result messages as a laboratory would write them, good or wrong on purpose. */
import { randomUUID } from 'node:crypto';
import type { Order } from '../../../domain/orders/order.ts';
import type { Catalogue } from '../../../store/catalogue/catalogue.ts';

/** What a message says differently from a whole and final report on the order. */
export interface LabMessageChanges {
  control_id?: string;
  placer_order_number?: string;
  family_name?: string;
  /** PID-7 and PID-8; the patient's birth date and F unless told. */
  dob?: string;
  sex?: string;
  /** OBR-4 of every test instead of the test's own code. */
  test_code?: string;
  /** OBX-3 of every result instead of its own codes. */
  result_code?: (loinc: string) => string;
  /** When the specimen was collected; when the lab reported unless told, and not said at all where null. */
  collected_at?: Date | null;
  /** OBR-25 and OBX-11. */
  status?: 'P' | 'F' | 'C';
  /** Only these of the order's tests, by the laboratory's codes. */
  tests?: string[];
  /** Values by LOINC; every other result is 50. */
  values?: Record<string, string>;
  /** Reasons by LOINC for results that cannot be had. */
  lost?: Record<string, string>;
  /** Flags (OBX-8) by LOINC; every other result is normal. */
  flags?: Record<string, string>;
  /** Results, by LOINC, of which the message says nothing. */
  omitted?: string[];
  /** When the laboratory reported; now unless told. */
  reported_at?: Date;
}

/** An ORU^R01 about an order, from the laboratory that has it. */
export function labMessage(catalogue: Catalogue, order: Order, changes: LabMessageChanges = {}): string {
  const { patient } = order;
  const placer = changes.placer_order_number ?? order.placer_order_number;
  const status = changes.status ?? 'F';
  const at = hl7Time(changes.reported_at ?? new Date());
  const collected =
    changes.collected_at === null ? '' : hl7Time(changes.collected_at ?? changes.reported_at ?? new Date());
  const tests = order.markers.filter(({ provider_id }) => changes.tests?.includes(provider_id) ?? true);
  const resultsOf = (marker: number) =>
    (catalogue.markers.get(marker)?.expected_results ?? []).filter(
      (result) => !changes.omitted?.includes(result.loinc.code),
    );
  const header = `MSH|^~\\&|LAB|LAB|VENULE|1|${at}||ORU^R01^ORU_R01|${changes.control_id ?? randomUUID()}|P|2.5.1`;
  const who = `${changes.family_name ?? patient.last_name}^${patient.first_name}`;
  return [
    header,
    `PID|1||p^^^VENULE^PI||${who}||${changes.dob ?? patient.dob.replaceAll('-', '')}|${changes.sex ?? 'F'}`,
    ...tests.flatMap(({ marker_id, provider_id }, index) => [
      `ORC|RE|${placer}|ACC-1`,
      `OBR|${index + 1}|${placer}|ACC-1|${changes.test_code ?? provider_id}^Test^L|||${collected}|||||||${at}||||||||${at}|||${status}`,
      ...resultsOf(marker_id).map((result, position) => {
        const { code: loinc } = result.loinc;
        const usual = `${loinc}^${result.name}^LN^${result.provider_id}^${result.name}^L`;
        const code = changes.result_code?.(loinc) ?? usual;
        const reason = changes.lost?.[loinc];
        const [type, value, said] = reason
          ? ['CWE', `${reason}^^L`, 'X']
          : ['NM', changes.values?.[loinc] ?? '50', status];
        return `OBX|${position + 1}|${type}|${code}||${value}|||${changes.flags?.[loinc] ?? 'N'}|||${said}|||${collected}`;
      }),
    ]),
  ].join('\r');
}

/** Every result of an order by its LOINC, with the laboratory's reason why it cannot be had, as `lost` takes it. */
export const allLost = (catalogue: Catalogue, order: Order, reason: string): Record<string, string> =>
  Object.fromEntries(
    order.markers
      .flatMap(({ marker_id }) => catalogue.markers.get(marker_id)?.expected_results ?? [])
      .map(({ loinc }) => [loinc.code, reason]),
  );

/** `YYYYMMDDHHMMSS.SSS+0000` */
const hl7Time = (instant: Date) => `${instant.toISOString().replace(/[-:TZ]/g, '')}+0000`;
