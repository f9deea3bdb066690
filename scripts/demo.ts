/** `npm run demo`: one order through a lab that loses two results and the redraw that brings them, or one drawn at home. */
import { parseArgs } from 'node:util';
import { JunctionClient, JunctionError } from '@junction-api/sdk';
import { walkAtHome } from './demo/at-home.ts';
import type { Moment } from './demo/heard-orders.ts';
import { inOrderOfTime } from './demo/in-order.ts';
import { type JourneyReport, walkJourney } from './demo/journey.ts';
import { LABS, type Lab } from './demo/lab-reports.ts';
import { aside, directory, heading, momentLines, resultTable, shortPath } from './demo/screen.ts';
import { findOrStartVenule, type Venule } from './demo/venule.ts';

const HELP = `Orders a wellness panel with the Junction SDK, makes the sandbox laboratory lose two of its results,
follows the redraw to the combined result, and shows the journey as it happens. With --at-home: books
a phlebotomist’s visit, reschedules it, completes it, and follows the order to its result.

Usage: npm run demo [-- options]

Options:
  --lab <lab>   ${LABS.join(', ')} (default: ${LABS[0]})
  --at-home     A phlebotomist draws the specimen at the patient’s home
  --json        Print one JSON object at the end instead
  --help        Show this help

It uses the Venule that is running with the data folder, or starts one and stops it at the end.

Environment:
  VENULE_URL               URL of another Venule; VENULE_API_KEY is then required
  VENULE_API_KEY           The key of a sandbox team there
  VENULE_MANAGEMENT_KEY    Its Management API key; without it, the demo polls instead of receiving webhooks
  VENULE_SANDBOX_URL       Its sandbox laboratories, with VENULE_SANDBOX_PASSWORD; without them, the
                           laboratory itself chooses which results are missing
  VENULE_DATA_DIR          Data folder; PDFs are saved there (default: .venule)
  NO_COLOR                 Set to print without colors
`;

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      lab: { type: 'string', default: LABS[0] },
      'at-home': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return print(HELP);
  const lab = LABS.find((each) => each === values.lab);
  if (!lab) throw new Error(`There is no laboratory ${values.lab}: use ${LABS.join(', ')}.`);

  const say = values.json ? () => {} : print;
  const venule = await findOrStartVenule((line) => say(aside(line)));
  let interrupted = false;
  const interrupt = () => {
    if (interrupted) return;
    interrupted = true;
    void venule.stop().then(() => process.exit(130));
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    await show(venule, { lab, atHome: values['at-home'], json: values.json }, say);
  } finally {
    if (!interrupted) await venule.stop();
  }
}

async function show(
  venule: Venule,
  { lab, atHome, json }: { lab: Lab; atHome: boolean; json: boolean },
  say: (text: string) => void,
): Promise<void> {
  const client = new JunctionClient({ apiKey: venule.apiKey, baseUrl: venule.apiUrl });
  const timeline: Moment[] = [];
  const story = atHome ? 'A home visit, rescheduled and completed' : 'A panel, two lost results, and a redraw';
  say(heading(`${story}, at ${venule.apiUrl}`));
  const walk = atHome ? walkAtHome : walkJourney;
  const moments = inOrderOfTime((moment) => {
    timeline.push(moment);
    say(momentLines(moment));
  });
  const report = await walk(venule, client, lab, moments.tell).finally(moments.flush);
  const links = linksTo(venule, report);
  if (json) return print(JSON.stringify({ ...report, timeline, links }, null, 2));

  const result = atHome ? 'Result' : `Combined result of ${report.orders.length} orders`;
  say(heading(`${result}, order transaction ${report.transaction.id}`));
  say(resultTable(report));
  say('');
  say(
    directory(
      'Documents',
      Object.entries(report.documents).map(([name, path]) => [name.replace('_', ' '), shortPath(path)]),
    ),
  );
  say('');
  say(directory('Look around', Object.entries(links)));
}

function linksTo(venule: Venule, { transaction }: JourneyReport): Record<string, string> {
  const workflow = encodeURIComponent(`order-transaction/${transaction.id}`);
  return {
    ...(venule.temporalUi && {
      'The journey in Temporal UI': `${venule.temporalUi}/namespaces/${venule.temporalNamespace}/workflows/${workflow}`,
    }),
    ...(venule.mail && { 'Mail to the patient': venule.mail }),
    'API reference': `${venule.apiUrl}/reference`,
  };
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof JunctionError)) return error.message;
  if (error.statusCode === undefined) return `Venule does not respond (${reasonOf(error)}). Is it running?`;
  const { message } = (error.body ?? {}) as { message?: string };
  return `Venule answered ${error.statusCode}: ${message ?? error.message}`;
}

/** What the network said, which is the innermost cause. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}

main().catch((error: unknown) => {
  process.stderr.write(`\nThe demo stopped: ${explain(error)}\n`);
  process.exitCode = 1;
});
