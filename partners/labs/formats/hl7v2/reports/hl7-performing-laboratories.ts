/** Where results were made: OBX-23 to 25; or a site code in OBX-15, with its name and address in a ZPS segment. */
import type { LabReport } from '../../../../../domain/results/lab-report.ts';
import type { ReceivedSegment } from '../hl7-message.ts';
import type { TestSegments } from './hl7-report-segments.ts';

/** The ZPS segments of a message by their site codes. */
export type Sites = ReadonlyMap<string, ReceivedSegment>;

const CLIA_NUMBER = /^\d{2}D\d{7}$/;

/** ZPS-2 is the code, ZPS-3 the name, ZPS-4 the address, ZPS-5 the telephone, ZPS-7 the director. */
export const sitesIn = (segments: readonly ReceivedSegment[]): Sites =>
  new Map(segments.filter(({ name }) => name === 'ZPS').map((segment) => [segment.text(2), segment]));

/** The name of the laboratory that made a result; empty where the message does not say. */
export function performerOf(obx: ReceivedSegment, sites: Sites): string {
  const { codes = [], texts = [] } = obx.coded(15)[0] ?? {};
  return obx.part(23) || siteOf(obx, sites)?.text(3) || (texts[0] ?? codes[0] ?? '');
}

const siteOf = (obx: ReceivedSegment, sites: Sites): ReceivedSegment | undefined =>
  obx
    .coded(15)[0]
    ?.codes.map((code) => sites.get(code))
    .find((site) => site !== undefined);

/** The performing laboratories by name. */
export function performingLaboratories(
  tests: readonly TestSegments[],
  sites: Sites,
): LabReport['performing_laboratories'] {
  const laboratories: LabReport['performing_laboratories'] = {};
  for (const { obx } of tests.flatMap((test) => test.observations)) {
    const name = performerOf(obx, sites);
    if (name === '' || Object.hasOwn(laboratories, name)) continue;
    const site = obx.part(23) === '' ? siteOf(obx, sites) : undefined;
    const [segment, address, director] = site ? [site, 4, 7] : [obx, 24, 25];
    laboratories[name] = {
      name,
      phone_number: site?.text(5) || null,
      medical_director: personIn(segment, director) || null,
      address: segment.part(address, 1) === '' ? null : addressIn(segment, address),
      clia_number: [obx.text(23, 10), obx.text(23, 3)].find((id) => CLIA_NUMBER.test(id)) ?? null,
    };
  }
  return laboratories;
}

function addressIn(segment: ReceivedSegment, field: number) {
  return {
    first_line: segment.part(field, 1),
    second_line: segment.text(field, 2) || null,
    city: segment.text(field, 3),
    state: segment.text(field, 4),
    zip: segment.text(field, 5),
    country: segment.text(field, 6),
  };
}

/** `id^family^given` as people write it. */
export function personIn(segment: ReceivedSegment, field: number): string {
  return [segment.text(field, 3), segment.part(field, 2)].filter((name) => name !== '').join(' ');
}
