/** Real parts: taken from the first place that has them, never half, never left behind. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { addToCache, cachedProgram } from '../../local/parts/cache.ts';
import { DataFolder } from '../../local/parts/data-folder.ts';
import { mongodbUri, mongodProgram, startMongodb } from '../../local/parts/mongodb.ts';
import { choosePort, freePort } from '../../local/parts/ports.ts';
import { isRunning, startProcess } from '../../local/parts/process.ts';
import { download, PartMissing, takeFirst } from '../../local/parts/source.ts';
import { startTemporal, temporalProgram } from '../../local/parts/temporal.ts';

const failing = (name: string, reason: string) => ({
  name,
  take: () => {
    throw new Error(reason);
  },
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'venule-parts-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a part', () => {
  test('is taken from the first place that has it, and what others said is kept to itself', async () => {
    const lines: string[] = [];
    const places = [
      { name: 'PATH', take: () => undefined },
      failing('a download', 'no route'),
      { name: 'a wheel', take: () => '/cache/part' },
      failing('a build', 'must not be asked'),
    ];
    expect(await takeFirst('Part', places, 'get-part', (line) => lines.push(line))).toBe('/cache/part');
    expect(lines).toEqual([]);
  });

  test('that cannot be had is named, with what each place said and the command that would provide it', async () => {
    const places = [{ name: 'PATH', take: () => undefined }, failing('a download', 'no route')];
    const missing = await takeFirst('Part', places, 'get-part', () => {}).catch((error: Error) => error);
    expect(missing).toBeInstanceOf(PartMissing);
    expect((missing as Error).message).toBe(
      'Part was not available from any source.\n  a download: no route\nTo install it yourself:\n  get-part',
    );
  });

  test('is not waited for where nobody answers', async () => {
    const port = await freePort();
    await expect(download(`http://127.0.0.1:${port}/`)).rejects.toThrow(`127.0.0.1:${port} cannot be reached`);
  });
});

describe('the cache', () => {
  const original = process.env.VENULE_CACHE_DIR;
  beforeAll(() => {
    process.env.VENULE_CACHE_DIR = join(folder, 'cache');
  });
  afterAll(() => {
    if (original === undefined) delete process.env.VENULE_CACHE_DIR;
    else process.env.VENULE_CACHE_DIR = original;
  });

  test('holds a program only when it is whole, also when two processes fetch it at once', async () => {
    const make = async (workshop: string) => {
      expect(cachedProgram('part')).toBeUndefined();
      writeFileSync(join(workshop, 'made'), 'whole');
      return join(workshop, 'made');
    };
    const [one, other] = await Promise.all([addToCache('part', make), addToCache('part', make)]);
    expect(one).toBe(other);
    expect(readFileSync(one, 'utf8')).toBe('whole');
    expect(cachedProgram('part')).toBe(one);
  });

  test('keeps nothing of a fetch that failed', async () => {
    await expect(addToCache('broken', () => Promise.reject(new Error('torn')))).rejects.toThrow('torn');
    expect(cachedProgram('broken')).toBeUndefined();
    expect(readdirSync(join(folder, 'cache'))).toEqual(['part']);
  });
});

describe('a port', () => {
  let taken: number;
  let other: Server;
  beforeAll(async () => {
    other = createServer();
    taken = await new Promise((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
    });
  });
  afterAll(() => other.close());

  /** Of a server that has gone. */
  const closedPort = () =>
    new Promise<number>((resolve) => {
      const server = createServer();
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as { port: number };
        server.close(() => resolve(port));
      });
    });

  test('that one part was given is not given to another, whether asked for or usual', async () => {
    const port = await closedPort();
    expect(await choosePort({ variable: 'PORT', asked: port, usual: 1, last: undefined })).toBe(port);
    const again = { variable: 'SANDBOX_PORT', asked: port, usual: 1, last: undefined };
    await expect(choosePort(again)).rejects.toThrow(`Port ${port} is taken: set SANDBOX_PORT to another`);
    expect(await choosePort({ variable: 'PORT', asked: undefined, usual: port, last: port })).not.toBe(port);
  });

  test('that was asked for and is taken is refused by the variable’s name', async () => {
    const wish = { variable: 'MAIL_PORT', asked: taken, usual: 1, last: undefined };
    await expect(choosePort(wish)).rejects.toThrow(`Port ${taken} is taken: set MAIL_PORT to another`);
  });

  test('is that of the last start where it is free, and another one where it is not', async () => {
    const [free, another] = [await closedPort(), await closedPort()];
    expect(await choosePort({ variable: 'PORT', asked: 0, usual: 1, last: free })).toBe(free);
    expect(await choosePort({ variable: 'PORT', asked: undefined, usual: 1, last: another })).toBe(another);
    expect(await choosePort({ variable: 'PORT', asked: 0, usual: 1, last: taken })).not.toBe(taken);
    expect(await choosePort({ variable: 'PORT', asked: undefined, usual: taken, last: undefined })).not.toBe(taken);
  });
});

