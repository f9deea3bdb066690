/** How Venule's programs log while they are measured: as in production, and to where nobody reads, but for errors. */
import { devNull } from 'node:os';
import { type Logger, pino } from 'pino';

/** @param level The least that is logged. */
export function productionLogger(level: string): Logger {
  const streams = [
    { level, stream: pino.destination(devNull) },
    { level: 'error', stream: process.stderr },
  ] as pino.StreamEntry[];
  return pino({ level }, pino.multistream(streams));
}
