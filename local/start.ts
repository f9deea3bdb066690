/** `npm start`: all of Venule on this machine, on real parts, going on with the data of the last time. */
import { ConfigError, loadConfig } from '../config/config.ts';
import { describeConfig } from '../config/variables.ts';
import { DataFolder } from './parts/data-folder.ts';
import { PartMissing } from './parts/source.ts';
import { StartScreen } from './parts/start-screen.ts';
import { Supervisor } from './parts/supervisor.ts';
import { STOP_ORDER, type StartedVenule, startVenule } from './parts/venule.ts';

const HELP = `Starts all of Venule on this machine: Temporal with its UI, MongoDB, a mail catcher, the sandbox
laboratories, a worker, and the API. Ctrl-C stops it; the next start continues where it left off.

Usage: npm start [-- --help]
`;

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(`${HELP}\n${describeConfig('start')}\n`);
    return;
  }
  const config = loadConfig();
  const screen = new StartScreen();
  const say = (line: string) => screen.note(line);
  const folder = await DataFolder.claim(config.dataDir, say);
  const supervisor = new Supervisor(folder, say, STOP_ORDER);
  let stopping = false;

  const stop = async (exitCode: number, why: string) => {
    if (stopping) return;
    stopping = true;
    screen.end();
    say(why);
    await supervisor.stop();
    folder.release();
    say(exitCode === 0 ? 'Stopped. npm start will continue from here.' : 'Stopped.');
    process.exit(exitCode);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(0, '\nStopping …'));
  process.on('disconnect', () => stop(0, 'Stopping: npm has ended.'));

  try {
    say('Starting Venule');
    const venule = await startVenule(config, folder, supervisor, screen);
    screen.end();
    if (!stopping) say(welcome(venule, folder));
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
  const shown = rows.filter(([, value]) => value !== null).map(([name, value]) => `  ${name.padEnd(18)}${value}`);
  const curl = `curl -H 'x-vital-api-key: ${apiKey}' ${addresses.api}/v3/lab_tests/labs`;
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
