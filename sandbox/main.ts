/** `npm run sandbox`: the sandbox laboratories and phlebotomy providers as a program of their own. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { startSandbox } from './lab/server.ts';

/** Not a secret: for a sandbox that nobody configured. */
const DEFAULT_SECRET = `whsec_${Buffer.from('sandbox phlebotomy company').toString('base64')}`;

const HELP = `Sandbox laboratories that speak HL7 v2.5.1 over HTTP (docs/hl7.md), and phlebotomy providers (docs/phlebotomy.md).

Usage: node sandbox/main.ts [--help]

Environment:
  SANDBOX_PORT         port to listen on (3100; 0 picks a free one)
  HOST                 address to listen on (127.0.0.1)
  SANDBOX_DATA_DIR     folder of the journals (.venule/sandbox)
  SANDBOX_RESULTS_URL  where results go (http://127.0.0.1:3000/partners/labs/{lab}/hl7)
  SANDBOX_MLLP_PORT    port for orders over MLLP, too (none; 0 picks a free one)
  SANDBOX_MLLP_RESULTS_URL  where results of orders that came over MLLP go (mllp://127.0.0.1:2576)
  SANDBOX_USER         HTTP Basic credentials, in both directions (sandbox)
  SANDBOX_PASSWORD     (sandbox)
  SANDBOX_PHLEBOTOMY_KEY         Bearer key for callers of the phlebotomy providers (sandbox)
  SANDBOX_PHLEBOTOMY_SECRET      signs appointment events, whsec_ and base64
                                 (${DEFAULT_SECRET})
  SANDBOX_PHLEBOTOMY_EVENTS_URL  where appointment events go
                                 (http://127.0.0.1:3000/partners/phlebotomy/{provider}/events)
  SANDBOX_PHLEBOTOMY_HOLD_MS     how long a booking key is valid, in ms (900000)

As real laboratories have ({lab} is a slug in the catalog, such as labcorp):
  POST /labs/{lab}/hl7                                   orders and cancellations in

For simulations and tests, with the same credentials:
  POST /sandbox/labs/{lab}/orders/{placer}/simulate      report on an order
       {"final_status": "partial_results" | "completed" | "sample_error", "delay_seconds": 0,
        "interpretation": "normal" | "abnormal" | "critical", "result_types": ["numeric", "range", "comment"],
        "has_missing_results": false, "missing": [{"loinc": "2345-7", "reason": "QS"}]}
  GET  /sandbox/labs/{lab}/orders                        what the laboratory has
  GET  /sandbox/labs/{lab}/orders/{placer}
  POST /sandbox/labs/{lab}/messages                      send this HL7 message as a result, once
  POST /sandbox/faults                                   make the next order messages fail
       {"lab": "labcorp", "mode": "down" | "slow" | "error" | "reject" | "ok", "times": 1, "delay_ms": 1000,
        "after_accept": false}
  POST /sandbox/requisitions                             send the laboratory's own requisition with acknowledgments
       {"lab": "labcorp", "sent": "answer" | "later" | "never", "content": "pdf" | "web_page" | "broken" | "empty",
        "bytes": 0}

As real phlebotomy providers have ({provider} is getlabs, phlebfinders, or quest), with the Bearer key:
  /phlebotomy/{provider}/v1/…                            coverage, locations, availability, appointments

For simulations and tests, with the same key:
  POST /sandbox/phlebotomy/{provider}/appointments/{id}/simulate
       {"status": "reserved" | "scheduled" | "in_progress" | "completed" | "cancelled", "delay_seconds": 0,
        "start": "2027-01-04T16:00:00Z"}
  GET  /sandbox/phlebotomy/{provider}/appointments       what the provider has, with all notes it was given
  GET  /sandbox/phlebotomy/{provider}/appointments/{id}
  POST /sandbox/phlebotomy/{provider}/confirmation       how bookings are answered from now on
       {"answer": "scheduled" | "reserved" | "pending", "after_seconds": 5}
  POST /sandbox/phlebotomy/faults                        make the next calls or events fail
       {"provider": "getlabs", "mode": "down" | "slow" | "error" | "nonsense" | "slot_taken" | "duplicate" |
        "reorder" | "ok", "times": 1, "calls": ["book"], "delay_ms": 1000, "after_accept": false}

  GET  /healthz
`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const { env } = process;
  const port = Number(env.SANDBOX_PORT ?? 3100);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('SANDBOX_PORT is not a port number');
  const mllpPort = env.SANDBOX_MLLP_PORT ? Number(env.SANDBOX_MLLP_PORT) : null;
  if (mllpPort !== null && !(Number.isInteger(mllpPort) && mllpPort >= 0 && mllpPort <= 65_535)) {
    throw new Error('SANDBOX_MLLP_PORT is not a port number');
  }
  const holdMs = Number(env.SANDBOX_PHLEBOTOMY_HOLD_MS ?? 900_000);
  if (!Number.isInteger(holdMs) || holdMs <= 0)
    throw new Error('SANDBOX_PHLEBOTOMY_HOLD_MS is not a whole number above 0');
  const secret = env.SANDBOX_PHLEBOTOMY_SECRET ?? DEFAULT_SECRET;
  if (!/^whsec_[A-Za-z0-9+/]+=*$/.test(secret)) throw new Error('SANDBOX_PHLEBOTOMY_SECRET is not whsec_ and base64');
  const logger = pino({ base: undefined });
  const sandbox = await startSandbox({
    port,
    host: env.HOST ?? '127.0.0.1',
    dataDir: env.SANDBOX_DATA_DIR ?? path.join('.venule', 'sandbox'),
    resultsUrl: env.SANDBOX_RESULTS_URL ?? 'http://127.0.0.1:3000/partners/labs/{lab}/hl7',
    ...(mllpPort !== null && {
      mllp: { port: mllpPort, resultsUrl: env.SANDBOX_MLLP_RESULTS_URL ?? 'mllp://127.0.0.1:2576' },
    }),
    user: env.SANDBOX_USER ?? 'sandbox',
    password: env.SANDBOX_PASSWORD ?? 'sandbox',
    phlebotomy: {
      key: env.SANDBOX_PHLEBOTOMY_KEY ?? 'sandbox',
      secret,
      eventsUrl: env.SANDBOX_PHLEBOTOMY_EVENTS_URL ?? 'http://127.0.0.1:3000/partners/phlebotomy/{provider}/events',
      holdMs,
    },
    warn: (problem) => logger.warn(problem, 'not delivered yet'),
  });
  logger.info({ url: sandbox.url, ...(sandbox.mllpPort !== null && { mllp: sandbox.mllpPort }) }, 'ready');
  const stop = () => void sandbox.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: Error) => {
  process.stderr.write(`sandbox: ${error.message}\n`);
  process.exitCode = 1;
});
