/** Temporal with its UI: the development server of the Temporal CLI. */
import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { ensureSearchAttributes, searchAttributeFlags } from '../../temporal/register-search-attributes.ts';
import { addToCache, cachedProgram, programOnPath } from './cache.ts';
import { accepts } from './ports.ts';
import { type RunningPart, type RunningProcess, startProcess, untilServing } from './process.ts';
import { download, type Progress, takeFirst } from './source.ts';

const run = promisify(execFile);

/** Server 1.29, UI 2.42; later ones cannot be built with `go install`. */
const CLI_VERSION = 'v1.5.1';
const CACHED_AS = `temporal-${CLI_VERSION}`;
const GO_MODULE = `github.com/temporalio/cli/cmd/temporal@${CLI_VERSION}`;

/** The path of a Temporal CLI, fetched if need be. */
export function temporalProgram(progress: Progress): Promise<string> {
  return takeFirst(
    'Temporal',
    [
      { name: 'PATH', take: () => programOnPath('temporal') },
      { name: 'the cache', take: () => cachedProgram(CACHED_AS) },
      { name: 'temporal.download', take: downloadCli },
      { name: 'go install', take: goInstall },
    ],
    process.platform === 'darwin'
      ? 'brew install temporal'
      : `go install ${GO_MODULE} && PATH="$(go env GOPATH)/bin:$PATH" npm start`,
    progress,
  );
}

/** What a development server is started with. */
export interface TemporalOptions {
  program: string;
  port: number;
  /** Undefined runs no UI. */
  uiPort?: number;
  namespace: string;
  /** Where everything is kept; undefined keeps it in memory. */
  databaseFile?: string;
  /** Where the UI has payloads decoded, and the file that tells it: the address is a secret, and arguments are not. */
  codec?: { endpoint: string; settingsFile: string };
  logFile: string;
}

/** Starts a development server. */
export async function startTemporal(options: TemporalOptions): Promise<RunningPart> {
  const flags = [
    ['--ip', '127.0.0.1'],
    ['--port', String(options.port)],
    options.uiPort === undefined ? ['--headless'] : ['--ui-port', String(options.uiPort)],
    options.namespace === 'default' ? [] : ['--namespace', options.namespace],
    options.databaseFile === undefined ? [] : ['--db-filename', options.databaseFile],
    options.codec === undefined ? [] : uiSettings(options.codec),
    ...searchAttributeFlags.map(({ name, type }) => ['--search-attribute', `${name}=${type}`]),
    // What a journey asks of its worker goes back with the answer to its task, instead of through a queue.
    ['--dynamic-config-value', 'system.enableActivityEagerExecution=true'],
    ['--log-level', 'error'],
  ];
  const server = await startProcess(options.program, ['server', 'start-dev', ...flags.flat()], options);
  return { ...server, ready: () => untilReady(server, options) };
}

/** Flags that have the server read its codec endpoint from a file which nobody else can read. */
function uiSettings({ endpoint, settingsFile }: { endpoint: string; settingsFile: string }): string[] {
  writeFileSync(settingsFile, `env:\n  venule:\n    ui-codec-endpoint: ${JSON.stringify(endpoint)}\n`, { mode: 0o600 });
  return ['--env', 'venule', '--env-file', settingsFile];
}

async function untilReady(server: RunningProcess, { port, namespace, logFile }: TemporalOptions): Promise<void> {
  await untilServing('Temporal', server, logFile, () => accepts(port));
  const connection = await Connection.connect({ address: `127.0.0.1:${port}` });
  try {
    await untilServing('Temporal', server, logFile, () => isReady(connection, namespace));
  } finally {
    await connection.close();
  }
}

/**
 * Whether the namespace exists with its search attributes: they come a moment after the server, and those that an older
 * data folder lacks are added here, as the server adds them to a new one only.
 */
async function isReady(connection: Connection, namespace: string): Promise<boolean> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    await connection.workflowService.listWorkflowExecutions({ namespace, pageSize: 1, query: 'OrderId = "none"' });
    await ensureSearchAttributes(connection, namespace);
    return searchAttributeFlags.every(({ name }) => name in customAttributes);
  } catch {
    return false;
  }
}

function downloadCli(progress: Progress): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  return addToCache(CACHED_AS, async (folder) => {
    const archive = join(folder, 'temporal.tar.gz');
    const url = `https://temporal.download/cli/archive/${CLI_VERSION}?platform=${platform}&arch=${arch}`;
    const response = await download(url);
    progress('downloading, once');
    writeFileSync(archive, Buffer.from(await response.arrayBuffer()));
    await run('tar', ['-xf', archive, '-C', folder]);
    return proven(join(folder, platform === 'windows' ? 'temporal.exe' : 'temporal'));
  });
}

async function goInstall(progress: Progress): Promise<string | undefined> {
  const go = ['go', '/usr/local/go/bin/go'].find((each) => spawnSync(each, ['version']).status === 0);
  if (go === undefined) return undefined;
  return addToCache(CACHED_AS, async (folder) => {
    progress('building with Go, which takes several minutes the first time');
    await run(go, ['install', GO_MODULE], { env: { ...process.env, GOBIN: folder }, maxBuffer: 1 << 26 });
    return proven(join(folder, process.platform === 'win32' ? 'temporal.exe' : 'temporal'));
  });
}

/** @throws Error when the program does not run on this machine */
async function proven(program: string): Promise<string> {
  await run(program, ['--version']);
  return program;
}
