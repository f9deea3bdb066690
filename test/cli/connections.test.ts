/** `npm run admin -- connection set`: what cannot work, or could not be told apart, is refused, and nothing changes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import type { Environment } from '../../domain/catalogue/lab-connection.ts';
import { findLabConnection } from '../../store/connections/lab-connections.ts';
import { runAdmin } from '../support/running/admin-program.ts';
import { type FreshStore, freshCatalogue } from '../support/running/fresh-store.ts';

const root = join(import.meta.dirname, '..', '..');
const tls = (name: string) => join(root, 'test/support/tls', name);
const HOST_KEY = `SHA256:${'A'.repeat(43)}`;

let fresh: FreshStore;
const folder = mkdtempSync(join(tmpdir(), 'venule-connections-'));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
beforeAll(async () => {
  fresh = await freshCatalogue();
});
afterEach(async () => {
  await fresh.store.labConnections.collection.deleteMany({});
});
afterAll(async () => {
  await fresh.discard();
  rmSync(folder, { recursive: true });
});

const set = (lab: string, ...options: string[]) =>
  runAdmin(['connection', 'set', lab, ...options], { MONGODB_URI: fresh.database, VENULE_DATA_DIR: folder });
const held = (lab: string, environment: Environment = 'production') => findLabConnection(fresh.store, lab, environment);

const FROM = ['--mllp-from', '203.0.113.7'];
const SFTP = ['--sftp', 'venule@files.lab.example', '--sftp-host-key', HOST_KEY, '--sftp-password', 'secret'];
const DROPPED = ['--sftp-orders', '/orders', '--acknowledges', 'later'];

const withTls = (...more: string[]) => ['--mllp', 'orders.lab.example:2575', '--mllp-tls', ...more, ...FROM];
const damaged = () =>
  file('damaged.pem', readFileSync(tls('laboratory.cert.pem'), 'utf8').replace(/\n[^-\n]{10}/, '\nAAAAAAAAAA'));
const damagedKey = () => file('damaged-key.pem', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n');
const keyOf = (of: 'private' | 'public') => ssh2.utils.generateKeyPairSync('ed25519')[of];

describe('is refused by the option that is wrong', () => {
  test.each<[string, () => string[], RegExp]>([
    ['port 0 for MLLP', () => ['--mllp', 'orders.lab.example:0', ...FROM], /--mllp .*host:port/s],
    ['port 0 for SFTP', () => ['--sftp', 'venule@files.lab.example:0'], /--sftp .*user@host/s],
    ['a number for an address', () => ['--mllp-from', '10'], /--mllp-from .*addresses or networks/s],
    ['a damaged authority', () => withTls('--mllp-ca', damaged()), /--mllp-ca.*damaged/s],
    [
      'a damaged certificate',
      () => withTls('--mllp-cert', damaged(), '--mllp-key', tls('laboratory.key.pem')),
      /--mllp-cert.*damaged/s,
    ],
    [
      'a damaged key',
      () => withTls('--mllp-cert', tls('laboratory.cert.pem'), '--mllp-key', damagedKey()),
      /--mllp-key.*damaged/s,
    ],
    [
      'the key of another certificate',
      () => withTls('--mllp-cert', tls('laboratory.cert.pem'), '--mllp-key', tls('server.key.pem')),
      /--mllp-key.*not that of our certificate/s,
    ],
    [
      'a public SSH key',
      () => [...SFTP, ...DROPPED, '--sftp-key', file('id.pub', keyOf('public')), ...FROM],
      /--sftp-key/,
    ],
    [
      'one folder for orders and results',
      () => [...SFTP, ...DROPPED, '--sftp-results', '/orders/', '--sftp-archive', '/done'],
      /different folders/,
    ],
  ])('%s', async (_what, options, words) => {
    const { code, out, err } = await set('quest', ...options());
    expect([code === 0, out]).toEqual([false, '']);
    expect(err).toMatch(words);
    expect(err).not.toMatch(/ at .*\.ts:|error:[0-9A-F]{8}/);
    expect(await held('quest')).toBeNull();
  });
});

test('certificates and keys that work are taken', async () => {
  const certificates = ['--mllp-cert', tls('laboratory.cert.pem'), '--mllp-key', tls('laboratory.key.pem')];
  expect(await set('quest', ...withTls('--mllp-ca', tls('server.cert.pem'), ...certificates))).toMatchObject({
    code: 0,
  });
  const key = ['--sftp-key', file('id', keyOf('private'))];
  expect(await set('labcorp', ...SFTP, ...DROPPED, ...key, ...FROM)).toMatchObject({ code: 0 });
});

test('a laboratory that never acknowledges is one that does, once its orders go another way', async () => {
  await set('quest', '--mllp', 'orders.lab.example:2575', '--acknowledges', 'none', ...FROM);
  await set('quest', '--mllp', 'other.lab.example:2575');
  expect((await held('quest'))?.acknowledges).toBe('none');
  const http = ['--url', 'https://lab.example/hl7', '--user', 'venule', '--password', 'secret'];
  await set('quest', ...http);
  expect(await held('quest')).toMatchObject({ orders: { kind: 'http' }, acknowledges: 'answer' });
  await set('quest', '--mllp', 'orders.lab.example:2575', '--acknowledges', 'later');
  expect((await held('quest'))?.acknowledges).toBe('later');
});

describe('what comes in is of one environment', () => {
  const HTTP = ['--url', 'https://lab.example/hl7', '--user', 'venule', '--password', 'outward'];
  const inbound = (password: string) => [...HTTP, '--inbound-user', 'lab', '--inbound-password', password];
  const MLLP = ['--mllp', 'orders.lab.example:2575'];
  const results = (path: string) => [...HTTP, ...SFTP, '--sftp-results', path, '--sftp-archive', `${path}/done`];

  test.each<[string, string[], string[], RegExp]>([
    ['a password', inbound('one'), inbound('two'), /--inbound-password/],
    ['an address', [...MLLP, '--mllp-from', '10.20.0.0/16'], [...MLLP, '--mllp-from', '10.21.0.7'], /--mllp-from/],
    ['a folder', results('/results'), results('/test/results'), /--sftp-results/],
  ])('by %s of its own', async (_what, production, other, words) => {
    expect(await set('quest', ...production)).toMatchObject({ code: 0 });
    const sandbox = ['--environment', 'sandbox'];
    const same = await set('quest', ...sandbox, ...production);
    expect(same).toMatchObject({ code: 1, out: '', err: expect.stringMatching(words) });
    expect(same.err).toContain('production connection of quest');
    expect(await held('quest', 'sandbox')).toBeNull();
    expect(await set('quest', ...sandbox, ...other)).toMatchObject({ code: 0 });
    // Its own are no others.
    expect(await set('quest', ...production)).toMatchObject({ code: 0 });
  });
});
