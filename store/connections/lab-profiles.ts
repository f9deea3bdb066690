/** What laboratories write differently (docs/lab-profiles.md): versions that operators set; before any, what the catalogue says. */
import type { Laboratory } from '../../domain/catalogue/catalogue.ts';
import type { Environment } from '../../domain/catalogue/lab-connection.ts';
import type { LabProfile, VersionedProfile } from '../../domain/catalogue/lab-profile.ts';
import type { Principal } from '../../domain/principal.ts';
import type { LabProfileDocument } from '../collections/connections.ts';
import { collectionOf } from '../collections/define.ts';
import { insert } from '../collections/write.ts';
import { isDuplicateKey } from '../duplicate-key.ts';
import type { Store } from '../open.ts';
import { recordAudit } from '../orders/audit.ts';
import { type Remembered, remembered } from '../remembered.ts';

type LaboratoryWithProfile = Pick<Laboratory, 'slug' | 'profile'>;

const connectionOf = (slug: string, environment: Environment) => `${slug}:${environment}`;

/** The profile that counts on a laboratory's connection of that environment. */
export async function currentProfile(
  store: Store,
  { slug, profile = {} }: LaboratoryWithProfile,
  environment: Environment,
): Promise<VersionedProfile> {
  const [newest] = await profileVersions(store, slug, environment, 1);
  return newest ?? { version: 0, profile };
}

/** The versions that were set, newest first. */
export function profileVersions(
  store: Store,
  slug: string,
  environment: Environment,
  limit: number,
): Promise<LabProfileDocument[]> {
  return collectionOf(store.labProfiles)
    .find({ connection: connectionOf(slug, environment) })
    .sort({ version: -1 })
    .limit(limit)
    .toArray();
}

/** Profiles as whoever reads many messages has them: a change counts within a second. */
export interface RememberedProfiles {
  /** @throws Error for a laboratory that is not in the catalogue */
  of(slug: string, environment: Environment): Promise<VersionedProfile>;
}

/** @param laboratories By slug, as the catalogue has them. */
export function rememberedProfiles(
  store: Store,
  laboratories: ReadonlyMap<string, LaboratoryWithProfile>,
): RememberedProfiles {
  const held: Remembered<VersionedProfile> = remembered((connection) => {
    const [slug = '', environment = ''] = connection.split(':');
    const laboratory = laboratories.get(slug);
    if (!laboratory) throw new Error(`There is no laboratory ${slug} in the catalog`);
    return currentProfile(store, laboratory, environment as Environment);
  });
  return {
    async of(slug, environment) {
      return (await held.get(connectionOf(slug, environment))) as VersionedProfile;
    },
  };
}

/** Somebody else set a version meanwhile. */
export class ProfileChanged extends Error {
  override name = 'ProfileChanged';
}

/**
 * Makes a profile the one that counts, as the version after the given one, with its audit entry; earlier ones are kept.
 * @param after The version that it was made from.
 * @returns its version
 * @throws ProfileChanged when there is a later one already
 */
export async function setProfile(
  store: Store,
  { slug, environment, after }: { slug: string; environment: Environment; after: number },
  profile: LabProfile,
  by: Principal,
): Promise<number> {
  const connection = connectionOf(slug, environment);
  const version = after + 1;
  const changed_at = new Date();
  try {
    await store.connection.transaction(async (session) => {
      const document = { _id: `${connection}:${version}`, connection, version, profile, changed_by: by, changed_at };
      await insert(store.labProfiles, document, { session });
      const detail = { lab: slug, environment, version };
      await recordAudit(store, { by, action: 'lab_profile.set', detail }, session);
    });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new ProfileChanged(`The profile of ${connection} was changed in the meantime; look at it and try again`);
  }
  return version;
}
