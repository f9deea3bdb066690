/** How a collection is defined: fields, indexes and, in its family's file, the type of its documents. */
import mongoose, { type Connection, type Model, Schema, type SchemaDefinition } from 'mongoose';

type Index = [
  fields: Record<string, 1 | -1>,
  options?: {
    unique?: boolean;
    expireAfterSeconds?: number;
    partialFilterExpression?: object;
    /** Where another index has the same fields; else MongoDB makes one of them. */
    name?: string;
  },
];

// A text that must be there can be empty.
Schema.Types.String.checkRequired((value: unknown) => typeof value === 'string');

export const Mixed = Schema.Types.Mixed;
export const text = { type: String, required: true } as const;
export const textOrNull = { type: String, default: null } as const;
export const date = { type: Date, required: true } as const;
export const dateOrNull = { type: Date, default: null } as const;
export const whole = { type: Mixed, required: true } as const;
export const wholeOrNull = { type: Mixed, default: null } as const;
export const yes = { type: Boolean, required: true } as const;
export const count = { type: Number, required: true } as const;

export function define<T>(
  connection: Connection,
  collection: string,
  fields: SchemaDefinition,
  indexes: Index[] = [],
): Model<T> {
  const schema = new Schema(fields, { collection, versionKey: false, minimize: false, autoIndex: false });
  for (const [keys, options] of indexes) schema.index(keys, options);
  return connection.model(collection, schema) as unknown as Model<T>;
}

/**
 * The way past mongoose: a model's collection without casting and hydration, for reading, and for changing fields with
 * operators, which TypeScript checks against the type of the document. Whole documents are written by `write.ts`, which
 * a lint rule sees to.
 */
export function collectionOf<T extends { _id: unknown }>(model: Model<T>): mongoose.mongo.Collection<T> {
  return model.collection as unknown as mongoose.mongo.Collection<T>;
}
