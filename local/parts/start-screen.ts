/** What `npm start` shows: one line for each part, in place on a terminal, and elsewhere when there is something to say. */
import { clearScreenDown, moveCursor } from 'node:readline';
import type { Progress } from './source.ts';

/** The line of one part. */
export interface PartLine {
  /** Says what takes long, such as a download. */
  doing: Progress;
  /** The part serves: where, in a few words. */
  ready(where: string): void;
}

interface Shown {
  text: string;
  since: number;
  ready: boolean;
}

/** Lines about parts that start, above which other lines can be written. */
export class StartScreen {
  readonly #stream: NodeJS.WriteStream;
  readonly #parts = new Map<string, Shown>();
  /** Set while the lines are drawn in place. */
  #ticking: NodeJS.Timeout | undefined;
  #drawn = 0;

  constructor(stream: NodeJS.WriteStream = process.stdout) {
    this.#stream = stream;
    // A terminal that does not know its width cannot be written over.
    if (!stream.isTTY || !stream.columns) return;
    this.#ticking = setInterval(() => this.#draw(), 1_000);
  }

  /** Begins the line of a part. */
  part(name: string): PartLine {
    const say = (text: string, ready: boolean) => {
      this.#parts.set(name, { text, since: Date.now(), ready });
      if (this.#ticking) this.#draw();
      else if (text !== '') this.#stream.write(`${lineOf(name, this.#parts.get(name) as Shown)}\n`);
    };
    say('', false);
    return { doing: (what) => say(what, false), ready: (where) => say(where, true) };
  }

  /** A line that stays, above those of the parts. */
  note(line: string): void {
    if (this.#ticking) this.#draw(line);
    else this.#stream.write(`${line}\n`);
  }

  /** Leaves the lines as they are; what is written from now on comes below. Safe to call again. */
  end(): void {
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }

  #draw(...above: string[]): void {
    if (this.#drawn > 0) moveCursor(this.#stream, 0, -this.#drawn);
    clearScreenDown(this.#stream);
    const lines = [...this.#parts].map(([name, shown]) => lineOf(name, shown).slice(0, this.#stream.columns - 1));
    this.#drawn = lines.length;
    for (const line of [...above, ...lines]) this.#stream.write(`${line}\n`);
  }
}

function lineOf(name: string, { text, since, ready }: Shown): string {
  const seconds = Math.round((Date.now() - since) / 1_000);
  const waiting = `${text || 'starting'} …${seconds >= 2 ? ` ${seconds} s` : ''}`;
  return `  ${ready ? '✔' : '·'} ${name.padEnd(18)}${ready ? text : waiting}`;
}
