/** What an order is found by: words, all in lower case, of which the beginning is enough; on one index. */
import type { QueryFilter } from 'mongoose';
import type { OrderDocument } from '../collections/orders.ts';

/** A search of more words is one of these words: each costs a look. */
const MOST_WORDS = 8;
/** Before ids, so that no short name finds the ids that happen to begin like it. */
const ID = '#';
/** Six characters of an id or more, a digit among the first of them. */
const BEGINS_AN_ID = /^(?=[a-f]*\d)[\da-f]{6,8}$|^[\da-f]{8}-[\da-f-]*$/;

type Known = Pick<OrderDocument, '_id' | 'user_id' | 'order' | 'placer_order_number' | 'sample_id'>;

/**
 * The words of names of patient and receiver, each and from each hyphen on; birth date, ids of order and user, requisition
 * and sample number, mail address.
 */
export function searchTerms({ _id, user_id, order, placer_order_number, sample_id }: Known): string[] {
  const { patient, address } = order;
  const names = [patient.first_name, patient.last_name, address.receiver_name].flatMap(wordsOf);
  const parts = names.flatMap((name) => [name, ...name.split(/[-'.]/).filter(Boolean)]);
  const numbers = [placer_order_number, sample_id ?? '', patient.email].flatMap(wordsOf);
  return [...new Set([...parts, patient.dob, ...numbers, `${ID}${_id}`, `${ID}${user_id}`])];
}

/** Orders that have a word for each word that is sought, in any order. */
export function searchFilter(input: string): QueryFilter<OrderDocument> {
  const words = wordsOf(input).slice(0, MOST_WORDS);
  if (words.length === 0) return {};
  return {
    $and: words.map((word) => ({
      search_terms: BEGINS_AN_ID.test(word) ? { $in: [beginning(word), beginning(`${ID}${word}`)] } : beginning(word),
    })),
  };
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
