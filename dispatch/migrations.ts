/** Goes on with the migrations of the store, whenever one is due. */
import type { Logger } from 'pino';
import { MIGRATIONS } from '../store/migrations/index.ts';
import { migrate } from '../store/migrations/migrate.ts';
import type { Store } from '../store/open.ts';
import { type Loop, startLoop } from './loop.ts';

/** Starts the rounds. */
export function startMigrations({ store, logger }: { store: Store; logger: Logger }): Loop {
  return startLoop(
    {
      watch: () => ({ close: async () => {} }),
      round: (loop) =>
        migrate(
          store,
          MIGRATIONS,
          () => !loop.stopping,
          (migration) => logger.info({ migration }, 'migration.completed'),
        ),
      pollMs: 5_000,
      unreachable: 'migrations.unreachable',
    },
    logger,
  );
}
