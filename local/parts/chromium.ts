/** Chromium: what the tests of pages look at them with. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import venule from '../../package.json' with { type: 'json' };
import { addToCache, cacheDir, cachedProgram, programOnPath } from './cache.ts';
import { type Progress, takeFirst } from './source.ts';

const run = promisify(execFile);

/** A package of npm that carries a headless Chromium for Linux on x64, with the libraries and a font for a bare machine. */
const PACKAGE = '@sparticuz/chromium';
const UNPACKED_AS = `chromium-${venule.devDependencies[PACKAGE]}`;
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const ON_A_MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** A browser, and what its process needs in its environment. */
export interface Chromium {
  path: string;
  env: Record<string, string | undefined>;
}

/**
 * A Chromium that runs on this machine, unpacked into the cache if need be; nothing is installed.
 *
 * @throws PartMissing when there is none
 */
export async function findChromium(progress: Progress): Promise<Chromium> {
  const path = await takeFirst(
    'Chromium',
    [
      { name: 'CHROMIUM_PATH', take: () => process.env.CHROMIUM_PATH && proven(process.env.CHROMIUM_PATH) },
      { name: 'this machine', take: installed },
      { name: 'the cache', take: () => cachedProgram(join(UNPACKED_AS, 'chromium')) },
      { name: `the package ${PACKAGE}`, take: unpack },
    ],
    'sudo apt-get install chromium (or install Chrome, and set CHROMIUM_PATH to its program)',
    progress,
  );
  return { path, env: { ...process.env, ...(path.startsWith(cacheDir()) && bareMachine(dirname(path))) } };
}

async function installed(): Promise<string | undefined> {
  for (const candidate of [...NAMES.map(programOnPath), ON_A_MAC]) {
    // Ubuntu has programs of these names that only say where the browser would be had.
    const works = candidate && (await proven(candidate).catch(() => undefined));
    if (works) return works;
  }
}

/** The package unpacks itself into the system's folder for temporary files, together with what its machine may lack. */
function unpack(): Promise<string | undefined> | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  return addToCache(UNPACKED_AS, async (folder) => {
    const script = `import chromium from '${PACKAGE}'; await chromium.executablePath()`;
    const env = { ...process.env, TMPDIR: folder, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' };
    await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: import.meta.dirname, env });
    const fonts = `<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>${join(cacheDir(), UNPACKED_AS, 'fonts')}</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>`;
    writeFileSync(join(folder, 'fonts.conf'), fonts);
    await proven(join(folder, 'chromium'), bareMachine(folder));
    return folder;
  }).then((folder) => join(folder, 'chromium'));
}

/** The libraries and the font that the package brings. */
function bareMachine(folder: string): NodeJS.ProcessEnv {
  return { LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'), FONTCONFIG_FILE: join(folder, 'fonts.conf') };
}

/** @throws Error when the program does not run on this machine */
async function proven(program: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  await run(program, ['--version'], { env: { ...process.env, ...env } });
  return program;
}