describe('a data folder', () => {
  test('is cleared of what a killed start left running, and of nothing else', async () => {
    const dataDir = join(folder, 'data');
    const logFile = join(folder, 'sleeper.log');
    const sleep = ['-e', 'setInterval(() => {}, 1000)'];
    const leftover = await startProcess(process.execPath, sleep, { logFile });
    const stranger = await startProcess(process.execPath, sleep, { logFile });
    (await DataFolder.claim(dataDir, () => {})).release();
    const parts = { mongodb: leftover.identity, worker: { ...stranger.identity, since: 'another time' } };
    const start = { pid: 2 ** 22 - 1, since: 'long ago' };
    writeFileSync(join(dataDir, 'running.json'), JSON.stringify({ start, parts, addresses: null }));

    const claimed = await DataFolder.claim(dataDir, () => {});
    expect(isRunning(leftover.identity)).toBe(false);
    expect(isRunning(stranger.identity)).toBe(true);
    await expect(DataFolder.claim(dataDir, () => {})).rejects.toThrow(`already runs with the data folder ${dataDir}`);
    claimed.release();
    await stranger.stop();
  });
});

describe('MongoDB', () => {
  test('goes on with its data on another port', async () => {
    const program = await mongodProgram(() => {});
    const count = async () => {
      const port = await freePort();
      const server = await startMongodb({
        program,
        port,
        dataFolder: join(folder, 'mongodb'),
        logFile: join(folder, 'mongodb.log'),
      });
      await server.ready();
      const client = new MongoClient(mongodbUri(port));
      const starts = client.db().collection('starts');
      await client.withSession((session) =>
        session.withTransaction(async () => void (await starts.insertOne({}, { session }))),
      );
      const counted = await starts.countDocuments();
      await client.close();
      await server.stop();
      return counted;
    };
    expect(await count()).toBe(1);
    expect(await count()).toBe(2);
  });

  test('B1: writes no gate code into its log, however slow an operation is', async () => {
    const port = await freePort();
    const logFile = join(folder, 'discreet.log');
    const server = await startMongodb({
      program: await mongodProgram(() => {}),
      port,
      dataFolder: join(folder, 'discreet'),
      logFile,
    });
    await server.ready();
    const client = new MongoClient(mongodbUri(port));
    const orders = client.db().collection('orders');
    await orders.insertOne({ access_notes: 'Gate code BEFORE-4711' });
    const slowly = { $where: 'sleep(400) || true' };
    await orders.updateOne(slowly, { $set: { access_notes: 'Gate code AFTER-4712' } });
    await orders.find({ ...slowly, access_notes: 'Gate code AFTER-4712' }).toArray();
    await client.close();
    await server.stop();
    const log = readFileSync(logFile, 'utf8');
    expect(log).toContain('"msg":"Connection accepted"');
    expect(log).not.toMatch(/BEFORE-4711|AFTER-4712|Gate code/);
  });
});

describe('Temporal', () => {
  test('has its UI decode at an address that stands in no process’s arguments', async () => {
    const [port, uiPort] = [await freePort(), await freePort()];
    const endpoint = 'http://127.0.0.1:1/codec/only-engineers-know-this';
    const settingsFile = join(folder, 'temporal-ui.yaml');
    const logFile = join(folder, 'temporal.log');
    const program = await temporalProgram(() => {});
    const server = await startTemporal({
      program,
      port,
      uiPort,
      namespace: 'default',
      codec: { endpoint, settingsFile },
      logFile,
    });
    await server.ready();
    const { stdout: processes } = spawnSync('ps', ['-Awwo', 'args='], { encoding: 'utf8' });
    const settings = (await (await fetch(`http://127.0.0.1:${uiPort}/api/v1/settings`)).json()) as {
      Codec: { Endpoint: string };
    };
    await server.stop();
    expect(processes).toContain(settingsFile);
    expect(processes).not.toContain('only-engineers-know-this');
    expect(settings.Codec.Endpoint).toBe(endpoint);
    expect(statSync(settingsFile).mode & 0o077).toBe(0);
  });
});
