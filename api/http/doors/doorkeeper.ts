/**
 * Lets in as many requests as this API can answer, and says to the others when to come again, before anything is
 * claimed or started for them. What keeps orders waiting elsewhere (workers, laboratories) does not count.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { RequestHandler, Response } from 'express';
import { tooManyRequests } from './rate-limits.ts';

/** The event loop answers this late, in milliseconds, only when there is far too much to do. */
const LATE_MS = 300;
/** So many are let in however late the event loop is: one long piece of work is no load. */
const ALWAYS = 16;
/** The part of all requests that one team may have under way. */
const TEAM_SHARE = 1 / 2;
/** After which it is worth asking again, in milliseconds. */
const COME_AGAIN_MS = 2_000;
const LOOK_EVERY_MS = 500;

export interface Doorkeeper {
  /** Counts a request until it is answered. Throws `too_many_requests` when there are too many. */
  admit: RequestHandler;
  /** The same for a team's share, once the team is known. */
  admitTeam(teamId: string, response: Response): void;
}

/**
 * @param mostAtOnce Requests under way in this process.
 * @param lateness How late the event loop is, in milliseconds.
 */
export function createDoorkeeper(mostAtOnce: number, lateness: () => number = eventLoopDelay()): Doorkeeper {
  let underWay = 0;
  const ofTeam = new Map<string, number>();
  const share = Math.ceil(mostAtOnce * TEAM_SHARE);

  return {
    admit(_request, response, next) {
      const isLate = underWay >= ALWAYS && lateness() > LATE_MS;
      if (underWay >= mostAtOnce || isLate) {
        throw tooManyRequests('The service is too busy at the moment; nothing was done.', COME_AGAIN_MS);
      }
      underWay += 1;
      response.once('close', () => {
        underWay -= 1;
      });
      next();
    },
    admitTeam(teamId, response) {
      const held = ofTeam.get(teamId) ?? 0;
      if (held >= share) {
        throw tooManyRequests('Your team has too many requests in progress; nothing was done.', COME_AGAIN_MS);
      }
      ofTeam.set(teamId, held + 1);
      response.once('close', () => {
        const left = (ofTeam.get(teamId) ?? 1) - 1;
        if (left > 0) ofTeam.set(teamId, left);
        else ofTeam.delete(teamId);
      });
    },
  };
}

let histogram: ReturnType<typeof monitorEventLoopDelay> | undefined;
let latest = 0;

/** How late this process's event loop was on average in the last half second, in milliseconds. */
function eventLoopDelay(): () => number {
  if (!histogram) {
    const resolution = 20;
    const measured = monitorEventLoopDelay({ resolution });
    histogram = measured;
    measured.enable();
    setInterval(() => {
      latest = measured.count > 0 ? Math.max(0, measured.mean / 1e6 - resolution) : 0;
      measured.reset();
    }, LOOK_EVERY_MS).unref();
  }
  return () => latest;
}
