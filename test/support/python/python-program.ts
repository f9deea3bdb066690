/** Programs of this folder in Python, which tests ask line by line. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What a call came to: the answer as the program read it, or how it failed. */
// biome-ignore lint/suspicious/noExplicitAny: an answer is read as its tests read it, field by field.
type Said = { answer?: any; error?: { type: string; status: number | null; body: any } };

export interface PythonProgram {
  /**
   * Calls a method, `lab_tests.get_order`, with arguments by name.
   * @throws Error when the program does not take the answer
   */
  // biome-ignore lint/suspicious/noExplicitAny: an answer is read as its tests read it, field by field.
  call(method: string, args?: Record<string, unknown>): Promise<any>;
  /** A call that is to fail: with what. */
  failure(method: string, args?: Record<string, unknown>): Promise<NonNullable<Said['error']>>;
  close(): void;
}

/** Starts a program. @param python Of an environment that holds what it imports. */
export function startPythonProgram(python: string, file: string, ...args: string[]): PythonProgram {
  const program = spawn(python, ['-I', join(import.meta.dirname, file), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting: { resolve(said: Said): void; reject(error: Error): void }[] = [];
  createInterface({ input: program.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line) as Said));
  program.once('exit', (code) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`${file} ended with ${code}`));
  });
  const ask = (call: string, given: Record<string, unknown>) =>
    new Promise<Said>((resolve, reject) => {
      waiting.push({ resolve, reject });
      program.stdin.write(`${JSON.stringify({ call, args: given })}\n`);
    });
  return {
    async call(method, given = {}) {
      const said = await ask(method, given);
      if (said.error) throw new Error(`${method}: ${JSON.stringify(said.error)}`);
      return said.answer;
    },
    async failure(method, given = {}) {
      const said = await ask(method, given);
      if (!said.error) throw new Error(`${method} was expected to fail, and answered ${JSON.stringify(said.answer)}`);
      return said.error;
    },
    close: () => void program.stdin.end(),
  };
}
