/** `npm run sandbox`: the sandbox laboratories as a program of their own. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { startSandbox } from './lab/server.ts';

const HELP = `Sandbox laboratories that speak HL7 v2.5.1 over HTTP (docs/hl7.md).

Usage: node sandbox/main.ts [--help]

Environment:
  SANDBOX_PORT         port to listen on (3100; 0 picks a free one)
  HOST                 address to listen on (127.0.0.1)
  SANDBOX_DATA_DIR     folder of the journal (.venule/sandbox)
  SANDBOX_RESULTS_URL  where results go (http://127.0.0.1:3000/partners/labs/{lab}/hl7)
  SANDBOX_USER         HTTP Basic credentials, in both directions (sandbox)
  SANDBOX_PASSWORD     (sandbox)

As a laboratory has it ({lab} is a slug of the catalogue, such as labcorp):
  POST /labs/{lab}/hl7                                   orders and cancellations in

For simulations and tests, behind the same credentials:
  POST /sandbox/labs/{lab}/orders/{placer}/simulate      report on an order
       {"final_status": "partial_results" | "completed" | "sample_error", "delay_seconds": 0,
        "interpretation": "normal" | "abnormal" | "critical", "result_types": ["numeric", "range", "comment"],
        "has_missing_results": false, "missing": [{"loinc": "2345-7", "reason": "QS"}]}
  GET  /sandbox/labs/{lab}/orders                        what the laboratory has
  GET  /sandbox/labs/{lab}/orders/{placer}
  POST /sandbox/labs/{lab}/messages                      send this HL7 message as a result, once
  POST /sandbox/faults                                   have trouble with the next order messages
       {"lab": "labcorp", "mode": "down" | "slow" | "error" | "reject" | "ok", "times": 1, "delay_ms": 1000,
        "after_accept": false}
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
  const logger = pino({ base: undefined });
  const sandbox = await startSandbox({
    port,
    host: env.HOST ?? '127.0.0.1',
    dataDir: env.SANDBOX_DATA_DIR ?? path.join('.venule', 'sandbox'),
    resultsUrl: env.SANDBOX_RESULTS_URL ?? 'http://127.0.0.1:3000/partners/labs/{lab}/hl7',
    user: env.SANDBOX_USER ?? 'sandbox',
    password: env.SANDBOX_PASSWORD ?? 'sandbox',
    warn: (problem) => logger.warn(problem, 'result not delivered yet'),
  });
  logger.info({ url: sandbox.url }, 'ready');
  const stop = () => void sandbox.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: Error) => {
  process.stderr.write(`sandbox: ${error.message}\n`);
  process.exitCode = 1;
});
