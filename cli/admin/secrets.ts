/** Passwords, from wherever an operator wants to give them. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CannotDo } from './session.ts';

/** Reads passwords: from standard input, a line each, where it is not a terminal; else asks without showing them. */
export interface PasswordReader {
  read(what: string): Promise<string>;
  close(): void;
}

export function passwordReader(): PasswordReader {
  const interactive = process.stdin.isTTY === true;
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: interactive });
  const iterator = lines[Symbol.asyncIterator]();
  return {
    async read(what) {
      if (interactive) process.stderr.write(`${what}: `);
      const { value, done } = await iterator.next();
      if (interactive) process.stderr.write('\n');
      if (done || !value)
        throw new CannotDo(`No ${what} was given as an option, in the environment, or on standard input`);
      return value;
    },
    close: () => lines.close(),
  };
}
