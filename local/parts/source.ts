/** A real part, taken from the first place that has it. */
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

/** Told to whoever waits: what takes long, in a few words such as `downloading 42 MB`. */
export type Progress = (doing: string) => void;

/** One place to take a part from. */
export interface Source {
  /** In words that complete "taken from …". */
  name: string;
  /** The path of the program; nothing where this place has none; throws where it failed. */
  take(progress: Progress): Promise<string | undefined> | string | undefined;
}

/** No place has the part; the message names it and the one command that would provide it. */
export class PartMissing extends Error {
  override name = 'PartMissing';
}

/**
 * The program from the first source that answers. What the others said is told only when none does.
 *
 * @throws PartMissing when none does, with what each said
 */
export async function takeFirst(part: string, sources: Source[], remedy: string, progress: Progress): Promise<string> {
  const refusals: string[] = [];
  for (const source of sources) {
    try {
      const path = await source.take(progress);
      if (path) return path;
    } catch (error) {
      refusals.push(`  ${source.name}: ${reasonOf(error)}`);
    }
  }
  throw new PartMissing(
    [`${part} was not available from any source.`, ...refusals, `To install it yourself:\n  ${remedy}`].join('\n'),
  );
}

/** How long a host may take to begin to answer, in milliseconds; a body may take longer. */
const ANSWER_WITHIN = 5_000;

/**
 * A web page or file, from a host that answers within seconds.
 *
 * @throws Error saying what the host answered, or that it did not
 */
export async function download(url: string): Promise<Response> {
  // A company's own certificate authority is known to its machines, not to Node.
  setDefaultCACertificates([...getCACertificates('default'), ...getCACertificates('system')]);
  const impatience = new AbortController();
  const timer = setTimeout(() => impatience.abort(), ANSWER_WITHIN);
  const host = new URL(url).host;
  try {
    const response = await fetch(url, { signal: impatience.signal }).catch((error: Error) => {
      if (impatience.signal.aborted) throw new Error(`${host} did not respond within ${ANSWER_WITHIN / 1000} s`);
      throw new Error(`${host} cannot be reached (${reasonOf(error.cause ?? error)})`);
    });
    if (!response.ok) throw new Error(`${host} answered ${response.status}`);
    return response;
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return (message || code || String(error)).split('\n')[0] as string;
}
