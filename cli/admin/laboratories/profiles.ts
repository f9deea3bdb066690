/** `admin profile`: what laboratories write differently, and reading their messages anew when that changes. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { Laboratory } from '../../../domain/catalogue/catalogue.ts';
import type { Environment } from '../../../domain/catalogue/lab-connection.ts';
import type { VersionedProfile } from '../../../domain/catalogue/lab-profile.ts';
import { readAnew } from '../../../intake/read-anew.ts';
import { parseProfile, WrongProfile } from '../../../partners/labs/lab-profile.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import {
  currentProfile,
  ProfileChanged,
  profileVersions,
  setProfile,
} from '../../../store/connections/lab-profiles.ts';
import { keptMessages } from '../../../store/inbox/readings/kept-messages.ts';
import type { Store } from '../../../store/open.ts';
import type { Output } from '../output.ts';
import { CannotDo, inSession, instant, operator, positive, requireLab } from '../session.ts';

const DAY = 24 * 3_600_000;
/** Longer than any process remembers a profile (store/remembered.ts), in milliseconds. */
const COUNTS_EVERYWHERE_AFTER_MS = 2_000;

interface ReadFlags {
  environment: Environment;
  since: Date;
  limit: number;
  show: number;
}

/** What `admin profile` can do. */
export function addProfileCommands(profile: Command): void {
  profile
    .command('show')
    .description('show the profile that counts, as JSON')
    .argument('<lab>', 'the laboratory, such as labcorp')
    .addOption(ofConnection())
    .option('--set-version <n>', 'an earlier one, by its number in admin profile history', positive)
    .action((lab: string, flags: { environment: Environment; setVersion?: number }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const { version, profile: shown } = await versionOf(store, lab, flags.environment, flags.setVersion);
        out.done(JSON.stringify(shown, null, 2), { lab, environment: flags.environment, version, profile: shown });
      }),
    );

  profile
    .command('history')
    .description('list the versions that were set, newest first')
    .argument('<lab>')
    .addOption(ofConnection())
    .option('--limit <n>', 'maximum number', positive, 50)
    .action((lab: string, flags: { environment: Environment; limit: number }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        await requireLab(store, lab);
        const versions = await profileVersions(store, lab, flags.environment, flags.limit);
        out.list(
          versions.map(({ version, changed_at, changed_by, profile: set }) => ({
            version,
            changed_at,
            changed_by: changed_by.id,
            sets: Object.keys(set),
          })),
          'Nobody has set one: what the catalog says counts (admin profile show).',
        );
      }),
    );

  profile
    .command('set')
    .description('replace the profile; messages that are here already stay as they were read')
    .argument('<lab>')
    .argument('<file>', 'JSON; - for standard input')
    .addOption(ofConnection())
    .addHelpText(
      'after',
      `
It counts within a second for messages that come in and orders that go out.

Example:
  admin profile show labcorp > labcorp.json
  admin profile set labcorp labcorp.json`,
    )
    .action((lab: string, file: string, { environment }: { environment: Environment }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const version = await storeProfile(store, lab, environment, file);
        out.done(`Version ${version} counts from now on for ${lab} (${environment}).`, { lab, environment, version });
      }),
    );

  reading(profile.command('preview'))
    .description(
      'show what would change in the messages that are here if they were read with this profile; stores nothing',
    )
    .argument('<lab>')
    .argument('[file]', 'JSON, - for standard input; without it, the profile that counts')
    .addHelpText(
      'after',
      '\nIt shows results, and may name patients.\n\nExample:\n  admin profile preview labcorp labcorp.json --since 2026-11-01',
    )
    .action((lab: string, file: string | undefined, flags: ReadFlags, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const counts = await versionOf(store, lab, flags.environment);
        const proposed = file === undefined ? counts : { version: counts.version + 1, profile: profileIn(file) };
        await readKept(store, out, lab, proposed, flags, false);
      }),
    );

  reading(profile.command('apply'))
    .description('set the profile, and have the messages that are here count as they are read with it')
    .argument('<lab>')
    .argument(
      '[file]',
      'JSON, - for standard input; without it, the profile that counts, as after an upgrade of Venule',
    )
    .addHelpText(
      'after',
      `
Look at admin profile preview first. Open orders go on from the new readings; completed ones are corrected where these say
anything new, and whoever receives webhooks is told. A redraw that was decided stays. If it is interrupted, run it again.

Example:
  admin profile apply labcorp labcorp.json --since 2026-11-01`,
    )
    .action((lab: string, file: string | undefined, flags: ReadFlags, command: Command) =>
      inSession(command, async ({ store, out }) => {
        if (file !== undefined) {
          await storeProfile(store, lab, flags.environment, file);
          // What comes in until then may be read with the profile of before, and is read anew, too.
          await sleep(COUNTS_EVERYWHERE_AFTER_MS);
        }
        await readKept(store, out, lab, await versionOf(store, lab, flags.environment), flags, true);
      }),
    );
}

