/**
 * Workflow histories as files. Written and read with protobuf's own JSON: the SDK's `historyToJSON` and `historyFromJSON`
 * need all of its packages to share one copy of protobufjs, which npm does not give them here.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import proto from '@temporalio/proto';
import { TODAYS_RULES } from '../../domain/rules.ts';

const { History } = proto.temporal.api.history.v1;
type History = proto.temporal.api.history.v1.IHistory;

/** Where the recorded histories are: a folder for each number of the rules (domain/rules.ts) that their journeys followed. */
export const HISTORIES = join(import.meta.dirname, '../histories');

const fileOf = (name: string) => join(HISTORIES, `${name}.json`);

/** The name of a history that follows rules of this number, today's unless given. */
export const underRules = (name: string, rules = TODAYS_RULES) => `rules-${rules}/${name}`;

/** Names of all recorded histories, whatever rules they followed. */
export function recordedHistories(): string[] {
  const files = readdirSync(HISTORIES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
  return files.map((file) => file.replace(/\.json$/, ''));
}

/** Keeps a history under a name; what was kept under it is replaced. */
export function writeHistory(name: string, history: History): void {
  mkdirSync(dirname(fileOf(name)), { recursive: true });
  writeFileSync(fileOf(name), `${JSON.stringify(History.fromObject(history).toJSON(), null, 1)}\n`);
}

/** A recorded history, as replay takes it. */
export function readHistory(name: string): History {
  return History.fromObject(JSON.parse(readFileSync(fileOf(name), 'utf8')));
}
