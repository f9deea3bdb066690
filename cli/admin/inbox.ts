/** `admin inbox`: what laboratories sent, and what became of it (F5). */
import { type Command, Option } from 'commander';
import { HELD_BECAUSE } from '../../domain/results/held-tests.ts';
import { FAILURE_TYPES, type FailureType } from '../../domain/results/lab-report.ts';
import { DOUBTS } from '../../domain/results/report-matching.ts';
import { readAnew } from '../../intake/read-anew.ts';
import { readableMessage } from '../../partners/labs/formats/hl7v2/hl7-charset.ts';
import { loadCatalogue } from '../../store/catalogue/catalogue.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { LabMessageDocument } from '../../store/collections/inbox.ts';
import { currentProfile } from '../../store/connections/lab-profiles.ts';
import { settleHeldTests } from '../../store/inbox/held-tests.ts';
import {
  closeReport,
  type DeliveredAgain,
  deliverAgain,
  findReport,
  LAB_MESSAGE_STATES,
  listRefusedMessages,
  listReports,
  messageTextOf,
  refusedMessageText,
} from '../../store/inbox/inbox-review.ts';
import { environmentOf, keptMessage } from '../../store/inbox/readings/kept-messages.ts';
import type { Store } from '../../store/open.ts';
import { showInbox } from './inbox-summary.ts';
import { CannotDo, given, inSession, operator, positive } from './session.ts';

const BECAME: Record<DeliveredAgain, (id: string) => string> = {
  in_line: (id) => `Report ${id} will be delivered again; see admin inbox show ${id} for the outcome.`,
  added_to_ended_order: (id) =>
    `Report ${id} is now a result of its order, whose status does not change. Callers are notified; the patient is not.`,
};

interface ListFlags {
  state?: LabMessageDocument['state'];
  lab?: string;
  order?: string;
  unknownCodes?: true;
  remarks?: true;
  toReview?: true;
  limit: number;
}

interface SettleFlags {
  test?: string;
  valuesStand?: true;
  because?: FailureType;
}

/** Why a person should look at a report, shortly. */
function whyOf(report: Partial<LabMessageDocument>): string | null {
  const { closed_because, unmatched_reason, doubts, to_review, unknown_codes, last_error } = report;
  if (closed_because) return closed_because;
  const reasons = [
    unmatched_reason,
    ...(doubts ?? []),
    ...(to_review ?? []).map(({ test, because }) => `${because} (${test})`),
    ...(unknown_codes?.length ? ['unknown codes'] : []),
  ];
  return reasons.filter(Boolean).join(', ') || (last_error ?? null);
}

/** What there is to decide about a report, in sentences. */
function toDecide({ _id, state, unmatched_reason, doubts, to_review, unknown_codes }: LabMessageDocument): string[] {
  const hasEnded = unmatched_reason === 'match_cancelled' || unmatched_reason === 'match_completed';
  return [
    ...(state === 'unmatched' && hasEnded
      ? [
          'Its order has ended without it. If it is delivered, it becomes a result of that order, whose status does not change.',
        ]
      : []),
    ...(state === 'unmatched' ? (doubts ?? []).map((doubt) => `Held because ${DOUBTS[doubt]}.`) : []),
    ...(to_review ?? []).map(
      ({ test, because, was_settled }) =>
        `Test ${test} is held because ${HELD_BECAUSE[because]}.${was_settled ? ` It had been settled (${was_settled}) before the message was read anew, and reads otherwise now.` : ''} Ask the laboratory, then: admin inbox settle ${_id} --test ${test} ${because === 'not_performed' ? '--because <reason>' : '--values-stand or --because <reason>'}.`,
    ),
    ...(unknown_codes ? [`Has values with codes that are not in the catalog: ${unknown_codes.join(', ')}.`] : []),
  ];
}

const inWords = (person: { first_name: string; last_name: string; dob: string | null; gender: string | null }) =>
  [person.first_name, person.last_name, person.dob, person.gender].filter(Boolean).join(' ');

const inLines = (message: string | Buffer) => readableMessage(message).replace(/\r\n?/g, '\n').trimEnd();

