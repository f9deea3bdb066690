/** Everything that can be set from outside: parsed once, typed, and refused by name when it is wrong. */
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type AlertLimits, DEFAULT_ALERT_LIMITS } from '../domain/alerts.ts';
import { keptSecret } from './kept-secret.ts';
import { type Environment, type VariableName, variables } from './variables.ts';

/** How Temporal is reached; `address`, `tls` and `apiKey` are what the SDK’s `connect` takes. */
export interface TemporalConfig {
  /** `host:port`. */
  address: string;
  namespace: string;
  tls: boolean | { serverRootCACertificate?: Buffer; clientCertPair?: { crt: Buffer; key: Buffer } };
  apiKey: string | undefined;
  taskQueue: string;
}

/** Ports that `npm start` gives to the parts it runs; undefined where nothing was asked for, 0 for any free one. */
export interface PartPorts {
  api: number | undefined;
  temporal: number | undefined;
  temporalUi: number | undefined;
  mongodb: number | undefined;
  smtp: number | undefined;
  mail: number | undefined;
  sandbox: number | undefined;
}

/** The whole configuration of a program of Venule’s. */
export interface Config {
  /** The API’s port; 0 takes a free one. */
  port: number;
  host: string;
  /** Without a slash at its end. */
  publicUrl: string;
  /** Addresses and networks of the proxies that are believed. */
  trustedProxies: string[];
  /** Requests that an API has under way at once. */
  mostRequests: number;
  /** Where laboratories deliver over MLLP; null for nowhere. 0 takes a free port. */
  mllp: { port: number; tls: { cert: Buffer; key: Buffer } | null } | null;
  temporal: TemporalConfig;
  /** For links; null where nobody said. */
  temporalUiUrl: string | null;
  /** For links; null where nobody said. */
  mailUiUrl: string | null;
  mongodbUri: string;
  smtpUrl: string;
  mailFrom: string;
  /** Mail addresses of those who are told of what waits or is silent, and from when on that is (G9). */
  operators: string[];
  alerts: AlertLimits;
  /** Whom patients of a team without a contact turn to; either may be empty (F11). */
  standInContact: { email: string; phone: string };
  /** The account that sends SMS; null where they are kept instead. */
  twilio: { accountSid: string; authToken: string; from: string } | null;
  /** Without a slash at its end. */
  sandboxUrl: string;
  /** What the sandbox lab shows us and we show it (HTTP Basic, F12). */
  sandboxCredentials: { user: string; password: string };
  /** Whether the environment says where the sandbox lab is or what its password is. */
  sandboxGiven: boolean;
  /** What we show the sandbox phlebotomy providers, and what they sign their events with. */
  sandboxPhlebotomy: { key: string; secret: string };
  /** An absolute path. */
  dataDir: string;
  /** The sandbox team’s key, used at the first start only. */
  apiKey: string | null;
  /** The Management API’s key, used at the first start only. */
  managementKey: string | null;
  webhookAllowPrivate: boolean;
  /** `id:base64` of 32-byte keys, separated by commas; the first one encrypts. */
  codecKeys: string;
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  maxCachedWorkflows: number;
  /** `VENULE_POLICY` as it was given; the policy itself checks it. */
  policyOverrides: Record<string, unknown>;
  /** How many days is kept what need not be kept for ever; null for ever. */
  retention: { webhooks: number | null; lab_texts: number | null; sms: number | null };
  ports: PartPorts;
}

/** The environment asks for something that cannot be; `problems` names each variable. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Venule cannot start with this configuration:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

const environmentSchema = z.object(
  Object.fromEntries(Object.entries(variables).map(([name, { schema }]) => [name, schema])) as {
    [Name in VariableName]: (typeof variables)[Name]['schema'];
  },
);

/**
 * Reads the environment once. A variable set to nothing counts as unset. Secrets that nobody gave are made and kept
 * in the data folder, so that every program with the same folder has the same.
 *
 * @throws ConfigError naming every variable that is wrong
 */
