/** Troubles that a test can ask a laboratory to have. */
import { z } from 'zod';

/** The body of `POST /sandbox/faults`. */
export const Fault = z.strictObject({
  lab: z.string(),
  /** `down` drops the connection, `slow` answers late, `error` answers AE, `reject` answers AR, `ok` ends all trouble. */
  mode: z.enum(['down', 'slow', 'error', 'reject', 'ok']),
  /** For how many order messages; for all of them when absent. */
  times: z.int().positive().optional(),
  /** How late `slow` is. */
  delay_ms: z.int().nonnegative().default(1000),
  /** The message has its effect before the trouble starts. */
  after_accept: z.boolean().default(false),
});
export type Fault = z.infer<typeof Fault>;

/** The trouble each laboratory has at the moment; forgotten when the process ends. */
export class Faults {
  readonly #current = new Map<string, Fault>();

  set(fault: Fault): void {
    if (fault.mode === 'ok') this.#current.delete(fault.lab);
    else this.#current.set(fault.lab, fault);
  }

  /** The trouble for the message that has just arrived, counted down. */
  take(lab: string): Fault | undefined {
    const fault = this.#current.get(lab);
    if (fault?.times !== undefined) {
      if (fault.times > 1) this.#current.set(lab, { ...fault, times: fault.times - 1 });
      else this.#current.delete(lab);
    }
    return fault;
  }
}
