/** `docker-compose.yml`: a valid Compose file that runs what there is. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { configVariables } from '../../config/variables.ts';

interface Service {
  command?: string | string[];
  environment?: Record<string, string>;
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  deploy?: { replicas: number };
}

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose: { services: Record<string, Service> } = parse(text, { merge: true });
const secrets = {
  VENULE_CODEC_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
  VENULE_SANDBOX_PASSWORD: 'sandbox-password',
  VENULE_SANDBOX_PHLEBOTOMY_KEY: 'phlebotomy-key',
  VENULE_SANDBOX_PHLEBOTOMY_SECRET: `whsec_${Buffer.alloc(32).toString('base64')}`,
  VENULE_API_KEY: 'sk_us_0123456789abcdef',
  VENULE_MANAGEMENT_KEY: 'mk_0123456789abcdef',
};
const docker = (...args: string[]) =>
  spawnSync('docker', ['compose', ...args], { cwd: root, env: { ...process.env, ...secrets }, encoding: 'utf8' });
const hasDockerCompose = docker('version').status === 0;

const ours = () => Object.values(compose.services).filter(({ command }) => command?.[0] === 'node');

describe('docker-compose.yml', () => {
  test('keeps to the Compose specification', () => {
    const schema = JSON.parse(readFileSync(join(root, 'node_modules/dclint/schemas/compose.schema.json'), 'utf8'));
    delete schema.$schema;
    const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
    validate(compose);
    expect(validate.errors).toBeNull();
  });

  (hasDockerCompose ? test : test.skip)('is accepted by docker compose', () => {
    const { status, stderr } = docker('config', '--quiet');
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  test('runs two APIs, two workers and the sandbox laboratories, from programs that exist', () => {
    expect(compose.services.api?.deploy?.replicas).toBe(2);
    expect(compose.services.worker?.deploy?.replicas).toBe(2);
    expect(ours().map(({ command }) => command?.[1])).toEqual(['api/server.ts', 'worker.ts', 'sandbox/main.ts']);
    for (const { command, healthcheck } of ours()) {
      const scripts = [command?.[1], healthcheck?.test.find((word) => word.endsWith('.ts'))];
      for (const script of scripts.filter((each) => each !== undefined))
        expect(existsSync(join(root, script))).toBe(true);
    }
  });

  test('sets only variables that are read', () => {
    const known = configVariables().map(({ name }) => name);
    for (const name of ['api', 'worker']) {
      expect(known).toEqual(expect.arrayContaining(Object.keys(compose.services[name]?.environment ?? {})));
    }
  });

  test('B1: has MongoDB log no slow operation, which would hold gate codes', () => {
    const command = compose.services.mongodb?.command as string[];
    expect(command[command.indexOf('--slowOpSampleRate') + 1]).toBe('0');
  });

  test('checks the health of everything that keeps running, and waits for it', () => {
    const served = ['api', 'worker', 'sandbox', 'mail', 'mongodb', 'postgresql', 'temporal'];
    for (const name of served) expect(compose.services[name]?.healthcheck?.test.length).toBeGreaterThan(0);
    for (const [service, { depends_on = {} }] of Object.entries(compose.services)) {
      for (const [needed, { condition }] of Object.entries(depends_on)) {
        expect([service, needed, Object.keys(compose.services)]).toEqual([
          service,
          needed,
          expect.arrayContaining([needed]),
        ]);
        expect(condition).toMatch(/^service_(healthy|completed_successfully)$/);
      }
    }
  });
});
