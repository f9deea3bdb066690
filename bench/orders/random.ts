/** Chance that comes out the same every time. */

/** Draws that depend on nothing but the number they began with. */
export interface Chance {
  /** From 0 to 1, 1 left out. */
  share(): number;
  /** One of them, each as likely as the others. */
  of<T>(list: readonly T[]): T;
  /** One of them, the first most likely, the hundredth a tenth as likely: as common names are. */
  common<T>(list: readonly T[]): T;
  /** One of them, by the shares that stand before them, which add up to a hundred. */
  weighted<T>(list: readonly (readonly [share: number, value: T])[]): T;
  /** A version 4 UUID. */
  uuid(): string;
}

const sums = new WeakMap<readonly unknown[], number[]>();

/** Up to each place of a list, the sum of how likely each is. */
function upToEach(list: readonly unknown[]): number[] {
  const known = sums.get(list);
  if (known) return known;
  let sum = 0;
  const made = list.map((_one, index) => {
    sum += 1 / Math.sqrt(index + 1);
    return sum;
  });
  sums.set(list, made);
  return made;
}

/** mulberry32, which is enough for what is only to look like chance. */
export function chance(seed: number): Chance {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  const word = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const share = () => word() / 2 ** 32;
  const hex = () => word().toString(16).padStart(8, '0');
  return {
    share,
    of: <T>(list: readonly T[]) => list[Math.floor(share() * list.length)] as T,
    common<T>(list: readonly T[]) {
      const upTo = upToEach(list);
      const drawn = share() * (upTo.at(-1) ?? 0);
      return list[upTo.findIndex((sum) => sum > drawn)] as T;
    },
    weighted<T>(list: readonly (readonly [number, T])[]) {
      let left = share() * list.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, value] of list) {
        left -= weight;
        if (left < 0) return value;
      }
      return (list.at(-1) as readonly [number, T])[1];
    },
    uuid() {
      const [a, b, c, d] = [hex(), hex(), hex(), hex()];
      return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`;
    },
  };
}
