/** `config/`: parsed once, typed, refused by name, and documented from the same list. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../../config/config.ts';
import { configVariables, describeConfig } from '../../config/variables.ts';

describe('the configuration', () => {
  let dataDir: string;
  const load = (env: Record<string, string> = {}) => loadConfig({ VENULE_DATA_DIR: dataDir, ...env });

  beforeAll(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'venule-config-'));
  });
  afterAll(() => rmSync(dataDir, { recursive: true }));

  test.each([
    ['PORT', 'http'],
    ['PORT', '65536'],
    ['TEMPORAL_TLS', 'maybe'],
    ['TEMPORAL_TLS_SERVER_CA_CERT_PATH', '/no/such/file'],
    ['MONGODB_URI', 'localhost:27017'],
    ['SMTP_URL', 'localhost'],
    ['VENULE_API_KEY', 'short'],
    ['VENULE_PUBLIC_URL', 'venule.example'],
    ['VENULE_CODEC_KEYS', 'k1:c2hvcnQ='],
    ['VENULE_POLICY', '{'],
    ['VENULE_POLICY', '[]'],
    ['VENULE_LOG_LEVEL', 'loud'],
    ['VENULE_MAX_CACHED_WORKFLOWS', '-1'],
  ])('%s=%s is refused by name', (name, value) => {
    expect(() => load({ [name]: value })).toThrow(new RegExp(`^  ${name} must be `, 'm'));
  });

  test('everything that is wrong is named at once', () => {
    const wrong = { PORT: 'x', MONGODB_URI: 'x', SMTP_URL: 'x' };
    const refusal = (() => {
      try {
        return load(wrong);
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(ConfigError);
    expect((refusal as ConfigError).problems).toHaveLength(3);
  });

  test('a variable set to nothing counts as unset', () => {
    expect(load({ PORT: '', MONGODB_URI: '' })).toEqual(load());
  });

  test('a client certificate comes with its key', () => {
    const certificate = join(import.meta.dirname, 'config.test.ts');
    expect(() => load({ TEMPORAL_TLS_CLIENT_CERT_PATH: certificate })).toThrow('TEMPORAL_TLS_CLIENT_KEY_PATH');
    const { tls } = load({
      TEMPORAL_TLS_CLIENT_CERT_PATH: certificate,
      TEMPORAL_TLS_CLIENT_KEY_PATH: certificate,
    }).temporal;
    expect(tls).toEqual({ clientCertPair: { crt: readFileSync(certificate), key: readFileSync(certificate) } });
  });

  test('an API key for Temporal turns TLS on', () => {
    expect(load().temporal.tls).toBe(false);
    expect(load({ TEMPORAL_API_KEY: 'key' }).temporal.tls).toBe(true);
  });

  test('secrets that nobody gave are made once, and only their owner reads them', () => {
    expect(load().codecKeys).toMatch(/^k1:[A-Za-z0-9+/]{43}=$/);
    expect(load().codecKeys).toBe(load().codecKeys);
    expect(load().sandboxCredentials).toEqual(load().sandboxCredentials);
    for (const name of ['codec-keys', 'sandbox-password']) {
      expect(statSync(join(dataDir, name)).mode & 0o777).toBe(0o600);
    }
  });

  test('docs/operate.md and --help list every variable', () => {
    const guide = readFileSync(join(import.meta.dirname, '../../docs/operate.md'), 'utf8');
    const rows = configVariables().map((row) => `| \`${row.name}\` | ${row.meaning} | ${row.default} |`);
    const shown = guide.split('\n').filter((line) => /^\| `[A-Z_]+` \|/.test(line));
    expect(shown).toEqual(rows);
    for (const { name } of configVariables()) expect(describeConfig()).toContain(name);
  });
});