export function loadConfig(env: Environment = process.env): Config {
  const given = parse(env);
  const dataDir = resolve(given.VENULE_DATA_DIR ?? join(import.meta.dirname, '..', '.venule'));
  const apiPort = given.PORT ?? 3000;
  return {
    port: apiPort,
    host: given.HOST ?? '127.0.0.1',
    publicUrl: given.VENULE_PUBLIC_URL ?? `http://127.0.0.1:${apiPort}`,
    trustedProxies: given.VENULE_TRUSTED_PROXIES ?? [],
    mostRequests: given.VENULE_MOST_REQUESTS ?? 512,
    mllp: mllpOf(given),
    temporal: {
      address: given.TEMPORAL_ADDRESS ?? '127.0.0.1:7233',
      namespace: given.TEMPORAL_NAMESPACE ?? 'default',
      tls: tlsOf(given),
      apiKey: given.TEMPORAL_API_KEY,
      taskQueue: given.VENULE_TASK_QUEUE ?? 'venule',
    },
    temporalUiUrl: given.TEMPORAL_UI_URL ?? null,
    mailUiUrl: given.MAIL_UI_URL ?? null,
    mongodbUri: given.MONGODB_URI ?? 'mongodb://127.0.0.1:27017/venule',
    smtpUrl: given.SMTP_URL ?? 'smtp://127.0.0.1:1025',
    twilio: twilioOf(given),
    mailFrom: given.VENULE_MAIL_FROM ?? 'Venule <no-reply@venule.example>',
    operators: given.VENULE_OPERATOR_MAIL ?? [],
    alerts: given.VENULE_ALERTS ?? DEFAULT_ALERT_LIMITS,
    standInContact: { email: given.VENULE_CONTACT_EMAIL ?? '', phone: given.VENULE_CONTACT_PHONE ?? '' },
    sandboxUrl: given.VENULE_SANDBOX_URL ?? 'http://127.0.0.1:3100',
    sandboxCredentials: {
      user: 'sandbox',
      password:
        given.VENULE_SANDBOX_PASSWORD ??
        keptSecret(dataDir, 'sandbox-password', () => randomBytes(18).toString('base64url')),
    },
    sandboxGiven: given.VENULE_SANDBOX_URL !== undefined || given.VENULE_SANDBOX_PASSWORD !== undefined,
    sandboxPhlebotomy: {
      key:
        given.VENULE_SANDBOX_PHLEBOTOMY_KEY ??
        keptSecret(dataDir, 'sandbox-phlebotomy-key', () => randomBytes(18).toString('base64url')),
      secret:
        given.VENULE_SANDBOX_PHLEBOTOMY_SECRET ??
        keptSecret(dataDir, 'sandbox-phlebotomy-secret', () => `whsec_${randomBytes(32).toString('base64')}`),
    },
    dataDir,
    apiKey: given.VENULE_API_KEY ?? null,
    managementKey: given.VENULE_MANAGEMENT_KEY ?? null,
    webhookAllowPrivate: given.VENULE_WEBHOOK_ALLOW_PRIVATE ?? false,
    codecKeys:
      given.VENULE_CODEC_KEYS ?? keptSecret(dataDir, 'codec-keys', () => `k1:${randomBytes(32).toString('base64')}`),
    logLevel: given.VENULE_LOG_LEVEL ?? 'info',
    maxCachedWorkflows: given.VENULE_MAX_CACHED_WORKFLOWS ?? 1000,
    policyOverrides: given.VENULE_POLICY ?? {},
    retention: {
      webhooks: given.VENULE_KEEP_WEBHOOKS ?? null,
      lab_texts: given.VENULE_KEEP_LAB_TEXTS ?? null,
      sms: given.VENULE_KEEP_SMS ?? null,
    },
    ports: {
      api: given.PORT,
      temporal: given.TEMPORAL_PORT,
      temporalUi: given.TEMPORAL_UI_PORT,
      mongodb: given.MONGODB_PORT,
      smtp: given.SMTP_PORT,
      mail: given.MAIL_PORT,
      sandbox: given.SANDBOX_PORT,
    },
  };
}

function mllpOf(given: z.infer<typeof environmentSchema>): Config['mllp'] {
  const { VENULE_MLLP_PORT: port, VENULE_MLLP_TLS_CERT_PATH: cert, VENULE_MLLP_TLS_KEY_PATH: key } = given;
  return port === undefined ? null : { port, tls: cert && key ? { cert, key } : null };
}

/** An account is of use only whole. */
function twilioOf(given: z.infer<typeof environmentSchema>): Config['twilio'] {
  const parts = { accountSid: given.TWILIO_ACCOUNT_SID, authToken: given.TWILIO_AUTH_TOKEN, from: given.TWILIO_FROM };
  const { accountSid, authToken, from } = parts;
  if (accountSid && authToken && from) return { accountSid, authToken, from };
  if (accountSid || authToken || from) {
    throw new ConfigError(['TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM are given together or not at all']);
  }
  return null;
}

/** Certificates and their keys. */
const PAIRS = [
  ['TEMPORAL_TLS_CLIENT_CERT_PATH', 'TEMPORAL_TLS_CLIENT_KEY_PATH'],
  ['VENULE_MLLP_TLS_CERT_PATH', 'VENULE_MLLP_TLS_KEY_PATH'],
] as const satisfies readonly (readonly [VariableName, VariableName])[];

function parse(env: Environment): z.infer<typeof environmentSchema> {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = environmentSchema.safeParse(set);
  const problems = (result.error?.issues ?? []).map((issue) => `${issue.path.join('.')} must be ${issue.message}.`);
  for (const [certificate, key] of PAIRS) {
    if (Boolean(set[certificate]) !== Boolean(set[key]))
      problems.push(`${certificate} and ${key} must be given together.`);
  }
  if (!result.success || problems.length > 0) throw new ConfigError(problems);
  return result.data;
}

function tlsOf(given: z.infer<typeof environmentSchema>): TemporalConfig['tls'] {
  const authority = given.TEMPORAL_TLS_SERVER_CA_CERT_PATH;
  const certificate = given.TEMPORAL_TLS_CLIENT_CERT_PATH;
  const key = given.TEMPORAL_TLS_CLIENT_KEY_PATH;
  if (given.TEMPORAL_TLS === false || !(authority || certificate)) {
    return given.TEMPORAL_TLS ?? given.TEMPORAL_API_KEY !== undefined;
  }
  return {
    ...(authority && { serverRootCACertificate: authority }),
    ...(certificate && key && { clientCertPair: { crt: certificate, key } }),
  };
}
