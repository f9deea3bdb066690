/** The codes of tests and results: by their coding systems, else by the laboratory's profile. */
import type { LabProfile } from '../../../../../domain/catalogue/lab-profile.ts';
import type { ReceivedSegment } from '../hl7-message.ts';

/** The code and name that identify a test or a result: a `LOINC^name^LN^lab code^lab name^L` field. */
export function codesOf(segment: ReceivedSegment, field: number) {
  const codings = [1, 4, 10].map((at) => {
    return { code: segment.text(field, at), isLoinc: segment.text(field, at + 2) === 'LN' };
  });
  const codeOf = (loinc: boolean) => codings.find(({ code, isLoinc }) => code !== '' && isLoinc === loinc)?.code;
  const [loinc = null, local = null] = [codeOf(true), codeOf(false)];
  return { loinc, local, name: segment.coded(field)[0]?.texts[0] ?? local ?? loinc ?? '' };
}

const LOINC = /^\d{1,7}-\d$/;

/** The codes of a result, as the laboratory's profile would have them read. */
export function resultCodesOf(obx: ReceivedSegment, { result_code_component: own, results }: LabProfile) {
  const codes = codesOf(obx, 3);
  if (own) {
    const other = obx.text(3, own === 1 ? 4 : 1);
    codes.local = obx.text(3, own) || null;
    codes.loinc = LOINC.test(other) ? other : null;
    if (!codes.local && !codes.loinc) codes.local = other || null;
  }
  return cataloguedResult(codes, results);
}

/** A laboratory's codes of a result as the catalog has them. */
export function cataloguedResult<C extends { loinc: string | null; local: string | null }>(
  codes: C,
  results: LabProfile['results'],
): C {
  const [alias] = [codes.local, codes.loinc].flatMap((code) => ownEntry(results, code) ?? []);
  if (alias === undefined) return codes;
  if (LOINC.test(alias)) return { ...codes, loinc: alias };
  // A LOINC that stands for something else in the catalog is none.
  return { ...codes, local: alias, loinc: ownEntry(results, codes.loinc) ? null : codes.loinc };
}

/** A laboratory's code as the catalog has it. */
export const catalogued = <T extends string | null>(code: T, codes: LabProfile['tests']): T | string =>
  ownEntry(codes, code) ?? code;

const ownEntry = (codes: LabProfile['tests'], code: string | null): string | undefined =>
  code !== null && codes && Object.hasOwn(codes, code) ? codes[code] : undefined;
