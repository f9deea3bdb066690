/** In which states a ZIP can be. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { usState } from '../../domain/people/us-states.ts';

/** Made by `scripts/make-zip-tables.ts`. */
const TABLE = join(import.meta.dirname, 'zip-states.json');

let known: Map<string, string> | undefined;

/** States by ZIP, `AZ NM`; read when first asked for. */
function statesByZip(): Map<string, string> {
  if (known) return known;
  known = new Map();
  const table = JSON.parse(readFileSync(TABLE, 'utf8')) as Record<string, string>;
  for (const [states, ranges] of Object.entries(table)) {
    for (const range of ranges.split(' ')) {
      const [first = '', last = first] = range.split('-');
      for (let zip = Number(first); zip <= Number(last); zip += 1) known.set(String(zip).padStart(5, '0'), states);
    }
  }
  return known;
}

/**
 * Whether a ZIP can be in a state: false only where it is known to be in another. One that nobody knows can be anywhere,
 * one close to a border on either side, and military ones are in no state. Of what is no state nothing is known either.
 */
export function zipCanBeIn(zip: string, state: string): boolean {
  const states = statesByZip().get(zip.slice(0, 5));
  return states === undefined || usState(state) === undefined || states.split(' ').includes(state);
}
