/** Orders whose journeys start at about the same time are written together, which saves messages to the database. */

/** The part of the time that its own start took, for which an order waits for others at most. */
const SHARE = 1 / 4;
/** And no longer than this, in milliseconds. */
const LONGEST_MS = 50;

/** An order on its way to be written. */
export interface Comer {
  /** Resolves with the others that wait: when nobody is left to wait for, or the first of them has waited long enough. */
  arrive(): Promise<void>;
  /** It will not come, or has come: nobody waits for it any more. To be called in every case. */
  leave(): void;
}

/**
 * Where orders wait for each other. Whoever is alone waits for nobody, and nobody waits longer than a quarter of what
 * its own way took, 50 ms at most.
 */
export function createGathering(): { setOut(): Comer } {
  const underWay = new Set<Comer>();
  let waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;

  const release = () => {
    clearTimeout(timer);
    timer = undefined;
    const released = waiting;
    waiting = [];
    for (const resolve of released) resolve();
  };

  return {
    setOut() {
      const began = performance.now();
      const comer: Comer = {
        arrive() {
          underWay.delete(comer);
          return new Promise((resolve) => {
            waiting.push(resolve);
            if (underWay.size === 0) release();
            else timer ??= setTimeout(release, Math.min((performance.now() - began) * SHARE, LONGEST_MS));
          });
        },
        leave() {
          if (underWay.delete(comer) && underWay.size === 0) release();
        },
      };
      underWay.add(comer);
      return comer;
    },
  };
}
