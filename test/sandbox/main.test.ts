/** The sandbox laboratories as a process of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { ResultReceiver } from './result-receiver.ts';

const MAIN = path.join(import.meta.dirname, '../../sandbox/main.ts');
const AUTHORIZATION = `Basic ${Buffer.from('lab:secret').toString('base64')}`;
const ORDER = [
  'MSH|^~\\&|VENULE|1234567891|QUEST|QUEST SECAUCUS|20261121083000+0000||ORM^O01^ORM_O01|C-1|P|2.5.1',
  'PID|1||u-1^^^VENULE^PI||Doe^Jane||19800102|F',
  'PV1|1|O',
  'ORC|NW|R-1',
  'OBR|1|R-1||899^TSH^L|R',
].join('\r');

let dataDir: string;
let receiver: ResultReceiver;
let child: ChildProcess | undefined;

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'sandbox-lab-'));
  receiver = new ResultReceiver(AUTHORIZATION);
  await receiver.open();
});

afterEach(async () => {
  await kill('SIGKILL');
  await receiver.close();
  await rm(dataDir, { recursive: true });
});

function run(args: string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env.PATH ?? '', ...env } });
}

/** Starts the laboratories and gives back where they are. */
async function start(): Promise<string> {
  child = run([], {
    SANDBOX_PORT: '0',
    SANDBOX_DATA_DIR: dataDir,
    SANDBOX_RESULTS_URL: receiver.url,
    SANDBOX_USER: 'lab',
    SANDBOX_PASSWORD: 'secret',
  });
  if (!child.stdout) throw new Error('no standard output');
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, url } = JSON.parse(line);
    if (msg === 'ready') return url;
  }
  throw new Error('it ended before it was ready');
}

async function kill(signal: NodeJS.Signals): Promise<number | null> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return null;
  const ended = once(child, 'exit');
  child.kill(signal);
  const [code] = await ended;
  return code;
}

const headers = (type: string) => ({ authorization: AUTHORIZATION, 'content-type': type });

async function until(what: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !what(); ) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('an order and its unsent result survive kill -9', async () => {
  const first = await start();
  const hl7 = headers('application/hl7-v2');
  const ack = await fetch(`${first}/labs/quest/hl7`, { method: 'POST', headers: hl7, body: ORDER });
  expect(await ack.text()).toContain('MSA|AA|C-1');
  await receiver.close();
  const simulated = await fetch(`${first}/sandbox/labs/quest/orders/R-1/simulate`, {
    method: 'POST',
    headers: headers('application/json'),
    body: JSON.stringify({ final_status: 'completed' }),
  });
  const { planned } = (await simulated.json()) as { planned: string[] };
  await kill('SIGKILL');

  await receiver.open();
  await start();
  await until(() => receiver.messages.length === planned.length);
  expect(receiver.messages.map((message) => message.getSegment('MSH')?.getComponent(10, 1))).toEqual(planned);
  expect(await kill('SIGTERM')).toBe(0);
});

test('--help lists the environment, and a wrong port is refused by name', async () => {
  const help = run(['--help']);
  const printed = help.stdout ? await text(help.stdout) : '';
  expect(printed).toContain('SANDBOX_RESULTS_URL');
  expect(printed).toContain('SANDBOX_PHLEBOTOMY_EVENTS_URL');
  const wrong = run([], { SANDBOX_PORT: 'http' });
  const [message, [code]] = await Promise.all([wrong.stderr ? text(wrong.stderr) : '', once(wrong, 'exit')]);
  expect(message).toContain('SANDBOX_PORT');
  expect(code).toBe(1);
  const noSecret = run([], { SANDBOX_PORT: '0', SANDBOX_PHLEBOTOMY_SECRET: 'sesame' });
  expect(noSecret.stderr && (await text(noSecret.stderr))).toContain('SANDBOX_PHLEBOTOMY_SECRET');
});
