/** Troubles that a test can ask a phlebotomy provider to have. */
import { z } from 'zod';

const CALLS = ['coverage', 'locations', 'availability', 'book', 'request', 'read', 'reschedule', 'cancel'] as const;
/** A call of the wire. */
export type Call = (typeof CALLS)[number];

const EVENT_MODES = ['duplicate', 'reorder'] as const;
type EventMode = (typeof EVENT_MODES)[number];

/** The body of `POST /sandbox/phlebotomy/faults`; docs/phlebotomy.md says what each mode does. */
export const Fault = z
  .strictObject({
    provider: z.string(),
    mode: z.enum(['down', 'slow', 'error', 'nonsense', 'slot_taken', ...EVENT_MODES, 'ok']),
    /** For how many calls or events; for all of them when absent. */
    times: z.int().positive().optional(),
    /** The calls that are in trouble; all when absent. */
    calls: z.array(z.enum(CALLS)).optional(),
    /** How late `slow` is. */
    delay_ms: z.int().nonnegative().default(1000),
    /** The call has its effect before the trouble starts. */
    after_accept: z.boolean().default(false),
  })
  .refine(({ mode, after_accept }) => mode !== 'slot_taken' || !after_accept, 'slot_taken accepts nothing');
export type Fault = z.infer<typeof Fault>;

/** The trouble each provider has at the moment, with calls and with events; forgotten when the process ends. */
export class Faults {
  readonly #calls = new Map<string, Fault>();
  readonly #events = new Map<string, Fault>();

  set(fault: Fault): void {
    const { provider, mode } = fault;
    if (mode === 'ok') {
      this.#calls.delete(provider);
      this.#events.delete(provider);
    } else if (isEventMode(mode)) this.#events.set(provider, fault);
    else this.#calls.set(provider, fault);
  }

  /** The trouble for the call that has just arrived, counted down. */
  ofCall(provider: string, call: Call): Fault | undefined {
    const fault = this.#calls.get(provider);
    if (!fault || (fault.calls && !fault.calls.includes(call))) return undefined;
    if (fault.mode === 'slot_taken' && call !== 'book' && call !== 'reschedule') return undefined;
    countDown(this.#calls, fault);
    return fault;
  }

  /** The trouble with events; `eventSuffered` counts it down. */
  ofEvents(provider: string): EventMode | undefined {
    return this.#events.get(provider)?.mode as EventMode | undefined;
  }

  eventSuffered(provider: string): void {
    const fault = this.#events.get(provider);
    if (fault) countDown(this.#events, fault);
  }
}

function isEventMode(mode: Fault['mode']): mode is EventMode {
  return (EVENT_MODES as readonly string[]).includes(mode);
}

function countDown(faults: Map<string, Fault>, fault: Fault): void {
  if (fault.times === undefined) return;
  if (fault.times > 1) faults.set(fault.provider, { ...fault, times: fault.times - 1 });
  else faults.delete(fault.provider);
}
