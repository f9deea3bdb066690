/** Looks for what laboratories leave on their SFTP servers, one worker at a time for each. */
import type { LabConnection } from '../domain/catalogue/lab-connection.ts';
import type { LaboratoryInbox } from '../intake/laboratory-messages.ts';
import { pickUp, type SeenFiles } from '../intake/sftp-pick-up.ts';
import { labConnections } from '../store/connections/lab-connections.ts';
import { endLease, takeLease } from '../store/leases.ts';
import { type Loop, startLoop } from './loop.ts';

const LOOK_EVERY_MS = 20_000;
/** How long one round on a server can take, and how long nobody else makes one there, in milliseconds. */
const ROUND_MS = 120_000;

/** Starts the rounds. @param everyMs How far apart they are, in milliseconds. */
export function startSftpPickUp(inbox: LaboratoryInbox, everyMs: number = LOOK_EVERY_MS): Pick<Loop, 'stop'> {
  const { store, logger } = inbox;
  const seenOn = new Map<string, SeenFiles>();
  const ending = new AbortController();
  const away = new Set<string>();

  async function visit({ lab_slug, environment, sftp }: LabConnection): Promise<void> {
    if (!sftp) return;
    const name = `sftp:${lab_slug}:${environment}`;
    if (!(await takeLease(store, name, ROUND_MS))) return;
    const seen = seenOn.get(name) ?? new Map();
    seenOn.set(name, seen);
    try {
      const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(ROUND_MS - everyMs / 2)]);
      const taken = await pickUp(inbox, { lab_slug, environment, sftp }, seen, signal);
      if (taken > 0) logger.info({ lab: lab_slug, taken }, 'sftp.picked_up');
      away.delete(name);
    } catch (error) {
      if (!away.has(name) && !ending.signal.aborted) logger.error({ lab: lab_slug, err: error }, 'sftp.unreachable');
      away.add(name);
    } finally {
      await endLease(store, name);
    }
  }

  const loop = startLoop(
    {
      async round() {
        await Promise.all((await labConnections(store)).map(visit));
      },
      pollMs: everyMs,
      unreachable: 'sftp.connections.unreachable',
    },
    logger,
  );
  return {
    async stop() {
      ending.abort();
      await loop.stop();
    },
  };
}
