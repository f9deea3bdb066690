/** Every variable of the environment that Venule reads: what it means, what it can be, and which programs read it. */
import { readFileSync } from 'node:fs';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { isPhoneNumber } from '../domain/people/phone-number.ts';
import { alertLimits } from './alerts.ts';

export type Environment = Record<string, string | undefined>;

/** The programs that read a variable. `start` gives the others theirs; the sandbox partners have an environment of their own. */
export type Program = 'start' | 'api' | 'worker' | 'admin';

const port = z.coerce.number('a port from 0 to 65535').int().min(0).max(65535);
const count = z.coerce.number('a whole number, 0 or more').int().min(0);
const days = z.coerce.number('days, 1 or more').int().min(1);
const onOff = z.stringbool({ error: '1 or 0' });

const file = z.string().transform((path, context) => {
  try {
    return readFileSync(path);
  } catch {
    context.addIssue(`the path of a readable file, and ${path} is none`);
    return z.NEVER;
  }
});

const webAddress = z
  .url({ protocol: /^https?$/, error: 'an http or https address' })
  .transform((url) => url.replace(/\/+$/, ''));

const codecKeys = z.string().refine(
  (keys) =>
    keys.split(',').every((key) => {
      const [, id, secret] = /^([\w.-]+):([A-Za-z0-9+/]+={0,2})$/.exec(key.trim()) ?? [];
      return id !== undefined && Buffer.from(secret ?? '', 'base64').length === 32;
    }),
  'a list "id:base64,id2:base64" of 32-byte keys, the one that encrypts first',
);

const jsonObject = z.string().transform((text, context): Record<string, unknown> => {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    context.addIssue('a JSON object');
    return z.NEVER;
  }
});

/** Addresses and networks, `10.0.0.1,fd00::/8`. */
const addresses = z.string().transform((text, context) => {
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.every((entry) => ipaddr.isValid(entry) || ipaddr.isValidCIDR(entry))) return entries;
  context.addIssue('addresses or networks such as 10.0.0.1,10.1.0.0/16, with commas between them');
  return z.NEVER;
});

/** One variable of the environment, as the documentation and `--help` show it. */
export interface Variable {
  meaning: string;
  /** In words, for people. */
  default: string;
  readBy: readonly Program[];
}

const everywhere = ['start', 'api', 'worker', 'admin'] as const;

function variable<Schema extends z.ZodType>(
  schema: Schema,
  readBy: readonly Program[],
  fallback: string,
  meaning: string,
): Variable & { schema: z.ZodOptional<Schema> } {
  return { schema: schema.optional(), readBy, default: fallback, meaning };
}