const ofConnection = () =>
  new Option('--environment <name>', 'the sandbox or the production connection')
    .choices(['sandbox', 'production'])
    .default('production');

const reading = (command: Command) =>
  command
    .addOption(ofConnection())
    .option('--since <time>', 'messages received since then (default: the last 30 days)', instant, daysAgo(30))
    .option('--limit <n>', 'read at most so many messages, oldest first', positive, 10_000)
    .option('--show <n>', 'name at most so many changes; all are counted', positive, 200);

const daysAgo = (days: number) => new Date(Date.now() - days * DAY);

/** A version of a laboratory's profile; the one that counts, unless another is named. */
async function versionOf(
  store: Store,
  lab: string,
  environment: Environment,
  version?: number,
): Promise<VersionedProfile> {
  const counts = await currentProfile(store, await laboratoryCalled(store, lab), environment);
  if (version === undefined || version === counts.version) return counts;
  const earlier = await collectionOf(store.labProfiles).findOne({ connection: `${lab}:${environment}`, version });
  if (!earlier)
    throw new CannotDo(`There is no version ${version} for ${lab} (${environment}); see admin profile history`);
  return earlier;
}

async function laboratoryCalled(store: Store, lab: string): Promise<Pick<Laboratory, 'slug' | 'profile'>> {
  await requireLab(store, lab);
  return store.laboratories.findOne({ slug: lab }).orFail().lean();
}

async function storeProfile(store: Store, lab: string, environment: Environment, file: string): Promise<number> {
  const profile = profileIn(file);
  const { version } = await versionOf(store, lab, environment);
  try {
    return await setProfile(store, { slug: lab, environment, after: version }, profile, operator());
  } catch (error) {
    throw error instanceof ProfileChanged ? new CannotDo(error.message) : error;
  }
}

function profileIn(file: string) {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CannotDo(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    return parseProfile(text);
  } catch (error) {
    throw error instanceof WrongProfile ? new CannotDo(error.message) : error;
  }
}

async function readKept(
  store: Store,
  out: Output,
  lab: string,
  profile: VersionedProfile,
  { environment, since, limit, show }: ReadFlags,
  isMeant: boolean,
): Promise<void> {
  const { summary, rows, stopped_at } = await readAnew(
    store,
    keptMessages(store, { lab_slug: lab, environment, since }),
    {
      profile,
      by: isMeant ? operator() : null,
      limit,
      named: show,
      onProgress: (messages) => process.stderr.write(`${messages} messages read …\n`),
    },
  );
  if (stopped_at) {
    process.stderr.write(`Stopped after ${limit} messages; go on with --since ${stopped_at.toISOString()}\n`);
  }
  const facts = { lab, environment, profile_version: profile.version, ...summary };
  if (rows.length > 0) return out.showWith(facts, 'changes', rows);
  out.done(`${summary.messages} messages read; nothing ${isMeant ? 'changed' : 'would change'}.`, {
    ...facts,
    changes: [],
  });
}
