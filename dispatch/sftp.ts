/** Looks for what laboratories leave on their SFTP servers, one worker at a time for each. */
import type { LabConnection, SftpPickUp } from '../domain/catalogue/lab-connection.ts';
import type { LaboratoryInbox } from '../intake/laboratory-messages.ts';
import { newMemory, type PickUpMemory, pickUp } from '../intake/sftp-pick-up.ts';
import { forgetPickUpsBut, notePickUp } from '../store/alerts/pick-ups.ts';
import { labConnections } from '../store/connections/lab-connections.ts';
import { endLease, takeLease } from '../store/leases.ts';
import { type Loop, startLoop } from './loop.ts';

const LOOK_EVERY_MS = 20_000;
/** How long one round on a server can take, and how long nobody else makes one there, in milliseconds. */
const ROUND_MS = 110_000;
const LEASE_MS = 120_000;
/** On how many servers a worker is at once; each may hold a whole message. */
const AT_ONCE = 8;

type Place = Pick<LabConnection, 'lab_slug' | 'environment'> & { sftp: SftpPickUp };

/** What a worker knows of a server. */
interface Visits {
  memory: PickUpMemory;
  /** The round that is being made; null where none is. */
  round: Promise<void> | null;
  /** When the last one began; a file has changed or not since then. */
  began: number;
  isAway: boolean;
  /** What kept files from being taken, as it was logged. */
  logged: string;
}

/**
 * Starts the rounds. A server that is slow delays no other, unless as many are as one worker visits at once.
 * @param everyMs How far apart they are, in milliseconds.
 */
export function startSftpPickUp(inbox: LaboratoryInbox, everyMs: number = LOOK_EVERY_MS): Pick<Loop, 'stop'> {
  const { store, logger } = inbox;
  const ending = new AbortController();
  const known = new Map<string, Visits>();

  async function visit(name: string, place: Place, visits: Visits): Promise<void> {
    const lease = await takeLease(store, name, LEASE_MS);
    if (!lease) return;
    try {
      await round(place, visits);
    } finally {
      await endLease(store, lease);
    }
  }

  async function round(place: Place, visits: Visits): Promise<void> {
    const { lab_slug: lab, environment } = place;
    try {
      const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(ROUND_MS)]);
      const { taken, troubles } = await pickUp(inbox, place, visits.memory, signal);
      if (taken > 0) logger.info({ lab, environment, taken }, 'sftp.picked_up');
      visits.isAway = false;
      const files = JSON.stringify(troubles.slice(0, 10));
      if (troubles.length > 0 && files !== visits.logged) {
        logger.error(
          { lab, environment, count: troubles.length, troubles: troubles.slice(0, 10) },
          'sftp.files.not_taken',
        );
      }
      visits.logged = files;
      await notePickUp(store, place, troubles.length || null);
    } catch (error) {
      if (ending.signal.aborted) return;
      if (!visits.isAway) logger.error({ lab, environment, err: error }, 'sftp.unreachable');
      visits.isAway = true;
      await notePickUp(store, place, 0);
    }
  }

  const loop = startLoop(
    {
      async round({ wake }) {
        const all = await labConnections(store);
        const places = all.filter((each): each is LabConnection & Place => each.sftp !== null);
        await forgetPickUpsBut(store, places);
        const named = new Map(places.map((place) => [`sftp:${place.lab_slug}:${place.environment}`, place]));
        for (const [name, { round }] of known) if (!round && !named.has(name)) known.delete(name);
        for (const name of named.keys()) {
          if (!known.has(name)) {
            known.set(name, {
              memory: newMemory(),
              round: null,
              began: Number.NEGATIVE_INFINITY,
              isAway: false,
              logged: '[]',
            });
          }
        }
        const waiting = [...named].flatMap(([name, place]) => {
          const visits = known.get(name) as Visits;
          const isEarly = visits.began + 0.9 * everyMs > performance.now();
          return visits.round || isEarly ? [] : [{ name, place, visits }];
        });
        waiting.sort((one, other) => one.visits.began - other.visits.began);
        const free = AT_ONCE - [...known.values()].filter(({ round }) => round).length;
        for (const { name, place, visits } of waiting.slice(0, free)) {
          visits.began = performance.now();
          visits.round = visit(name, place, visits)
            .catch((error) => logger.error({ lab: place.lab_slug, err: error }, 'sftp.round.failed'))
            .finally(() => {
              visits.round = null;
              if (waiting.length > free) wake();
            });
        }
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
      await Promise.all([...known.values()].map(({ round }) => round));
    },
  };
}