async function readAgain(store: Store, report: LabMessageDocument, isMeant: boolean) {
  const text = await collectionOf(store.labMessageTexts).findOne({ _id: report.content_hash });
  const environment =
    text?.environment ?? (report.order_id ? await environmentOf(store, report.order_id) : 'production');
  const kept = await keptMessage(store, report, environment);
  if (!kept) throw new CannotDo(`The message of report ${report._id} is no longer kept`);
  const laboratory = await store.laboratories.findOne({ slug: report.lab_slug }).orFail().lean();
  const profile = await currentProfile(store, laboratory, environment);
  return readAnew(store, oneOf(kept), { profile, by: isMeant ? operator() : null, limit: 1, named: 200 });
}

async function* oneOf<T>(only: T): AsyncGenerator<T> {
  yield only;
}
const THERE = { $exists: true } as const;

/** What `admin inbox` can do. */
export function addInboxCommands(inbox: Command): void {
  inbox.action((_options, command: Command) => inSession(command, ({ store, out }) => showInbox(store, out)));

  inbox
    .command('list')
    .description('list reports, newest first')
    .addOption(
      new Option(
        '--state <state>',
        'stored: not delivered to a journey yet; late: arrived after its journey ended; repeated: says what an earlier report says; unmatched: matches no order, or is held; closed: closed by a person; test: a test message on a production connection',
      ).choices(LAB_MESSAGE_STATES),
    )
    .option('--lab <slug>', 'only from this laboratory')
    .option('--order <id>', 'only for this order')
    .option('--unknown-codes', 'only reports that have codes that are not in the catalog')
    .option('--remarks', 'only reports in which something was not as it should be')
    .option('--to-review', 'only reports with tests that a person has to settle (see admin inbox settle)')
    .option('--limit <n>', 'maximum number', positive, 50)
    .addHelpText('after', '\nExample:\n  admin inbox list --state unmatched')
    .action(({ state, lab, order, unknownCodes, remarks, toReview, limit }: ListFlags, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const reports = await listReports(
          store,
          given({
            state,
            lab_slug: lab,
            order_id: order,
            unknown_codes: unknownCodes && THERE,
            'report.remarks': remarks && THERE,
            to_review: toReview && THERE,
          }),
          limit,
        );
        out.list(
          reports.map((report) => ({
            id: report._id,
            received_at: report.received_at,
            lab: report.lab_slug,
            control_id: report.control_id,
            state: report.state,
            why: whyOf(report),
            order: report.order_id,
          })),
          'Nothing found.',
        );
      }),
    );

  inbox
    .command('show')
    .description('show a report; names the patient')
    .argument('<id>')
    .option('--raw', 'print the HL7 message as received')
    .action((id: string, { raw }: { raw?: boolean }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const report = await findReport(store, id);
        if (!report) throw new CannotDo(`There is no report ${id}; see admin inbox list`);
        if (raw) {
          const text = await messageTextOf(store, report);
          if (text === null) throw new CannotDo(`The message of report ${id} is no longer kept`);
          return out.done(inLines(text), { id, raw: readableMessage(text) });
        }
        const ordered = report.order_id ? await store.orders.findById(report.order_id).lean() : null;
        const { patient, placer_order_number, filler_order_number, tests, documents, remarks } = report.report;
        out.show({
          id,
          received_at: report.received_at,
          lab: report.lab_slug,
          control_id: report.control_id,
          reading: report.reading ?? 1,
          state: report.state,
          unmatched_reason: report.unmatched_reason,
          closed_because: report.closed_because,
          to_decide: toDecide(report),
          order: report.order_id,
          team: report.team_id,
          event_number: report.event_number,
          attempts: report.attempts,
          last_error: report.last_error,
          placer_order_number,
          filler_order_number,
          patient: inWords(patient),
          patient_of_the_order: ordered && inWords(ordered.order.patient),
          tests: tests.map(({ provider_id, name, status }) => `${provider_id} ${name} (${status})`),
          documents: (documents ?? []).map(({ name, media_type, bytes }) => `${name} (${media_type}, ${bytes} bytes)`),
          remarks: remarks ?? [],
          repeats: report.repeats,
          settles: report.settles,
        });
      }),
    );

  inbox
    .command('refused')
    .description('messages that were rejected, newest first')
    .argument('[id]', 'print this one as received; it may name a patient')
    .option('--lab <slug>', 'only from this laboratory')
    .option('--limit <n>', 'maximum number', positive, 50)
    .action((id: string | undefined, { lab, limit }: Pick<ListFlags, 'lab' | 'limit'>, command: Command) =>
      inSession(command, async ({ store, out }) => {
        if (id !== undefined) {
          const text = await refusedMessageText(store, id);
          if (text === null) throw new CannotDo(`There is no rejected message ${id}; see admin inbox refused`);
          return out.done(inLines(text), { id, raw: readableMessage(text) });
        }
        const messages = await listRefusedMessages(store, given({ lab_slug: lab }), limit);
        out.list(
          messages.map(({ _id, received_at, lab_slug, environment, refused }) => ({
            id: _id,
            received_at,
            lab: lab_slug,
            environment,
            why: refused,
          })),
          'Nothing found.',
        );
      }),
    );

  inbox
    .command('read-again')
    .description('read the message of a report again, with the profile that counts and this version of Venule')
    .argument('<id>')
    .option('--preview', 'show what would change, and store nothing')
    .addHelpText(
      'after',
      '\nIt shows results, and may name patients. Other reports of the same message are read again, too.',
    )
    .action((id: string, { preview }: { preview?: true }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const report = await findReport(store, id);
        if (!report) throw new CannotDo(`There is no report ${id}; see admin inbox list`);
        const { summary, rows } = await readAgain(store, report, !preview);
        if (rows.length > 0) out.showWith({ id, ...summary }, 'changes', rows);
        else out.done('It says the same as before.', { id, ...summary, changes: [] });
      }),
    );

  inbox
    .command('close')
    .description('close a report that belongs to no order; it is kept as received, and can still be delivered')
    .argument('<id>')
    .requiredOption('--reason <text>', 'what you found, such as "sent to us by mistake, the lab has been told"')
    .action((id: string, { reason }: { reason: string }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        await closeReport(store, operator(), id, reason);
        out.done(`Report ${id} is closed.`, { id, state: 'closed' });
      }),
    );

  inbox
    .command('settle')
    .description('decide about tests that are held although their results are shown (admin inbox list --to-review)')
    .argument('<id>')
    .option('--test <code>', 'only this test, by the laboratory’s code')
    .option('--values-stand', 'the values are right')
    .addOption(new Option('--because <reason>', 'there is no value, for this reason').choices(FAILURE_TYPES))
    .addHelpText(
      'after',
      '\nAsk the laboratory first. The decision counts as a report of its own; what the laboratory reports later counts more.\n\nExample:\n  admin inbox settle 3f2a… --because quantity_not_sufficient_failure',
    )
    .action((id: string, { test, valuesStand, because }: SettleFlags, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const settlement = valuesStand ? 'values_stand' : because;
        if (!settlement || (valuesStand && because)) throw new CannotDo('Use either --values-stand or --because.');
        await settleHeldTests(store, operator(), id, settlement, test);
        out.done(`Report ${id} is settled.`, { id, settlement });
      }),
    );

  inbox
    .command('deliver')
    .description('approve a report that is held, or deliver one to its journey again')
    .argument('<id>')
    .option('--order <id>', 'the order it belongs to, if it was not matched or matched the wrong one')
    .addHelpText(
      'after',
      '\nThe journey ignores what it has already seen. An order that was canceled or failed keeps its status, and the report becomes its result. A report that is applied or late is not delivered again. Check the patient first (admin inbox show): later reports on the order with the same patient details are then accepted, too.\n\nExample:\n  admin inbox deliver 3f2a… --order 7c1e…',
    )
    .action((id: string, { order }: { order?: string }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const became = await deliverAgain(store, await loadCatalogue(store), operator(), id, order);
        out.done(BECAME[became](id), { id, state: became === 'in_line' ? 'stored' : 'applied' });
      }),
    );
}
