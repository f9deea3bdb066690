/** Teams, and the keys that their callers and their operator show. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Principal } from '../../domain/principal.ts';
import type { ApiKeyDocument, TeamDocument, TeamOptions } from '../collections/access.ts';
import { insert } from '../collections/write.ts';
import { isDuplicateKey } from '../duplicate-key.ts';
import type { Store } from '../open.ts';

/** The one organization of a self-hosted Venule: `{org}` of the Management API. */
export const ORGANISATION = 'default';

/** The team that every new Venule has, so that the first order needs no set-up. */
export const SANDBOX_TEAM_ID = '5f0c1a52-9d0e-4c8e-9a57-6b1f0e6c2d31';

/** Stands where a team's id stands in other keys: a management key belongs to the organization. */
const MANAGEMENT_KEY_OWNER = `org:${ORGANISATION}`;

/** What a team is before anybody has switched anything. */
const DEFAULT_TEAM_OPTIONS: Readonly<TeamOptions> = {
  redraws_enabled: true,
  partial_webhooks_enabled: false,
  minor_ordering_enabled: false,
  email_enabled: true,
  sms_enabled: false,
  reminders_enabled: false,
  results_ready_mail: false,
  early_booking_enabled: false,
  time_zone: 'America/New_York',
};

/** What has to be known of a new team; the rest has defaults. */
export interface NewTeam {
  name: string;
  environment: TeamDocument['environment'];
  options?: Partial<TeamOptions>;
  contact?: Partial<TeamDocument['contact']>;
  logo_url?: string | null;
  /** PNG or JPEG. */
  logo?: Buffer | null;
}

/** What can be changed of a team; what is absent stays. */
export interface TeamChanges {
  name?: string;
  options?: Partial<TeamOptions>;
  contact?: Partial<TeamDocument['contact']>;
  logo_url?: string | null;
  /** PNG or JPEG. */
  logo?: Buffer | null;
}

function teamOf(id: string, team: NewTeam): TeamDocument {
  return {
    _id: id,
    org_id: ORGANISATION,
    name: team.name,
    environment: team.environment,
    options: { ...DEFAULT_TEAM_OPTIONS, ...team.options },
    contact: { email: '', phone: '', ...team.contact },
    logo_url: team.logo_url ?? null,
    logo: team.logo?.toString('base64') ?? null,
    created_at: new Date(),
  };
}

/** Adds a team with an id of its own. */
export async function createTeam(store: Store, team: NewTeam): Promise<TeamDocument> {
  const document = teamOf(randomUUID(), team);
  await insert(store.teams, document);
  return document;
}

/** The team with this id, or null. */
export async function findTeam(store: Store, id: string): Promise<TeamDocument | null> {
  return store.teams.findById(id).lean<TeamDocument>();
}

/** Whom a patient can write to and call; either may be empty. */
export type Contact = TeamDocument['contact'];

/** Whom the patients of the sandbox team write to and call: an address and a number that are nobody's. */
const SANDBOX_CONTACT: Contact = { email: 'care@sandbox.example', phone: '+16025550100' };

/** Whether a patient of that team knows whom to turn to. */
export const hasContact = ({ contact }: Pick<TeamDocument, 'contact'>): boolean =>
  Boolean(contact.email || contact.phone);

/** Whom a patient of that team turns to. @param standIn The installation's contact, for a team that has none (F11). */
export function contactOf(team: Pick<TeamDocument, 'contact'>, standIn: Contact): Contact {
  return hasContact(team) ? team.contact : standIn;
}

/** The team's logo, ready to be printed; null where it has none. */
export function logoOf({ logo }: Pick<TeamDocument, 'logo'>): Buffer | null {
  return logo ? Buffer.from(logo, 'base64') : null;
}

/** Every team, oldest first. */
export async function listTeams(store: Store): Promise<TeamDocument[]> {
  return store.teams.find().sort({ created_at: 1 }).lean<TeamDocument[]>();
}

/** Changes what is given and leaves the rest; null when there is no such team. Orders already placed keep the options they were accepted with. */
export async function updateTeam(store: Store, id: string, changes: TeamChanges): Promise<TeamDocument | null> {
  const set = Object.fromEntries([
    ...Object.entries(changes.options ?? {}).map(([name, value]) => [`options.${name}`, value]),
    ...Object.entries(changes.contact ?? {}).map(([name, value]) => [`contact.${name}`, value]),
    ...(changes.name === undefined ? [] : [['name', changes.name]]),
    ...(changes.logo_url === undefined ? [] : [['logo_url', changes.logo_url]]),
    ...(changes.logo === undefined ? [] : [['logo', changes.logo?.toString('base64') ?? null]]),
  ]);
  return store.teams.findByIdAndUpdate(id, { $set: set }, { returnDocument: 'after' }).lean<TeamDocument>();
}

