/** Every migration there is, in the order they came. A new one is a file here and a line below. */
import { journeyChecks } from './0001-journey-checks.ts';
import { searchTermsOfOrders } from './0002-search-terms.ts';
import { pairsOfWords } from './0003-pairs-of-words.ts';
import { acknowledgments } from './0004-acknowledgments.ts';
import type { Migration } from './migrate.ts';

export const MIGRATIONS: readonly Migration[] = [journeyChecks, searchTermsOfOrders, pairsOfWords, acknowledgments];
