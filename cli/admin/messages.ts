/** `admin message`: mail and SMS to patients, sent and held back; and how a laboratory's message is read. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Environment } from '../../domain/catalogue/lab-connection.ts';
import type { LabProfile } from '../../domain/catalogue/lab-profile.ts';
import type { LabReport } from '../../domain/results/lab-report.ts';
import { isFhir } from '../../intake/fhir-body.ts';
import { FhirRefused } from '../../partners/labs/formats/fhir/fhir-refused.ts';
import { readBundle } from '../../partners/labs/formats/fhir/fhir-report.ts';
import { decodeMessage } from '../../partners/labs/formats/hl7v2/hl7-charset.ts';
import { Hl7Refused, locationOf } from '../../partners/labs/formats/hl7v2/hl7-message.ts';
import { type ReportingLab, readReports } from '../../partners/labs/formats/hl7v2/reports/hl7-report.ts';
import { reportingLab } from '../../partners/labs/registry.ts';
import { currentProfile } from '../../store/connections/lab-profiles.ts';
import { keptSms, messagesOf } from '../../store/messages/message-log.ts';
import { AN_ORDER, orderCalled } from './orders/orders.ts';
import { CannotDo, inSession, outputOf, positive, requireLab } from './session.ts';

/** What `admin message` can do. */
export function addMessageCommands(message: Command): void {
  message
    .command('list')
    .description('list what was sent and what was held back, newest first')
    .option('--order <order>', AN_ORDER)
    .option('--held', 'only what was held back')
    .option('--limit <n>', 'maximum number', positive, 50)
    .action(({ order, held, limit }: { order?: string; held?: boolean; limit: number }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const choice = order === undefined ? {} : { order_id: (await orderCalled(store, order))._id };
        const messages = await messagesOf(store, choice, limit, held ? 'held' : undefined);
        out.list(
          messages.map(({ held_because, id, order_id, way, kind, at }) => ({
            at,
            way,
            kind,
            outcome: held_because === null ? 'sent' : `held back: ${held_because}`,
            order: order_id,
            id,
          })),
          'Nothing was sent or held back.',
        );
      }),
    );

  message
    .command('show')
    .description('show the text of an SMS that was stored because no carrier is set up; it was written for the patient')
    .argument('<id>', 'the id from admin message list')
    .action((id: string, _options, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const sms = await keptSms(store, id);
        if (!sms)
          throw new CannotDo(`There is no stored text ${id}: mail is not stored, and SMS only if there is no carrier`);
        out.show({ id, to: sms.to, text: sms.text, sent_at: sms.sent_at });
      }),
    );

  message
    .command('read')
    .description(
      'show what Venule makes of a laboratory’s message (HL7 or FHIR), without storing it; names the patient',
    )
    .argument('<file>', 'the message as received; - for standard input')
    .option('--lab <slug>', 'the laboratory that sent it, for its profile, which is in the database')
    .option('--production', 'as on a production connection, which accepts no test messages')
    .addHelpText('after', '\nExample:\n  admin message read report.hl7 --lab labcorp')
    .action(async (file: string, { lab, production }: { lab?: string; production?: true }, command: Command) => {
      const environment = production ? 'production' : 'sandbox';
      const { message: envelope, reports } = readOrSay(file, await labCalled(command, lab, environment));
      const { control_id, type = null, processing_id = null } = envelope;
      const facts = { control_id, type, processing_id };
      const remarks = [...new Set(reports.flatMap((report) => report.remarks ?? []))];
      outputOf(command).showWith({ ...facts, reports: reports.length, remarks }, 'results', reports.flatMap(rowsOf));
    });
}

/** The laboratory with its profile; one that writes everything as docs/hl7.md says where none is named. */
async function labCalled(command: Command, lab: string | undefined, environment: Environment): Promise<ReportingLab> {
  let profile: LabProfile = {};
  if (lab !== undefined) {
    await inSession(command, async ({ store }) => {
      await requireLab(store, lab);
      const laboratory = await store.laboratories.findOne({ slug: lab }).orFail().lean();
      profile = (await currentProfile(store, laboratory, environment)).profile;
    });
  }
  return reportingLab(lab ?? '', profile, environment);
}

/** What is shown of a message; FHIR has no type and no processing id. */
interface ShownMessage {
  message: { control_id: string; type?: string; processing_id?: string };
  reports: LabReport[];
}

function readOrSay(file: string, lab: ReportingLab): ShownMessage {
  let raw: Buffer;
  try {
    raw = readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw new CannotDo(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    if (isFhir(raw)) return readBundle(raw, lab);
    return readReports(decodeMessage(raw, lab.profile.character_set), lab);
  } catch (error) {
    if (error instanceof Hl7Refused) {
      throw new CannotDo(`It would be rejected: ${error.problem.text} (${locationOf(error.problem)}).`);
    }
    if (error instanceof FhirRefused)
      throw new CannotDo(`It would be rejected: ${error.message} (${error.expression}).`);
    throw error;
  }
}

/** A row for each result, and for each test without any. */
function rowsOf({ placer_order_number, patient, tests }: LabReport) {
  const of = { order: placer_order_number, patient: `${patient.first_name} ${patient.last_name}`.trim() };
  return tests.flatMap(({ provider_id, name: test, status, observations, notes }) => {
    const ofTest = { ...of, test: `${provider_id} ${test}`.trim() };
    if (observations.length === 0) return [{ ...ofTest, status, notes }];
    return observations.map(({ name, value, unit, reference_range, source_interpretation, failure_type, ...rest }) => ({
      ...ofTest,
      result: name,
      value: value ?? failure_type,
      unit,
      range: reference_range,
      flags: source_interpretation,
      status: rest.status,
      notes: rest.notes,
    }));
  });
}
