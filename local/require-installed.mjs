/** Loaded before programs that a newcomer may run first: says what to do where nothing is installed yet. */
import { installedAt } from './installed.mjs';

if (installedAt === undefined) {
  console.error(
    'The packages are not installed yet. Run npm start, which installs them, and wait until everything is running; or run npm ci.',
  );
  process.exit(1);
}
