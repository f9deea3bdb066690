/** The Node that Venule runs on, as `engines` in package.json says it. Plain JavaScript, for any Node from 20 on. */
import { readFileSync } from 'node:fs';

const { engines } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const OLDEST = engines.node.replace('>=', '');

/** Whether Venule runs on this version of Node, such as `24.21.0`. */
export function isFit(version = process.versions.node) {
  return version.localeCompare(OLDEST, 'en', { numeric: true }) >= 0;
}

/** Called by a program before it does anything: where the Node is unfit, says so and ends the process with 1. */
export function requireFitNode() {
  if (isFit()) return;
  console.error(
    `Venule needs Node ${OLDEST} or newer, and this is Node ${process.versions.node}. npm ci installs a suitable one, which npm start and npm run … use.`,
  );
  process.exit(1);
}
