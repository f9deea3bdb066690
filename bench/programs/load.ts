/** The load generator: so many requests at a time, the next one as soon as one is answered. */
import { Pool } from 'undici';
import { serve } from '../program.ts';

/** What is asked of the generator. */
export interface Load {
  url: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  concurrency: number;
  /** For how long requests are begun, in milliseconds. */
  durationMs: number;
}

/** What came of it. */
export interface LoadResult {
  perSecond: number;
  /** Of every request, in milliseconds. */
  latencies: number[];
}

serve(async () => {
  const pools = new Map<string, Pool>();
  const poolOf = (url: string) => {
    const pool = pools.get(url) ?? new Pool(url, { connections: 64, pipelining: 1 });
    pools.set(url, pool);
    return pool;
  };
  return {
    abilities: {
      async run({ url, path, headers, body, concurrency, durationMs }: Load): Promise<LoadResult> {
        const pool = poolOf(url);
        const latencies: number[] = [];
        const began = performance.now();
        const caller = async () => {
          while (performance.now() - began < durationMs) {
            const asked = performance.now();
            const answer = await pool.request({ method: 'POST', path, headers, body });
            if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${await answer.body.text()}`);
            await answer.body.dump();
            latencies.push(performance.now() - asked);
          }
        };
        await Promise.all(Array.from({ length: concurrency }, caller));
        return { perSecond: (latencies.length / (performance.now() - began)) * 1000, latencies };
      },
    },
  };
});
