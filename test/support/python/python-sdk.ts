/** The published Python SDK, as a program that tests ask line by line. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The package, as pip takes it. */
export const PYTHON_SDK = 'junction-api-sdk==2.0.0';

const BRIDGE = join(import.meta.dirname, 'junction_bridge.py');

/** What a call came to: the answer as the SDK read it, or how the SDK failed. */
// biome-ignore lint/suspicious/noExplicitAny: an answer is read as its tests read it, field by field.
type Said = { answer?: any; error?: { type: string; status: number | null; body: any } };

export interface PythonSdk {
  /**
   * Calls a method, `lab_tests.get_order`, with arguments by name.
   * @throws Error when the SDK does not take the answer
   */
  // biome-ignore lint/suspicious/noExplicitAny: an answer is read as its tests read it, field by field.
  call(method: string, args?: Record<string, unknown>): Promise<any>;
  /** A call that is to fail: with what. */
  failure(method: string, args?: Record<string, unknown>): Promise<NonNullable<Said['error']>>;
  close(): void;
}

/** Starts the SDK's program with a team's key. @param python Of an environment that holds the SDK. */
export function startPythonSdk(python: string, apiKey: string, url: string): PythonSdk {
  const program = spawn(python, ['-I', BRIDGE, apiKey, url], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { resolve(said: Said): void; reject(error: Error): void }[] = [];
  createInterface({ input: program.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line) as Said));
  program.once('exit', (code) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`The SDK's program ended with ${code}`));
  });
  const ask = (call: string, args: Record<string, unknown>) =>
    new Promise<Said>((resolve, reject) => {
      waiting.push({ resolve, reject });
      program.stdin.write(`${JSON.stringify({ call, args })}\n`);
    });
  return {
    async call(method, args = {}) {
      const said = await ask(method, args);
      if (said.error) throw new Error(`${method}: ${JSON.stringify(said.error)}`);
      return said.answer;
    },
    async failure(method, args = {}) {
      const said = await ask(method, args);
      if (!said.error) throw new Error(`${method} was expected to fail, and answered ${JSON.stringify(said.answer)}`);
      return said.error;
    },
    close: () => void program.stdin.end(),
  };
}
