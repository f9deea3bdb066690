/**
 * Workflow histories as files. Written and read with protobuf's own JSON: the SDK's `historyToJSON` and `historyFromJSON`
 * need all of its packages to share one copy of protobufjs, which npm does not give them here.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import proto from '@temporalio/proto';

const { History } = proto.temporal.api.history.v1;
type History = proto.temporal.api.history.v1.IHistory;

/** Where the recorded histories are. */
export const HISTORIES = join(import.meta.dirname, '../histories');

const fileOf = (name: string) => join(HISTORIES, `${name}.json`);

/** Names of all recorded histories. */
export function recordedHistories(): string[] {
  const files = readdirSync(HISTORIES).filter((file) => file.endsWith('.json'));
  return files.map((file) => file.replace(/\.json$/, ''));
}

/** Keeps a history under a name; what was kept under it is replaced. */
export function writeHistory(name: string, history: History): void {
  writeFileSync(fileOf(name), `${JSON.stringify(History.fromObject(history).toJSON(), null, 1)}\n`);
}

/** A recorded history, as replay takes it. */
export function readHistory(name: string): History {
  return History.fromObject(JSON.parse(readFileSync(fileOf(name), 'utf8')));
}
