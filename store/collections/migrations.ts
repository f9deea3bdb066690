/** What has been done to what an earlier version stored. */
import type { Connection } from 'mongoose';
import { count, date, dateOrNull, define, text } from './define.ts';

/** How far a migration is (docs/architecture.md). */
export interface MigrationDocument {
  /** Its name. */
  _id: string;
  /** How often it has gone through everything. */
  passes: number;
  /** Up to which document the present pass has come; empty at its beginning. */
  after: string;
  /** From when on somebody is to go on with it; while somebody does, until when nobody else does. */
  next_at: Date;
  /** When its last pass ended; null until then. */
  completed_at: Date | null;
}

/** The models of these collections. */
export const migrationsCollections = (connection: Connection) => ({
  migrations: define<MigrationDocument>(connection, 'migrations', {
    _id: text,
    passes: count,
    after: { type: String, default: '' },
    next_at: date,
    completed_at: dateOrNull,
  }),
});
