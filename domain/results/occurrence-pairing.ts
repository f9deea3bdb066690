/** Which results of one code are the same ones from one report to the next. */
import type { Observation, ReportedStatus } from './lab-report.ts';

/** A result as a report has it. `status` is the one that counts, with that of its test. */
interface SaidResult {
  status: ReportedStatus;
  observation: Observation;
}

/** What tells results of one code apart: the sub-id (OBX-4), else the time, else the name. */
const TELLING: readonly ((observation: Observation) => string | null)[] = [
  ({ sub_id }) => sub_id ?? null,
  ({ observed_at }) => observed_at,
  ({ name }) => name || null,
];

/** One of the results of a code, as the reports so far have it. */
export interface Occurrence {
  /** From 0, in the order in which they came. */
  number: number;
  /** Sub-ids, times, and names under which it came, each the latest last. */
  called: readonly Set<string>[];
  /** What was said of it last. */
  words: string;
}

/**
 * Pairs what a report says under one code with what is known of that code. Whatever tells results apart, in the report or
 * among those that are known, decides. Of results that nothing tells apart, as many as are known are the known ones, in
 * their order; of fewer, each is the one with the same value, and one with another value can be any, so that it is one more.
 * Two that say the same are one, and so are two of different status that nothing else tells apart: a preliminary value, and
 * the final one. As much work as they are many.
 * @param known What is known so far; it grows by what is new.
 * @returns for each result of the report the number of its occurrence
 */
export function pairing(said: readonly SaidResult[], known: Occurrence[]): number[] {
  const first = new Map<string, SaidResult>();
  for (const result of said) {
    const key = everythingOf(result);
    if (!first.has(key)) first.set(key, result);
  }
  const results = [...first.values()];
  const pairs = new Pairs();
  pairs.pair(results, known, 0, false);
  pairs.pair(pairs.unpaired(results), [], 0, true);
  for (const result of results) {
    const occurrence = pairs.of(result);
    if (occurrence.number < 0) {
      occurrence.number = known.length;
      known.push(occurrence);
    }
    TELLING.forEach((telling, way) => {
      const name = telling(result.observation);
      const names = occurrence.called[way] as Set<string>;
      if (name === null) return;
      names.delete(name);
      names.add(name);
    });
    occurrence.words = wordsOf(result);
  }
  return said.map((result) => pairs.of(first.get(everythingOf(result)) as SaidResult).number);
}

class Pairs {
  readonly #found = new Map<SaidResult, Occurrence>();
  readonly #taken = new Set<Occurrence>();

  of(result: SaidResult): Occurrence {
    return this.#found.get(result) as Occurrence;
  }

  unpaired(results: readonly SaidResult[]): SaidResult[] {
    return results.filter((result) => !this.#found.has(result));
  }

  /**
   * @param way From which of the things on that tell them apart.
   * @param isNew Nothing is known of these results: each is one more.
   */
  pair(said: readonly SaidResult[], known: readonly Occurrence[], way: number, isNew: boolean): void {
    if (said.length === 0 || (known.length === 0 && !isNew)) return;
    const telling = TELLING[way];
    if (!telling) {
      this.#pairAlike(said, known, isNew);
      return;
    }
    const saidAs = Map.groupBy(said, ({ observation }) => telling(observation));
    const knownAs = new Map<string | null, Occurrence[]>();
    for (const occurrence of known) {
      const names = occurrence.called[way] as Set<string>;
      for (const name of names.size > 0 ? names : [null]) {
        const others = knownAs.get(name);
        if (others) others.push(occurrence);
        else knownAs.set(name, [occurrence]);
      }
    }
    const names = [...saidAs.keys()].filter((name) => name !== null);
    const latest = new Set(known.flatMap(({ called }) => [...(called[way] as Set<string>)].at(-1) ?? []));
    if (names.length <= 1 && latest.size <= 1 && !names.some((name) => knownAs.has(name))) {
      this.pair(said, known, way + 1, isNew);
      return;
    }
    for (const name of names) {
      this.pair(saidAs.get(name) ?? [], this.#open(knownAs.get(name) ?? []), way + 1, isNew);
    }
    const unnamed = saidAs.get(null) ?? [];
    const unnamedKnown = knownAs.get(null) ?? [];
    this.pair(unnamed, this.#open(unnamedKnown), way + 1, isNew);
    if (isNew) return;
    // Who says nothing of it contradicts nobody.
    this.pair(this.unpaired(unnamed), this.#open(known), way + 1, false);
    this.pair(this.unpaired(said), this.#open(unnamedKnown), way + 1, false);
  }

  /** Pairs results that nothing tells apart. */
  #pairAlike(said: readonly SaidResult[], known: readonly Occurrence[], isNew: boolean): void {
    if (said.length === known.length) this.#inOrder(said, known);
    const statuses = Map.groupBy(this.unpaired(said), ({ status }) => status);
    if (!isNew) for (const ofStatus of statuses.values()) this.#byWords(ofStatus, known);
    const all = [...known];
    for (const ofStatus of statuses.values()) {
      const paired = new Set(ofStatus.map((result) => this.#found.get(result)));
      const rest = this.unpaired(ofStatus);
      const others = all.filter((occurrence) => !paired.has(occurrence));
      const open = this.#open(others);
      this.#inOrder(rest, rest.length >= others.length ? others : rest.length >= open.length ? open : []);
      if (!isNew) continue;
      for (const result of this.unpaired(rest)) {
        const occurrence = { number: -1, called: TELLING.map(() => new Set<string>()), words: '' };
        all.push(occurrence);
        this.#take(result, occurrence);
      }
    }
  }

  /** Whatever says what was said before is the same; of several the first that nobody has. */
  #byWords(said: readonly SaidResult[], known: readonly Occurrence[]): void {
    const saying = Map.groupBy(known, ({ words }) => words);
    for (const group of saying.values()) {
      group.sort((one, other) => Number(this.#taken.has(one)) - Number(this.#taken.has(other)));
    }
    for (const result of said) {
      const occurrence = saying.get(wordsOf(result))?.shift();
      if (occurrence) this.#take(result, occurrence);
    }
  }

  #inOrder(said: readonly SaidResult[], known: readonly Occurrence[]): void {
    known.forEach((occurrence, index) => {
      const result = said[index];
      if (result) this.#take(result, occurrence);
    });
  }

  #take(result: SaidResult, occurrence: Occurrence): void {
    this.#found.set(result, occurrence);
    this.#taken.add(occurrence);
  }

  #open(known: readonly Occurrence[]): Occurrence[] {
    return known.filter((occurrence) => !this.#taken.has(occurrence));
  }
}

const wordsOf = ({ observation: { value, unit, notes } }: SaidResult): string => JSON.stringify([value, unit, notes]);

const everythingOf = (result: SaidResult): string =>
  JSON.stringify([result.status, ...TELLING.map((telling) => telling(result.observation)), wordsOf(result)]);
