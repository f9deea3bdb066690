/** `npm start`: one command, all of Venule, whatever ends it. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRunning } from '../../local/parts/data-folder.ts';
import { isRunning, type ProcessIdentity } from '../../local/parts/process.ts';
import { type SpawnedVenule, spawnStart, spawnVenule } from '../support/running/spawn-venule.ts';
import { until } from '../support/until.ts';

describe('npm start', () => {
  let dataDir: string;
  let venule: SpawnedVenule;

  const ready = async (): Promise<boolean> => {
    const response = await fetch(`${venule.apiUrl}/readyz`).catch(() => undefined);
    return response?.status === 200;
  };
  const processes = (): ProcessIdentity[] => {
    const running = readRunning(dataDir);
    return running ? [running.start, ...Object.values(running.parts)] : [];
  };

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'venule-start-'));
    venule = await spawnVenule({ dataDir });
  }, 300_000);

  afterAll(async () => {
    await venule?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('ends with the addresses, the sandbox team’s key and a first request that works', async () => {
    const output = await until(() => venule.output().includes('Try') && venule.output());
    const { api, apiReference, temporalUi, mail } = venule.addresses;
    for (const shown of [api, apiReference, temporalUi, mail, venule.apiKey]) expect(output).toContain(shown);
    expect(await ready()).toBe(true);
    const [, key, url] = /curl -H 'x-vital-api-key: (\S+)' (\S+)/.exec(output) ?? [];
    const response = await fetch(url as string, { headers: { 'x-vital-api-key': key as string } });
    expect(response.status).toBe(200);
    for (const page of [apiReference, temporalUi, mail]) expect((await fetch(page as string)).status).toBe(200);
  });

  test('shows one line a part, and nothing of what was tried in vain', () => {
    const parts = ['Temporal', 'MongoDB', 'Mail', 'Sandbox partners', 'Worker', 'API'];
    for (const part of parts) expect(venule.output().match(new RegExp(`^  ✔ ${part} `, 'gm'))).toHaveLength(1);
    expect(venule.output()).not.toMatch(/cannot be reached|not from|warn/i);
  });

  test('GET / says where everything is, to a program and to a person', async () => {
    const { api, apiReference, temporalUi, mail } = venule.addresses;
    const places = (await (await fetch(api)).json()) as Record<string, string>;
    expect(places).toMatchObject({ name: 'Venule', api_reference: apiReference, temporal_ui: temporalUi, mail });
    const page = await (await fetch(api, { headers: { accept: 'text/html,*/*;q=0.8' } })).text();
    for (const place of ['openapi', 'alive', 'ready', 'mail', 'temporal_ui', 'api_reference']) {
      expect(page).toContain(`href="${places[place]}"`);
      expect((await fetch(places[place] as string)).status).toBe(200);
    }
  });

  test('is refused where it runs already, and the running one is left alone', async () => {
    const second = spawnStart({ dataDir });
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain(`already runs with the data folder ${dataDir}`);
    expect(await ready()).toBe(true);
  });

  test('names a part that died, and starts it again', async () => {
    const { worker, api } = venule.pids();
    await Promise.all([venule.kill('worker'), venule.kill('api')]);
    await until(() => venule.pids().worker !== worker && venule.pids().api !== api);
    await until(ready);
    expect(venule.output()).toContain('worker ended (SIGKILL)');
  });

  test('comes back by itself after Temporal and MongoDB died', async () => {
    const { temporal, mongodb } = venule.pids();
    await Promise.all([venule.kill('temporal'), venule.kill('mongodb')]);
    await until(() => venule.pids().temporal !== temporal && venule.pids().mongodb !== mongodb);
    await until(ready);
  });

  test('goes on with the same ports and keys after everything was killed', async () => {
    const before = venule;
    await venule.killAll();
    venule = await spawnVenule({ dataDir });
    expect(venule.addresses).toEqual(before.addresses);
    expect(venule.apiKey).toBe(before.apiKey);
    expect(await ready()).toBe(true);
  }, 120_000);

  test('leaves nothing running when only itself is killed', async () => {
    const left = processes();
    process.kill(venule.pids().start, 'SIGKILL');
    await until(() => !left.some(isRunning));
    venule = await spawnVenule({ dataDir });
    expect(await ready()).toBe(true);
  }, 120_000);

  test('stops everything at SIGTERM', async () => {
    const left = processes();
    expect(left.every(isRunning)).toBe(true);
    expect(await venule.stop()).toBe(0);
    expect(left.filter(isRunning)).toEqual([]);
    expect(existsSync(join(dataDir, 'running.json'))).toBe(false);
  });
});
