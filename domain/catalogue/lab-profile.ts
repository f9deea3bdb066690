/** What a laboratory writes differently than docs/hl7.md has it: data, by which its messages are read and its orders written. */
import type { FailureType, Interpretation } from '../results/lab-report.ts';

/** What a whole value means that is a word: why there is none, that its notes say why, or nothing but what it says. */
export type WordMeaning = FailureType | 'in_notes' | 'text';

/** A laboratory's peculiarities; what is absent is as docs/hl7.md has it. Codes and words are in capitals but for `tests` and `results`. */
export interface LabProfile {
  /** Its reason codes for results that are missing; they win over the common ones. */
  reasons?: Readonly<Record<string, FailureType>>;
  /** Its words in place of a value (the whole of OBX-5); they win over the common ones. */
  words?: Readonly<Record<string, WordMeaning>>;
  /** Its abnormal flags (OBX-8); they win over table 0078. */
  flags?: Readonly<Record<string, Interpretation>>;
  /** What a comma within a number means, in values and reference ranges. Absent: such a value is text. */
  comma?: 'decimal' | 'thousands';
  /** IANA zone of times without an offset. Absent: America/New_York. */
  time_zone?: string;
  /** Character set of messages whose MSH-18 is blank, by its name in table 0211 or in common use. */
  character_set?: string;
  /** Which component of OBX-3 is its own code; the other is the LOINC, if it looks like one. Absent: as the coding systems say. */
  result_code_component?: 1 | 4;
  /** Its test codes (OBR-4) that are others in the catalog, with the catalog's. */
  tests?: Readonly<Record<string, string>>;
  /** Its result codes (OBX-3) that are others in the catalog, with the catalog's or the LOINC. */
  results?: Readonly<Record<string, string>>;
  /** Where our order number comes back if not in OBR-2 or ORC-2: `OBR-18`, `PID-4.1`. */
  placer_order_number?: string;
  /** What OBR-7 of our orders holds. Absent: nothing, since nothing is collected yet. */
  order_time?: 'sending';
}

/** A profile of a laboratory's connection, as it was set. */
export interface VersionedProfile {
  /** 0 for what the catalog says of the laboratory, which counts until an operator sets another. */
  version: number;
  profile: LabProfile;
}
