/** One command at work: the database it found, and where its output goes. */
import { userInfo } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { loadConfig } from '../../config/config.ts';
import { policyWith } from '../../domain/policy.ts';
import type { Principal } from '../../domain/principal.ts';
import { readRunning } from '../../local/parts/data-folder.ts';
import { isRunning } from '../../local/parts/process.ts';
import { findTeam, listTeams } from '../../store/access/teams.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import { closeStore, openStore, type Store } from '../../store/open.ts';
import type { Journeys } from '../../temporal/journeys.ts';
import type { RestartParts } from './orders/restart-journey.ts';
import { type Output, output } from './output.ts';

/** The command cannot be done; the message says what would help. Exit code 1. */
export class CannotDo extends Error {
  override name = 'CannotDo';
}

export interface Session {
  store: Store;
  out: Output;
}

/**
 * The database of `MONGODB_URI`, else of the `npm start` that runs on the data folder, else the default one; and where
 * callers reach its API.
 */
function addressesHere(): { database: string; publicUrl: string } {
  const { dataDir, mongodbUri, publicUrl } = loadConfig();
  const running = readRunning(dataDir);
  const here = !process.env.MONGODB_URI && running?.addresses && isRunning(running.start) ? running.addresses : null;
  return {
    database: here?.mongodb ?? mongodbUri,
    publicUrl: process.env.VENULE_PUBLIC_URL ? publicUrl : (here?.api ?? publicUrl),
  };
}

/** Who runs the command, by the account on this machine (G4). */
export const operator = (): Principal => ({ kind: 'person', id: userInfo().username });

/** Where the output of a command goes, in the form that was asked for. */
export function outputOf(command: Command): Output {
  const { json } = command.optsWithGlobals<{ json?: boolean }>();
  return output(json ?? false, (text) => process.stdout.write(text), process.stdout.columns);
}

/** Runs a command's work with the database open. */
export async function inSession(command: Command, work: (session: Session) => Promise<void>): Promise<void> {
  const { database: address, publicUrl } = addressesHere();
  const store = await openStore(address, publicUrl).catch((error: Error) => {
    const { host } = new URL(address.replace(/,[^/]*/, ''));
    throw new CannotDo(
      `MongoDB does not respond at ${host} (${error.name}). Run npm start on this machine, or set MONGODB_URI, or set VENULE_DATA_DIR to the data folder of the npm start that is running.`,
    );
  });
  try {
    await work({ store, out: outputOf(command) });
  } finally {
    await closeStore(store);
  }
}

/** What journeys are started with. */
type TemporalParts = Pick<RestartParts, 'client' | 'taskQueue' | 'policy'>;

/**
 * Runs work that speaks to journeys: on the Temporal of `TEMPORAL_ADDRESS`, else of the `npm start` that runs on the
 * data folder.
 */
export async function withJourneys(work: (journeys: Journeys, parts: TemporalParts) => Promise<void>): Promise<void> {
  const config = loadConfig();
  const running = readRunning(config.dataDir);
  const here = !process.env.TEMPORAL_ADDRESS && running?.addresses && isRunning(running.start) && running.addresses;
  const temporal = here ? { ...config.temporal, address: here.temporal } : config.temporal;
  // Loaded here, as most commands speak to no journey.
  const [{ temporalClient }, { parseCodecKeys }, { JourneysUnavailable, temporalJourneys }] = await Promise.all([
    import('../../temporal/connection.ts'),
    import('../../temporal/codec.ts'),
    import('../../temporal/journeys.ts'),
  ]);
  const { client, connection } = temporalClient(temporal, parseCodecKeys(config.codecKeys));
  try {
    const policy = policyWith(config.policyOverrides);
    const { taskQueue } = temporal;
    await work(temporalJourneys(client, taskQueue, policy), { client, taskQueue, policy });
  } catch (error) {
    if (!(error instanceof JourneysUnavailable)) throw error;
    throw new CannotDo(`${error.message} Temporal was asked at ${temporal.address}.`);
  } finally {
    await connection.close();
  }
}

/** The names of all teams, by id. */
export async function teamNames(store: Store): Promise<Map<string, string>> {
  return new Map((await listTeams(store)).map(({ _id, name }) => [_id, name]));
}

/**
 * The team with this id or name.
 * @throws CannotDo when there is none, or several of that name
 */
export async function teamCalled(store: Store, idOrName: string): Promise<TeamDocument> {
  const byId = await findTeam(store, idOrName);
  if (byId) return byId;
  const named = (await listTeams(store)).filter(({ name }) => name.toLowerCase() === idOrName.toLowerCase());
  const [team] = named;
  if (named.length > 1) throw new CannotDo(`Several teams are called "${idOrName}"; use the id (see admin team list)`);
  if (!team) throw new CannotDo(`There is no team "${idOrName}"; see admin team list`);
  return team;
}

/** @throws CannotDo when the catalogue has no such laboratory */
export async function requireLab(store: Store, slug: string): Promise<void> {
  const labs = await store.laboratories.find().lean();
  if (labs.some((lab) => lab.slug === slug)) return;
  const known = labs.map((lab) => lab.slug).join(', ');
  throw new CannotDo(
    known
      ? `There is no laboratory "${slug}"; there are ${known}`
      : 'The catalog is empty: start the API once to fill it',
  );
}

/** `on` and `off`, as an option's value. */
export function onOff(text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new InvalidArgumentError('Use on or off.');
}

/** A positive whole number, as an option's value. */
export function positive(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Use a whole number, 1 or more.');
}

/** Collects an option that may be given several times. */
export const repeated = (value: string, before: string[] = []): string[] => [...before, value];

/** The object without what was not given. */
export function given<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

/** The address of a server, as an option. */
export function webAddress(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return text;
  throw new InvalidArgumentError('Use an http or https URL.');
}

/** A moment, as an option's value; a day is its first moment in UTC. */
export function instant(text: string): Date {
  const time = new Date(/T.*(Z|[+-]\d\d:?\d\d)$|^\d{4}-\d\d-\d\d$/.test(text) ? text : `${text}Z`);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError('Use a date or a time, such as 2026-11-20 or 2026-11-20T09:00Z.');
}
