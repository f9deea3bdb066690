/**
 * Walks through a collection in the order of an index, page by page. What changes meanwhile moves or stays; what does not
 * is met once, and a page costs the same however far on it is.
 */
import type { Model, QueryFilter } from 'mongoose';

/** What is walked through, and how: by an instant that the index `hint` sorts by within the filter. */
export interface Way<T> {
  filter: QueryFilter<T>;
  field: 'created_at' | 'updated_at';
  direction: 1 | -1;
  /** None where few documents meet the filter. */
  hint?: Readonly<Record<string, 1 | -1>>;
}

/** How far a walk is: the instant of the last document, and all that were met at that instant. */
export interface WalkPosition {
  /** ISO instant. */
  at: string;
  met: string[];
}

type Dated = { _id: string; created_at: Date; updated_at: Date };

/** The next documents of a walk, at most `limit`; fewer only at its end. */
export async function walkOn<T extends Dated>(
  model: Model<T>,
  { filter, field, direction, hint }: Way<T>,
  after: WalkPosition | null,
  limit: number,
): Promise<T[]> {
  const from = after && { [field]: { [direction === 1 ? '$gte' : '$lte']: new Date(after.at) } };
  const met = new Set(after?.met);
  const found = await model
    .find((from ? { $and: [filter, from] } : filter) as QueryFilter<T>, null, {
      sort: { [field]: direction },
      limit: limit + met.size,
      ...(hint && { hint }),
    })
    .lean<T[]>();
  return found.filter(({ _id }) => !met.has(_id)).slice(0, limit);
}

/** Where a walk is once a document was met. */
export function positionAfter<T extends Dated>(
  document: T,
  { field }: Pick<Way<T>, 'field'>,
  before: WalkPosition | null,
): WalkPosition {
  const at = document[field].toISOString();
  return { at, met: [...(before?.at === at ? before.met : []), document._id] };
}
