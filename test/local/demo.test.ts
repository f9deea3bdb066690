/** `npm run demo`: the whole journey, told as it happens, on a Venule of its own or on the one that runs. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { textOf } from '../documents/pdf-reader.ts';
import { type SpawnedVenule, spawnVenule } from '../support/running/spawn-venule.ts';

interface Demo {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

const ANY_PORTS = Object.fromEntries(
  ['PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT', 'MONGODB_PORT', 'SMTP_PORT', 'MAIL_PORT', 'SANDBOX_PORT'].map(
    (name) => [name, '0'],
  ),
);

function demo(args: string[], env: NodeJS.ProcessEnv): Promise<Demo> {
  const { TEMPORAL_ADDRESS: _temporal, MONGODB_URI: _mongodb, FORCE_COLOR: _color, ...inherited } = process.env;
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../scripts/demo.ts'), ...args], {
    env: { ...inherited, ...ANY_PORTS, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  return new Promise((resolve) => child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr })));
}

describe('npm run demo', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'venule-demo-'));
  let running: SpawnedVenule | undefined;

  afterAll(async () => {
    await running?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('starts a Venule where none runs, shows the journey in 100 columns, and stops it', async () => {
    const { exitCode, stdout, stderr } = await demo([], { VENULE_DATA_DIR: dataDir });
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(existsSync(join(dataDir, 'running.json'))).toBe(false);

    const told = ['ordered', 'requisition_created', 'redraw_available'].map((status) => `● initial +${status}`);
    const redrawn = ['ordered', 'requisition_created', 'completed'].map((status) => `◆ redraw +${status}`);
    const mailed = ['requisition_ready', 'redraw_needed'].map((kind) => `✉ mail +${kind}`);
    for (const line of [...told, ...redrawn, ...mailed]) expect(stdout).toMatch(new RegExp(line));
    expect(stdout).toContain('all but Hemoglobin A1c and TSH');
    const times = [...stdout.matchAll(/^ {2}(\d\d:\d\d:\d\d\.\d{3}) /gm)].map(([, time]) => time as string);
    expect(times.length).toBeGreaterThan(10);
    const falls = times.filter((time, at) => at > 0 && time < (times[at - 1] as string));
    // The clock starts over at midnight.
    expect(falls.filter((time) => !time.startsWith('00:'))).toEqual([]);

    const rows = stdout.split('\n').filter((line) => line.startsWith('│'));
    const [head, ...results] = rows.map((row) => row.split('│').map((cell) => cell.trim()));
    expect(head).toEqual(['', 'Marker', 'Value', 'Unit', 'Range', 'Flag', 'Sample', '']);
    expect(results.filter(([, , value]) => value === '')).toEqual([]);
    const fromRedraw = results.filter((row) => row[6] === 'redraw').map(([, marker]) => marker);
    expect(fromRedraw).toEqual(['Hemoglobin A1c', 'TSH']);
    expect(stdout).toContain(`✔ No marker is missing: ${results.length} results from 2 samples.`);

    const withoutAddresses = stdout.split('\n').filter((line) => !/https?:|\.pdf$/.test(line));
    expect(withoutAddresses.filter((line) => line.length > 100)).toEqual([]);
    expect(stdout).not.toContain(String.fromCharCode(27));
  }, 300_000);

  test('uses the Venule that runs, orders at another lab, and answers with JSON', async () => {
    running = await spawnVenule({ dataDir });
    const { exitCode, stdout, stderr } = await demo(['--json', '--lab', 'quest'], { VENULE_DATA_DIR: dataDir });
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ lab: 'Quest Diagnostics', transaction: { status: 'completed' }, missing: [] });
    expect(report.lost).toHaveLength(2);
    const text = async (path: string) => textOf(readFileSync(path));
    const { requisition, redraw_requisition, result, combined_result } = report.documents;
    expect(await text(requisition)).toContain('Comprehensive Metabolic Panel');
    const redraw = await text(redraw_requisition);
    expect(redraw).toMatch(/redraw of/i);
    expect(redraw).toContain('TSH');
    expect(redraw).not.toContain('Comprehensive Metabolic Panel');
    expect(await text(result)).toMatch(/quantity not sufficient/i);
    expect(await text(combined_result)).not.toMatch(/quantity not sufficient/i);
    for (const link of Object.values(report.links) as string[]) expect((await fetch(link)).status).toBe(200);
  }, 300_000);

  test('at home: a visit is booked, moved and made, and the result comes', async () => {
    const { exitCode, stdout, stderr } = await demo(['--at-home'], { VENULE_DATA_DIR: dataDir });
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const statuses = [
      'requisition_created',
      'appointment_pending',
      'appointment_scheduled',
      'draw_completed',
      'completed',
    ];
    for (const status of statuses) expect(stdout).toMatch(new RegExp(`● initial +${status}`));
    expect(stdout.match(/✉ mail +appointment/g)).toHaveLength(2);
    expect(stdout).toMatch(/✔ No marker is missing: \d+ results from one sample\./);
  }, 120_000);

  test('without the management key it asks instead, and the lab chooses what is missing', async () => {
    const { apiUrl, apiKey } = running as SpawnedVenule;
    const elsewhere = { VENULE_URL: apiUrl, VENULE_API_KEY: apiKey, VENULE_DATA_DIR: join(dataDir, 'elsewhere') };
    const { exitCode, stdout, stderr } = await demo(['--json'], elsewhere);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout).missing).toEqual([]);
  }, 120_000);

  test('says what is wrong, and exits with 1', async () => {
    const { apiUrl } = running as SpawnedVenule;
    const wrongKey = await demo([], { VENULE_URL: apiUrl, VENULE_API_KEY: 'sk_us_0123456789abcdef' });
    expect(wrongKey).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('This API key is not valid') });
    const noKey = await demo([], { VENULE_URL: apiUrl });
    expect(noKey).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('VENULE_URL also needs VENULE_API_KEY'),
    });
    const noLab = await demo(['--lab', 'nowhere'], {});
    expect(noLab).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('There is no laboratory nowhere') });
    expect(await demo(['--help'], {})).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('--json') });
  });
});