export const variables = {
  PORT: variable(port, ['start', 'api'], '3000', 'Port of the API; 0 takes a free one.'),
  HOST: variable(z.string(), ['api'], '127.0.0.1', 'Address to listen on; use 0.0.0.0 in a container.'),
  VENULE_PUBLIC_URL: variable(
    webAddress,
    ['api', 'worker'],
    'http://127.0.0.1:PORT',
    'URL at which partners, patients, and browsers reach the API.',
  ),
  VENULE_TRUSTED_PROXIES: variable(
    addresses,
    ['api'],
    'none',
    'Trusted proxies in front of the API, as comma-separated addresses or networks; the client address they report is trusted.',
  ),
  VENULE_MOST_REQUESTS: variable(
    z.coerce.number('a whole number, 8 or more').int().min(8),
    ['api'],
    '512',
    'Requests that one API handles at the same time, at most half of them for one team; further requests get 429.',
  ),
  VENULE_MLLP_PORT: variable(
    port,
    ['api'],
    'none: no laboratory can send over MLLP',
    'Port on which laboratories deliver over MLLP; 0 takes a free one.',
  ),
  VENULE_MLLP_TLS_CERT_PATH: variable(
    file,
    ['api'],
    'none: plain TCP, for a VPN or this machine',
    'Certificate of the MLLP port, with its chain (PEM).',
  ),
  VENULE_MLLP_TLS_KEY_PATH: variable(file, ['api'], 'none', 'Key of that certificate (PEM).'),
  TEMPORAL_ADDRESS: variable(
    z.string(),
    everywhere,
    '127.0.0.1:7233; npm start runs its own',
    'Temporal server, as host:port.',
  ),
  TEMPORAL_NAMESPACE: variable(z.string(), everywhere, 'default', 'Temporal namespace of the journeys.'),
  TEMPORAL_TLS: variable(
    onOff,
    everywhere,
    '1 with TEMPORAL_API_KEY, else 0',
    'Whether to connect to Temporal over TLS.',
  ),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: variable(
    file,
    everywhere,
    'the system’s',
    'CA that signed Temporal’s certificate.',
  ),
  TEMPORAL_TLS_CLIENT_CERT_PATH: variable(file, everywhere, 'none', 'Client certificate, if Temporal requires one.'),
  TEMPORAL_TLS_CLIENT_KEY_PATH: variable(file, everywhere, 'none', 'Key of the client certificate.'),
  TEMPORAL_API_KEY: variable(z.string(), everywhere, 'none', 'API key for Temporal Cloud.'),
  TEMPORAL_UI_URL: variable(webAddress, ['api', 'worker'], 'none; set by npm start', 'URL of Temporal UI.'),
  MAIL_UI_URL: variable(webAddress, ['api'], 'none; set by npm start', 'URL at which caught mail can be read.'),
  VENULE_TASK_QUEUE: variable(
    z.string(),
    ['api', 'worker', 'admin'],
    'venule',
    'Task queue that the workers listen on.',
  ),
  VENULE_MAX_CACHED_WORKFLOWS: variable(count, ['worker'], '1000', 'Open orders that a worker keeps in memory.'),
  MONGODB_URI: variable(
    z.string().regex(/^mongodb(\+srv)?:\/\//, 'an address that begins with mongodb:// or mongodb+srv://'),
    everywhere,
    'mongodb://127.0.0.1:27017/venule; npm start runs its own',
    'MongoDB replica set (required for transactions).',
  ),
  SMTP_URL: variable(
    z.string().regex(/^smtps?:\/\//, 'an address that begins with smtp:// or smtps://'),
    ['start', 'worker'],
    'smtp://127.0.0.1:1025; npm start catches the mail',
    'SMTP server that sends mail to patients.',
  ),
  TWILIO_ACCOUNT_SID: variable(
    z.string(),
    ['worker'],
    'none; SMS are stored, not sent',
    'Twilio account for sending SMS.',
  ),
  TWILIO_AUTH_TOKEN: variable(z.string(), ['worker'], 'none', 'Its token.'),
  TWILIO_FROM: variable(z.string(), ['worker'], 'none', 'Its number (+1…) or messaging service (MG…).'),
  VENULE_MAIL_FROM: variable(
    z.string(),
    ['worker'],
    'Venule <no-reply@venule.example>',
    'Sender of mail to patients; the team’s name is put in front, as in “Desert Telehealth via Venule”.',
  ),
  VENULE_OPERATOR_MAIL: variable(
    z.string().transform((text, context) => {
      const operators = text.split(',').map((address) => address.trim());
      if (operators.every((address) => z.email().safeParse(address).success)) return operators;
      context.addIssue('mail addresses with commas between them');
      return z.NEVER;
    }),
    ['worker'],
    'none; see the log',
    'Who is written to when something waits for too long or is silent.',
  ),
  VENULE_ALERTS: variable(
    alertLimits,
    ['worker', 'admin'],
    '{}',
    'From when on that is, as JSON; see “What you are told”.',
  ),
  VENULE_CONTACT_EMAIL: variable(
    z.email('a mail address'),
    ['api', 'worker'],
    'none',
    'Email address for patients of teams without a contact.',
  ),
  VENULE_CONTACT_PHONE: variable(
    z.string().refine(isPhoneNumber, 'a telephone number'),
    ['api', 'worker'],
    'none',
    'Telephone number for patients of teams without a contact.',
  ),
  VENULE_API_KEY: variable(
    z.string().min(16, 'a key of 16 characters or more'),
    ['start', 'api'],
    'none; npm start creates one',
    'API key given to the sandbox team on first start.',
  ),
  VENULE_MANAGEMENT_KEY: variable(
    z.string().min(16, 'a key of 16 characters or more'),
    ['start', 'api'],
    'none; npm start creates one',
    'Management API key created on first start.',
  ),
  VENULE_WEBHOOK_ALLOW_PRIVATE: variable(
    onOff,
    ['start', 'api', 'worker'],
    '0; npm start 1',
    'Whether webhooks may go to private addresses, such as this machine.',
  ),
  VENULE_CODEC_KEYS: variable(
    codecKeys,
    everywhere,
    'created once and kept in the data folder',
    'Keys for encrypting what Temporal stores, as id:base64; the first one encrypts.',
  ),
  VENULE_SANDBOX_URL: variable(
    webAddress,
    ['api', 'worker'],
    'http://127.0.0.1:3100; set by npm start',
    'The sandbox partners.',
  ),
  VENULE_SANDBOX_PASSWORD: variable(
    z.string().min(8, 'a password of 8 characters or more'),
    ['start', 'api', 'worker'],
    'created once and kept in the data folder',
    'Password that Venule and the sandbox labs use for each other (HTTP Basic, user `sandbox`).',
  ),
  VENULE_SANDBOX_PHLEBOTOMY_KEY: variable(
    z.string().min(8, 'a key of 8 characters or more'),
    ['start', 'api'],
    'created once and kept in the data folder',
    'Bearer key that Venule sends to the sandbox phlebotomy providers.',
  ),
  VENULE_SANDBOX_PHLEBOTOMY_SECRET: variable(
    z.string().regex(/^whsec_[A-Za-z0-9+/]{16,}={0,2}$/, 'whsec_ and base64'),
    ['start', 'api'],
    'created once and kept in the data folder',
    'Secret with which the sandbox phlebotomy providers sign their events (whsec_ and base64).',
  ),
  VENULE_POLICY: variable(
    jsonObject,
    ['api', 'worker'],
    '{}',
    'Overrides of the policy’s durations and quiet hours, as JSON; for tests and demos.',
  ),
  VENULE_KEEP_WEBHOOKS: variable(
    z.coerce.number('days, 61 or more').int().min(61),
    ['worker', 'admin'],
    'forever',
    'Days after which delivered webhooks are deleted, except the latest one of each order; 61 or more, because 60 days of them can be recovered.',
  ),
  VENULE_KEEP_LAB_TEXTS: variable(
    days,
    ['worker', 'admin'],
    'forever',
    'Days after which the raw text of laboratory messages, and the documents in them, are deleted once their orders are over; reports and results are kept.',
  ),
  VENULE_KEEP_SMS: variable(
    days,
    ['worker', 'admin'],
    'forever',
    'Days after which the text of stored SMS is deleted.',
  ),
  VENULE_DATA_DIR: variable(z.string(), everywhere, '.venule', 'Folder for everything that is kept.'),
  VENULE_CACHE_DIR: variable(
    z.string(),
    ['start'],
    'venule in the user’s cache folder',
    'Folder for downloaded components; may be emptied.',
  ),
  VENULE_LOG_LEVEL: variable(
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'trace, debug, info, warn, error or silent'),
    ['api', 'worker'],
    'info',
    'trace, debug, info, warn, error, or silent.',
  ),
  TEMPORAL_PORT: variable(port, ['start'], '7233', 'Port of npm start’s Temporal; 0 takes a free one.'),
  TEMPORAL_UI_PORT: variable(port, ['start'], '8233', 'Port of Temporal UI; 0 takes a free one.'),
  MONGODB_PORT: variable(port, ['start'], '27017', 'Port of npm start’s MongoDB; 0 takes a free one.'),
  SMTP_PORT: variable(port, ['start'], '1025', 'Port on which npm start catches mail; 0 takes a free one.'),
  MAIL_PORT: variable(port, ['start'], '8025', 'Port of the mail catcher’s web page; 0 takes a free one.'),
  SANDBOX_PORT: variable(port, ['start'], '3100', 'Port of the sandbox partners; 0 takes a free one.'),
};

/** The name of a variable that Venule reads. */
export type VariableName = keyof typeof variables;

/** Every variable that Venule reads, for `--help` and the documentation; of one program where it is named. */
export function configVariables(program?: Program): (Variable & { name: string })[] {
  return Object.entries(variables)
    .filter(([, { readBy }]) => program === undefined || readBy.includes(program))
    .map(([name, { meaning, default: fallback, readBy }]) => ({ name, meaning, default: fallback, readBy }));
}

/** The variables as lines of text: the second half of a program’s `--help`. */
export function describeConfig(program?: Program): string {
  const rows = configVariables(program);
  const width = Math.max(...rows.map(({ name }) => name.length));
  return [
    'Environment:',
    ...rows.map((row) => `  ${row.name.padEnd(width)}  ${row.meaning} (default: ${row.default})`),
  ].join('\n');
}
