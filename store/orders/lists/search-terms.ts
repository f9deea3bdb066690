/**
 * What an order is found by, on one index: words, all in lower case, of which the beginning is enough; and pairs of
 * words, so that two common names together are as quickly found as a rare one.
 */
import type { QueryFilter } from 'mongoose';
import type { OrderDocument } from '../../collections/orders.ts';

/** A search of more words is one of these words: each costs a look. */
const MOST_WORDS = 8;
/** Before ids, so that no short name finds the ids that happen to begin like it. */
const ID = '#';
/** Six characters of an id or more, a digit among the first of them. */
const BEGINS_AN_ID = /^(?=[a-f]*\d)[\da-f]{6,8}$|^[\da-f]{8}-[\da-f-]*$/;
/** Before the pairs of words, which have a blank in them as no word does. */
const PAIR = '&';
/** So much of the first word of a pair is in it. */
const BEGINNING = 3;
/** An order of more names would have too many pairs, and has this term instead. */
const PAIRED_AT_MOST = 8;
const MANY_NAMES = `${PAIR} many`;
/** Letters, as names have them, or digits as birth dates do; pairs are of such words and of how others begin. */
const LETTERS = /^[^\d.@#&_+-]+/;
const DIGITS = /^[\d-]+/;

type Known = Pick<OrderDocument, '_id' | 'user_id' | 'order' | 'placer_order_number' | 'sample_id'>;
type Filter = QueryFilter<OrderDocument>;

/**
 * The words of names of patient and receiver, each and from each hyphen on; birth date, ids of order and user, requisition
 * and sample number, mail address; and the pairs of these words.
 */
export function searchTerms({ _id, user_id, order, placer_order_number, sample_id }: Known): string[] {
  const { patient, address } = order;
  const whole = [patient.first_name, patient.last_name, address.receiver_name].flatMap(wordsOf);
  const names = [...new Set(whole.flatMap((name) => [name, ...name.split(/[-'.]/).filter(Boolean)]))];
  const numbers = [placer_order_number, sample_id ?? '', patient.email].flatMap(wordsOf);
  const words = [...names, patient.dob, ...numbers];
  const pairs = names.length > PAIRED_AT_MOST ? [MANY_NAMES] : pairsOf(words);
  return [...new Set([...words, `${ID}${_id}`, `${ID}${user_id}`, ...pairs])];
}

/** Each two words as far as they are letters or digits, whichever comes first, if the first can be the beginning of a name. */
function pairsOf(words: readonly string[]): string[] {
  const beginnings = [...new Set(words.map((word) => (LETTERS.exec(word) ?? DIGITS.exec(word))?.[0] ?? ''))].filter(
    Boolean,
  );
  return beginnings
    .filter((word) => word.length >= BEGINNING && LETTERS.test(word))
    .flatMap((first) => beginnings.filter((word) => word !== first).map((second) => pairOf(first, second)));
}

const pairOf = (first: string, second: string) => `${PAIR}${first.slice(0, BEGINNING)} ${second}`;

/** Orders that have a word for each word that is sought, in any order. */
export function searchFilter(input: string): Filter {
  const words = searchedWords(input);
  return words.length === 0 ? {} : { $and: words.map(hasWord) };
}

/** The words of a search that are looked at. */
export const searchedWords = (input: string) => wordsOf(input).slice(0, MOST_WORDS);

/** Orders with a word that begins like this. */
export function hasWord(word: string): Filter {
  return {
    search_terms: BEGINS_AN_ID.test(word) ? { $in: [beginning(word), beginning(`${ID}${word}`)] } : beginning(word),
  };
}

/**
 * What every order has that has words that begin like these, in several ways, so that the one that the fewest orders have
 * can lead to them: each word, and each pair of words that stand side by side.
 */
export function leadsTo(words: readonly string[]): Filter[] {
  const pairs = words.slice(1).flatMap((word, index) => {
    const before = words[index] as string;
    return hasPair(before, word) ?? hasPair(word, before) ?? [];
  });
  return [...words.map(hasWord), ...pairs];
}

/** Null where orders may have both words without having them as a pair: one of them may be of an id, or both one word. */
function hasPair(first: string, second: string): Filter | null {
  const isWhole = (word: string, kind: RegExp) => kind.exec(word)?.[0] === word;
  if (!isWhole(first, LETTERS) || first.length < BEGINNING || BEGINS_AN_ID.test(second)) return null;
  if (!isWhole(second, LETTERS) && !isWhole(second, DIGITS)) return null;
  if (first.startsWith(second) || second.startsWith(first)) return null;
  return { search_terms: { $in: [beginning(pairOf(first, second)), MANY_NAMES] } };
}

/** Text as an anchored pattern, which an index answers. */
export function beginning(word: string): RegExp {
  return new RegExp(`^${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);
}

/** Words between blanks and commas, in lower case, whichever apostrophe they are written with. */
export function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .replace(/[\u2018\u2019\u02bc]/g, "'")
    .split(/[\s,]+/)
    .filter(Boolean);
}
