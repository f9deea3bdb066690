/** One Temporal server and one MongoDB for the whole run, from where `npm start` takes them; gone when it ends. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { mongodbUri, mongodProgram, startMongodb } from '../../../local/parts/mongodb.ts';
import { freePort } from '../../../local/parts/ports.ts';
import type { RunningProcess } from '../../../local/parts/process.ts';
import { startTemporal, temporalProgram } from '../../../local/parts/temporal.ts';
import { ensureSearchAttributes } from '../../../temporal/register-search-attributes.ts';

/** What `global-teardown.ts` takes away again. */
export interface RealParts {
  folder: string;
  processes: RunningProcess[];
}

declare global {
  var realParts: RealParts | undefined;
}

/**
 * Gives the tests `TEMPORAL_ADDRESS` and `MONGODB_URI`; what is set already is used as it is. `VENULE_TEST_FOLDER` is for
 * what is made once for all of them.
 */
export default async function startRealParts(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'venule-test-'));
  const parts: RealParts = { folder, processes: [] };
  globalThis.realParts = parts;
  process.env.VENULE_TEST_FOLDER = folder;
  const progress = (part: string) => (doing: string) => void process.stderr.write(`${part}: ${doing} …\n`);
  await Promise.all([
    (async () => {
      if (process.env.TEMPORAL_ADDRESS) return;
      const program = await temporalProgram(progress('Temporal'));
      const port = await freePort();
      const logFile = join(folder, 'temporal.log');
      const temporal = await startTemporal({ program, port, namespace: 'default', logFile });
      parts.processes.push(temporal);
      await temporal.ready();
      process.env.TEMPORAL_ADDRESS = `127.0.0.1:${port}`;
    })(),
    (async () => {
      if (process.env.MONGODB_URI) return;
      const program = await mongodProgram(progress('MongoDB'));
      const port = await freePort();
      const logFile = join(folder, 'mongodb.log');
      const mongodb = await startMongodb({ program, port, dataFolder: join(folder, 'mongodb'), logFile });
      parts.processes.push(mongodb);
      await mongodb.ready();
      process.env.MONGODB_URI = mongodbUri(port);
    })(),
  ]);
  const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS as string });
  await ensureSearchAttributes(connection, 'default');
  await connection.close();
}
