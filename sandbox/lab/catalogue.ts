/** What each laboratory of the sandbox can test, read from the catalogue's seed files as plain data. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

interface Range {
  low: number | null;
  high: number | null;
}

/** One analyte that a test yields. */
export interface Analyte {
  name: string;
  slug: string;
  /** The lab's own result code. */
  provider_id: string;
  loinc: { code: string; name: string; unit: string | null };
  /** Absent where the result is words, as of a urine's color. */
  reference_range?: Range;
  critical_range?: Range;
}

/** An orderable test of one laboratory. */
export interface Test {
  lab_id: number;
  /** The lab's test code. */
  provider_id: string;
  name: string;
  specimen: string;
  is_orderable: boolean;
  aoe: { questions: { code: string; required: boolean; answers: { code: string }[] }[] };
  expected_results: Analyte[];
}

/** A laboratory with its menu, by test code. */
export interface Laboratory {
  id: number;
  slug: string;
  name: string;
  first_line_address: string;
  city: string;
  state: string;
  zipcode: string;
  clia_number: string;
  medical_director: string;
  hl7: { application: string; facility: string; order_message: string };
  menu: Map<string, Test>;
}

const SEED = path.join(import.meta.dirname, '../../store/catalogue/seed');

function read<T>(file: string): T[] {
  return JSON.parse(readFileSync(path.join(SEED, file), 'utf8'));
}

/** Every laboratory of the catalogue, by its slug. */
export function readCatalogue(): Map<string, Laboratory> {
  const tests = read<Test>('markers.json').filter((test) => test.is_orderable);
  const labs = read<Omit<Laboratory, 'menu'>>('labs.json').map((lab) => {
    const own = tests.filter((test) => test.lab_id === lab.id);
    return { ...lab, menu: new Map(own.map((test) => [test.provider_id, test])) };
  });
  return new Map(labs.map((lab) => [lab.slug, lab]));
}