/** A key as it is stored and remembered: never the key itself. */
export const hashOfKey = (key: string): string => createHash('sha256').update(key).digest('hex');
const newKey = (prefix: string) => `${prefix}_us_${randomBytes(24).toString('base64url')}`;

async function storeKey(store: Store, teamId: string, label: string, key: string): Promise<ApiKeyDocument> {
  const document: ApiKeyDocument = {
    _id: randomUUID(),
    team_id: teamId,
    label,
    hash: hashOfKey(key),
    prefix: key.slice(0, 10),
    created_at: new Date(),
    deleted_at: null,
  };
  await insert(store.apiKeys, document);
  return document;
}

/**
 * Makes a key for a team: `sk_us_…` in the sandbox, `pk_us_…` in production.
 * @returns the key itself, which can never be read again, and what is stored of it.
 */
export async function createApiKey(
  store: Store,
  team: Pick<TeamDocument, '_id' | 'environment'>,
  label: string,
): Promise<{ key: string; document: ApiKeyDocument }> {
  const key = newKey(team.environment === 'production' ? 'pk' : 'sk');
  return { key, document: await storeKey(store, team._id, label, key) };
}

/** A team's keys, revoked ones too, oldest first. */
export async function listApiKeys(store: Store, teamId: string): Promise<ApiKeyDocument[]> {
  return store.apiKeys.find({ team_id: teamId }).sort({ created_at: 1 }).lean<ApiKeyDocument[]>();
}

/** From now on the key opens nothing; null when there is none with this id. Doing it again changes nothing. */
export async function revokeApiKey(store: Store, keyId: string): Promise<ApiKeyDocument | null> {
  await store.apiKeys.updateOne({ _id: keyId, deleted_at: null }, { $set: { deleted_at: new Date() } });
  return store.apiKeys.findById(keyId).lean<ApiKeyDocument>();
}

/**
 * The team whose key has this hash (`hashOfKey`), and the key as the one who asks; null when the key is unknown or revoked.
 */
export async function findTeamByKeyHash(
  store: Store,
  hash: string,
): Promise<{ team: TeamDocument; by: Principal } | null> {
  const found = await store.apiKeys.findOne({ hash, deleted_at: null }).lean<ApiKeyDocument>();
  const team = found && (await findTeam(store, found.team_id));
  return team && { team, by: { kind: 'key', id: found._id } };
}

/** The key as the one who asks, if it opens the Management API; null when it does not. */
export async function managementKeyOf(store: Store, key: string): Promise<Principal | null> {
  const found = await store.apiKeys.exists({ hash: hashOfKey(key), team_id: MANAGEMENT_KEY_OWNER, deleted_at: null });
  return found && { kind: 'key', id: String(found._id) };
}

/** Makes a key for the Management API, `mk_us_…`; it can never be read again. */
export async function createManagementKey(
  store: Store,
  label: string,
): Promise<{ key: string; document: ApiKeyDocument }> {
  const key = newKey('mk');
  return { key, document: await storeKey(store, MANAGEMENT_KEY_OWNER, label, key) };
}

/** The Management API's keys, revoked ones too, oldest first. */
export async function listManagementKeys(store: Store): Promise<ApiKeyDocument[]> {
  return listApiKeys(store, MANAGEMENT_KEY_OWNER);
}

/** Gives the owner this key when it never had one; a key that is already stored, or was revoked, is left as it is. */
async function ensureFirstKey(store: Store, owner: string, key: string | undefined): Promise<void> {
  if (!key || (await store.apiKeys.exists({ team_id: owner }))) return;
  try {
    await storeKey(store, owner, 'first key', key);
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

/** Makes sure that there is a sandbox team, and at the first start that it has this key. Several programs may do so at once. */
export async function ensureSandboxTeam(store: Store, options: { apiKey?: string | null } = {}): Promise<TeamDocument> {
  const { _id, ...team } = teamOf(SANDBOX_TEAM_ID, {
    name: 'Sandbox',
    environment: 'sandbox',
    contact: SANDBOX_CONTACT,
  });
  try {
    await store.teams.updateOne({ _id }, { $setOnInsert: team }, { upsert: true });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
  await ensureFirstKey(store, _id, options.apiKey ?? undefined);
  return (await findTeam(store, _id)) as TeamDocument;
}

/** Makes sure, at the first start, that this key opens the Management API. */
export async function ensureManagementKey(store: Store, key: string | null | undefined): Promise<void> {
  await ensureFirstKey(store, MANAGEMENT_KEY_OWNER, key ?? undefined);
}
