/** `npm start`: all of Venule on this machine, on real parts, going on with the data of the last time. */
import { ConfigError, describeConfig, loadConfig } from '../config.ts';
import { DataFolder } from './parts/data-folder.ts';
import { PartMissing } from './parts/source.ts';
import { Supervisor } from './parts/supervisor.ts';
import { STOP_ORDER, type StartedVenule, startVenule } from './parts/venule.ts';

const HELP = `Starts all of Venule on this machine: Temporal with its UI, MongoDB, a mail catcher, the sandbox
laboratories, a worker and the API. Ctrl-C stops it; started again it goes on where it was.

Usage: npm start [-- --help]
`;

function progress(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    progress(`${HELP}\n${describeConfig('start')}`);
    return;
  }
  const config = loadConfig();
  const folder = await DataFolder.claim(config.dataDir, progress);
  const supervisor = new Supervisor(folder, progress, STOP_ORDER);
  let stopping = false;

  const stop = async (exitCode: number, why: string) => {
    if (stopping) return;
    stopping = true;
    progress(why);
    await supervisor.stop();
    folder.release();
    progress(exitCode === 0 ? 'Stopped. npm start goes on where it was.' : 'Stopped.');
    process.exit(exitCode);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(0, '\nStopping …'));
  process.on('disconnect', () => stop(0, 'Stopping: npm is gone.'));

  try {
    const venule = await startVenule(config, folder, supervisor, progress);
    if (!stopping) progress(welcome(venule, folder));
  } catch (error) {
    await stop(1, explain(error));
  }
}

function welcome({ addresses, apiKey, managementKey }: StartedVenule, folder: DataFolder): string {
  const rows: [string, string | null][] = [
    ['API', addresses.api],
    ['API reference', addresses.apiReference],
    ['Temporal UI', addresses.temporalUi],
    ['Mail', addresses.mail],
    ['API key', apiKey],
    ['Management key', managementKey],
    ['Data and logs', folder.path],
  ];
  const shown = rows.filter(([, value]) => value !== null).map(([name, value]) => `  ${name.padEnd(16)}${value}`);
  const curl = `curl -H 'x-vital-api-key: ${apiKey}' ${addresses.api}/v3/lab_tests`;
  return ['', 'Venule is running.', '', ...shown, '', 'Try', `  ${curl}`, '  npm run demo', ''].join('\n');
}

function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

main().catch((error: unknown) => {
  const expected = error instanceof ConfigError || error instanceof PartMissing;
  process.stderr.write(`${expected || error instanceof Error ? explain(error) : String(error)}\n`);
  process.exitCode = 1;
});
