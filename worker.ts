/** The worker: runs journeys and their side effects, delivers reports to journeys and webhooks to receivers. */
import { NativeConnection, Runtime, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { type Logger, pino } from 'pino';
import { createActivities } from './activities/create-activities.ts';
import { type Config, loadConfig } from './config/config.ts';
import { describeConfig } from './config/variables.ts';
import { startJourneySweep } from './dispatch/journey-sweep.ts';
import { startReportDispatcher } from './dispatch/lab-reports.ts';
import { startRejectionDispatcher } from './dispatch/late-rejections.ts';
import { startMigrations } from './dispatch/migrations.ts';
import { startReadingDispatcher } from './dispatch/new-readings.ts';
import { startAppointmentDispatcher } from './dispatch/provider-events.ts';
import { startRetention } from './dispatch/retention.ts';
import { startSftpPickUp } from './dispatch/sftp.ts';
import { startMessageReader } from './dispatch/unread-messages.ts';
import { startWatcher } from './dispatch/watcher.ts';
import { startWebhookDispatcher } from './dispatch/webhooks.ts';
import { createDocumentIssuer } from './documents/issue-documents.ts';
import { policyWith } from './domain/policy.ts';
import { takeHl7In } from './intake/laboratory-messages.ts';
import { createBookingUrl, createPaperUrl } from './links/booking-url.ts';
import { createUnsubscribeUrl } from './links/unsubscribe-url.ts';
import { requireFitNode } from './node-version.mjs';
import { createMailer } from './notifications/mailer.ts';
import { operatorMail } from './notifications/operator-mail.ts';
import { releaseStartUpMemory } from './start-up-memory.ts';
import { hasContact, listTeams } from './store/access/teams.ts';
import { loadCatalogue, seedCatalogue } from './store/catalogue/catalogue.ts';
import { rememberedProfiles } from './store/connections/lab-profiles.ts';
import { loggedSms } from './store/messages/message-log.ts';
import { closeStore, openStore, type Store } from './store/open.ts';
import { parseCodecKeys } from './temporal/codec.ts';
import { encryptingConverter, temporalClient } from './temporal/connection.ts';
import { temporalJourneys } from './temporal/journeys.ts';
import { loggingTo } from './temporal/logging.ts';
import { ensureSearchAttributes } from './temporal/register-search-attributes.ts';
import { workflowBundle } from './temporal/workflow-bundle.ts';

/** A hung activity must not keep a worker from stopping. */
const SHUTDOWN = { shutdownGraceTime: '5s', shutdownForceTime: '15s' } as const;

export interface RunningWorker {
  /** Settles when the worker has stopped; rejects when it failed. */
  stopped: Promise<void>;
  /** Lets what is under way end, and stops. */
  stop(): Promise<void>;
}

/**
 * Starts a worker and returns when it polls.
 * @param bundle Workflows bundled beforehand; today's when absent.
 */
export async function startWorker(
  config: Config,
  logger: Logger,
  bundle?: WorkflowBundleOption,
): Promise<RunningWorker> {
  const policy = policyWith(config.policyOverrides);
  const keys = parseCodecKeys(config.codecKeys);
  const store = await openStore(config.mongodbUri, config.publicUrl);
  await seedCatalogue(store);
  const catalogue = await loadCatalogue(store);
  const mailer = createMailer({ smtpUrl: config.smtpUrl, from: config.mailFrom });
  const sms = config.twilio
    ? (await import('./notifications/twilio.ts')).twilioSms({ ...config.twilio, timeoutMs: policy.partner_call })
    : loggedSms(store);
  const links = { keys, publicUrl: config.publicUrl };
  const documents = createDocumentIssuer(store, catalogue, {
    standIn: config.standInContact,
    paperUrl: createPaperUrl(store, links),
  });

  const connection = await NativeConnection.connect({
    address: config.temporal.address,
    tls: config.temporal.tls,
    ...(config.temporal.apiKey !== undefined && { apiKey: config.temporal.apiKey }),
  });
  const { client, connection: clientConnection } = temporalClient(config.temporal, keys);
  await ensureSearchAttributes(clientConnection, config.temporal.namespace);
  const inbox = { store, profiles: rememberedProfiles(store, catalogue.laboratoriesBySlug), logger };
  const worker = await Worker.create({
    connection,
    namespace: config.temporal.namespace,
    taskQueue: config.temporal.taskQueue,
    workflowBundle: bundle ?? (await workflowBundle(config.dataDir)),
    activities: createActivities({
      store,
      catalogue,
      mailer,
      sms,
      documents,
      bookingUrl: createBookingUrl(store, { ...links, policy }),
      unsubscribeUrl: createUnsubscribeUrl(store, links),
      standInContact: config.standInContact,
      partnerCallMs: policy.partner_call,
      takeHl7In: (from, raw, charset) => takeHl7In(inbox, from, raw, charset),
      sandboxLab: { url: config.sandboxUrl, ...config.sandboxCredentials },
    }),
    dataConverter: encryptingConverter(keys),
    maxCachedWorkflows: config.maxCachedWorkflows,
    ...SHUTDOWN,
  });

  await warnOfMissingContacts(store, config, logger);
  const journeys = temporalJourneys(client, config.temporal.taskQueue, policy);
  const messages = startMessageReader(inbox);
  const reports = startReportDispatcher({ store, catalogue, journeys, logger });
  const readings = startReadingDispatcher({ store, catalogue, journeys, logger });
  const rejections = startRejectionDispatcher({ store, catalogue, journeys, logger });
  const sftp = startSftpPickUp(inbox);
  const appointmentEvents = startAppointmentDispatcher({ store, journeys, logger });
  const sweep = startJourneySweep({ store, journeys, checkedAfter: policy.journey_checked_after, logger });
  const webhooks = startWebhookDispatcher({ store, allowPrivate: config.webhookAllowPrivate, logger });
  const migrations = startMigrations({ store, logger });
  const { operators, publicUrl } = config;
  const tell = operators.length > 0 ? operatorMail({ mailer, operators, publicUrl, logger }) : null;
  const watcher = startWatcher({ store, limits: config.alerts, tell, logger });
  const retention = startRetention({ store, retention: config.retention, logger });
  const stopped = worker.run().finally(async () => {
    await Promise.all([
      messages.stop(),
      reports.stop(),
      readings.stop(),
      rejections.stop(),
      sftp.stop(),
      appointmentEvents.stop(),
      sweep.stop(),
      webhooks.stop(),
      retention.stop(),
      watcher.stop(),
      migrations.stop(),
    ]);
    mailer.close();
    await Promise.all([connection.close(), clientConnection.close(), closeStore(store)]);
  });
  return {
    stopped,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await stopped;
    },
  };
}

/** Names the teams whose patients are told to turn to somebody else, or to nobody in particular (F11). */
async function warnOfMissingContacts(store: Store, { standInContact }: Config, logger: Logger): Promise<void> {
  const without = (await listTeams(store)).filter((team) => !hasContact(team)).map(({ _id }) => _id);
  if (without.length === 0) return;
  const stand_in = hasContact({ contact: standInContact });
  logger.warn({ team_ids: without, stand_in }, stand_in ? 'team.contact_stood_in' : 'team.without_contact');
}

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    console.log(
      `Usage: npm run worker\n\nRuns journeys. Any number of workers can run side by side.\n\n${describeConfig('worker')}`,
    );
    return;
  }
  const config = loadConfig();
  const logger = pino({ level: config.logLevel });
  Runtime.install({ shutdownSignals: [], ...loggingTo(logger) });
  const worker = await startWorker(config, logger);
  releaseStartUpMemory();
  logger.info({ task_queue: config.temporal.taskQueue }, 'ready');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void worker.stop());
  await worker.stopped;
}

requireFitNode();
if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
