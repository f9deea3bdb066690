/** What is drawn for the tests of an order: how many of which tube, told as a phlebotomist says it. */

/** A tube, cup or card. */
interface Container {
  /** How the catalogue's specimen names it. */
  named: RegExp;
  /** As it is asked for: `2 SST`, `1 lavender`. */
  name: string;
  /** What the laboratory tests in it. */
  specimen: string;
  /** How many tests one of them is enough for. */
  tests: number;
}

/** In the order in which tubes are drawn (CLSI GP41), then what is not drawn. */
const CONTAINERS: readonly Container[] = [
  { named: /light blue/i, name: 'light blue', specimen: 'Plasma (citrate)', tests: 3 },
  { named: /royal blue/i, name: 'royal blue', specimen: 'Serum (trace element)', tests: 3 },
  { named: /\bSST\b|gold/i, name: 'SST', specimen: 'Serum', tests: 8 },
  { named: /\btan\b/i, name: 'tan', specimen: 'Whole blood (EDTA, lead-free)', tests: 2 },
  { named: /lavender/i, name: 'lavender', specimen: 'Whole blood (EDTA)', tests: 4 },
  { named: /urine/i, name: 'urine cup', specimen: 'Urine', tests: 10 },
  { named: /dried blood spot/i, name: 'blood spot card', specimen: 'Dried blood spots', tests: 8 },
];

/** One kind of tube, and how many of it. */
export interface Tubes {
  name: string;
  count: number;
}

/** The number that a specimen begins with, and what it is a number of. */
function asked(specimen: string): { count: number; what: string } {
  const [, count = '1', what = specimen] = /^\s*(\d+)\s*[×x]\s*(.*)$/.exec(specimen) ?? [];
  return { count: Number(count), what };
}

const containerOf = (specimen: string) => CONTAINERS.find(({ named }) => named.test(specimen));

/**
 * What to draw, in the order of drawing: tests share a tube as far as one is enough. Of a container that is not in the
 * table, which may be shared by nothing, as many as the tests ask for.
 * @param specimens What each ordered test asks for, such as `1 × SST (gold top), 5 mL`.
 */
export function tubesFor(specimens: readonly string[]): Tubes[] {
  const known = CONTAINERS.flatMap((container) => {
    const wanted = specimens.filter((specimen) => containerOf(specimen) === container);
    if (wanted.length === 0) return [];
    const largest = Math.max(...wanted.map((specimen) => asked(specimen).count));
    return [{ name: container.name, count: Math.max(largest, Math.ceil(wanted.length / container.tests)) }];
  });
  const others = new Map<string, number>();
  for (const specimen of specimens.filter((one) => one.trim() !== '' && !containerOf(one))) {
    const { count, what } = asked(specimen);
    others.set(what, (others.get(what) ?? 0) + count);
  }
  return [...known, ...[...others].map(([name, count]) => ({ name, count }))];
}

/** `2 SST, 1 lavender, 1 urine cup`. */
export function tubesInWords(tubes: readonly Tubes[]): string {
  const plural = (name: string) => name.replace(/\b(cup|card)$/, '$1s');
  return tubes.map(({ name, count }) => `${count} ${count === 1 ? name : plural(name)}`).join(', ');
}

/** The source of a specimen as a report names it (42 CFR 493.1291(c)(5)): `Serum`, `Urine`; the catalogue's words where it is none that we know. */
export function specimenSource(specimen: string): string {
  return containerOf(specimen)?.specimen ?? asked(specimen).what;
}
