/** Journeys, as the API and the inbox speak to them: workflows behind names of the domain. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Appointment } from '../domain/appointments/appointment.ts';
import type {
  AppointmentCommand,
  ProviderEvent,
  RecordedAppointment,
} from '../domain/appointments/appointment-command.ts';
import { commandUpdateId, journeyWorkflowId, transactionWorkflowId } from '../domain/ids.ts';
import { type JourneyPosition, positionOf } from '../domain/orders/journey-position.ts';
import type { Order } from '../domain/orders/order.ts';
import type { OrderLowLevelStatus } from '../domain/orders/status.ts';
import { isEnded, mayFollow, refusedTransition } from '../domain/orders/transitions.ts';
import type { JourneyPolicy } from '../domain/policy.ts';
import type { Principal } from '../domain/principal.ts';
import type { ReportDigest } from '../domain/results/report-progress.ts';
import { TODAYS_RULES } from '../domain/rules.ts';
import type { OrderDocument } from '../store/collections/orders.ts';
import {
  appointmentCommand,
  appointmentReport,
  cancelOrder,
  drawCompleted,
  journeyState,
  orderRejected,
  reportArrived,
  reportReadAnew,
  storeIsAhead,
} from '../workflows/messages.ts';
import type { orderTransaction } from '../workflows/order-transaction.ts';
import { ORDER_STATUS, searchAttributesOf } from '../workflows/search-attributes.ts';
import { hasLostAnswer, stepBack } from './lost-answer.ts';

/** A journey refuses; the message is what a caller is told (400). */
export class JourneyRefusal extends Error {
  override name = 'JourneyRefusal';
  /** What the journey knew when it refused; null when more knowledge would change nothing. */
  readonly known: JourneyPosition | null;

  constructor(message: string, known: JourneyPosition | null = null) {
    super(message);
    this.known = known;
  }
}

/** The order has gone too far to be cancelled. */
export class OrderNotCancellable extends JourneyRefusal {
  override name = 'OrderNotCancellable';
}

/**
 * No answer came in time, from Temporal, its workers or a phlebotomy provider: what was asked may or may not be done; the
 * message is what a caller is told (503). Asking a journey again is safe. It starts once, and is cancelled once, under its
 * id; a fact is known by its event id; and an order has one active appointment, so no visit is made twice.
 */
export class JourneysUnavailable extends Error {
  override name = 'JourneysUnavailable';
}

/** The order is not where its specimen can be drawn. */
export class DrawRefused extends JourneyRefusal {
  override name = 'DrawRefused';
}

/** An appointment cannot be what the caller asked. */
export class AppointmentRefused extends JourneyRefusal {
  override name = 'AppointmentRefused';
}

/** What can be asked of journeys. Every method throws `JourneysUnavailable` when no answer came in time. */
export interface Journeys {
  /** Starts an order transaction; one that was started before is fine. Asks again for some seconds when no answer comes. */
  start(order: Order): Promise<void>;
  /** Whether the journey of an order transaction has begun and goes on. */
  isUnderWay(transactionId: string): Promise<boolean>;
  /**
   * Cancels an order, in the name of whoever asks, and returns when it is cancelled. The journey is asked whatever the store says: it may have lost what
   * is recorded.
   * @throws OrderNotCancellable
   */
  cancel(document: OrderDocument, by: Principal): Promise<void>;
  /**
   * Records that the specimen of an on-site order is drawn, in the name of whoever says so; said again, it changes nothing.
   * @throws DrawRefused
   */
  drawCompleted(document: OrderDocument, by: Principal): Promise<void>;
  /**
   * Books, requests, reschedules or cancels the order's appointment, in the name of whoever asks, and answers with what it is then.
   * @throws AppointmentRefused
   * @throws JourneysUnavailable also when the provider did not answer: what it did is then found out
   */
  appointment(document: OrderDocument, command: AppointmentCommand, by: Principal): Promise<Appointment>;
  /** Tells a journey what a phlebotomy provider said, as `report` does. */
  appointmentReport(document: OrderDocument, said: ProviderEvent): Promise<boolean>;
  /**
   * Gives a journey a report, or one as it is read now. Answers false when the journey is over, so that the report has to be kept otherwise.
   * @param by Who had it read anew; absent where nobody did, or it is not known.
   * @throws JourneysUnavailable also when the journey is not there yet
   */
  report(document: OrderDocument, digest: ReportDigest, by?: Principal): Promise<boolean>;
  /** Tells a journey that its laboratory has rejected the order after all, in these words; as `report` does. */
  rejected(document: OrderDocument, words: string): Promise<boolean>;
}

/** Journeys, as they are compared with their store. Every method throws `JourneysUnavailable` when no answer came in time. */
export interface ComparedJourneys {
  /**
   * How far a journey has come; `closed` when its workflow is, `missing` when there is none (yet, or any more), `busy`
   * while it is at work on a task, and `stuck` when it cannot finish that task by itself.
   */
  position(document: OrderDocument): Promise<JourneyPosition | 'closed' | 'missing' | 'busy' | 'stuck'>;
  /** Takes a stuck journey back to before the task that it is stuck after, and has it go on from there. */
  stepBack(document: OrderDocument): Promise<void>;
  /** Gives a journey what its store holds and it does not know. */
  storeIsAhead(document: OrderDocument, held: RecordedAppointment): Promise<void>;
}

/** How long Temporal has to take something in, in milliseconds. */
const TAKEN_IN_MS = 5_000;
/**
 * For how long a start that is not answered is tried, in milliseconds. It may have happened, and a caller without an
 * idempotency key who is told that it did not would place a second order.
 */
const STARTED_WITHIN_MS = 10_000;
/** Between two attempts to reach Temporal, in milliseconds. */
const PAUSE_MS = 100;
/** Something that a caller may have done to an order: by a word of ours, which makes it the same command when it comes twice. */
interface Command {
  update: typeof cancelOrder | typeof drawCompleted;
  word: string;
  status: OrderLowLevelStatus;
  refusal: new (message: string, known: JourneyPosition | null) => JourneyRefusal;
}
const CANCELLATION: Command = {
  update: cancelOrder,
  word: 'cancel',
  status: 'cancelled',
  refusal: OrderNotCancellable,
};
const DRAW: Command = { update: drawCompleted, word: 'draw', status: 'draw_completed', refusal: DrawRefused };

/** What a journey knows that is not there. */
const NOTHING: JourneyPosition = { events: 0, appointment: null };

/**
 * Journeys on a Temporal server.
 * @param policy The durations that new journeys are given.
 */
export function temporalJourneys(
  client: Client,
  taskQueue: string,
  policy: JourneyPolicy,
): Journeys & ComparedJourneys {
  const handleOf = (order: Order) => client.workflow.getHandle(journeyWorkflowId(order));

  return {
    async start(order) {
      const giveUpAt = Date.now() + STARTED_WITHIN_MS;
      for (;;) {
        try {
          await client.withDeadline(Math.min(Date.now() + TAKEN_IN_MS, giveUpAt), () =>
            client.workflow.start<typeof orderTransaction>('orderTransaction', {
              taskQueue,
              workflowId: transactionWorkflowId(order.transaction_id),
              workflowIdReusePolicy: 'REJECT_DUPLICATE',
              args: [{ order, policy, rules: TODAYS_RULES }],
              typedSearchAttributes: searchAttributesOf(order),
              staticSummary: `${order.collection_method} at ${order.lab_slug}: requisition ${order.placer_order_number}`,
            }),
          );
          return;
        } catch (error) {
          if (error instanceof WorkflowExecutionAlreadyStartedError) return;
          const refusal = unavailable(error);
          if (!(refusal instanceof JourneysUnavailable) || Date.now() + PAUSE_MS >= giveUpAt) throw refusal;
          await sleep(PAUSE_MS);
        }
      }
    },

    async isUnderWay(transactionId) {
      const handle = client.workflow.getHandle(transactionWorkflowId(transactionId));
      try {
        const { status } = await client.withDeadline(Date.now() + TAKEN_IN_MS, () => handle.describe());
        return status.name === 'RUNNING';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw unavailable(error);
      }
    },

    cancel: (document, by) => become(document, by, CANCELLATION),

    drawCompleted: (document, by) => become(document, by, DRAW),

    async appointment(document, command, by) {
      const { order } = document;
      // A command that was refused can be given again: the appointment may be another by then.
      const updateId = commandUpdateId(order.id, `${command.kind}:${randomUUID()}`);
      try {
        return await client.withDeadline(Date.now() + policy.command_tried_for, () =>
          unlessRunEnds(() => handleOf(order).executeUpdate(appointmentCommand, { updateId, args: [command, by] })),
        );
      } catch (error) {
        if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
          if (error.cause.type === 'PartnerAway') throw new JourneysUnavailable(error.cause.message, { cause: error });
          throw new AppointmentRefused(error.cause.message, knownOf(error.cause));
        }
        if (error instanceof WorkflowNotFoundError) {
          throw new AppointmentRefused('The journey of this order has ended', missing(document));
        }
        throw unavailable(error);
      }
    },

    appointmentReport: (document, said) =>
      tell(document, () => handleOf(document.order).signal(appointmentReport, said)),

    report: (document, digest, by) =>
      tell(document, () => {
        const handle = handleOf(document.order);
        const isFirst = digest.reading === undefined;
        return isFirst ? handle.signal(reportArrived, digest) : handle.signal(reportReadAnew, digest, by);
      }),
    rejected: (document, words) => tell(document, () => handleOf(document.order).signal(orderRejected, words)),

    async position({ order, events, appointment_id }) {
      const handle = handleOf(order);
      try {
        return await client.withDeadline(Date.now() + TAKEN_IN_MS, async () => {
          const { status: run, raw, typedSearchAttributes } = await handle.describe();
          if (run.name !== 'RUNNING') return 'closed';
          // A question that comes with a task can leave the journey stuck (temporal/lost-answer.ts).
          if (raw.pendingWorkflowTask) return (await hasLostAnswer(client, raw)) ? 'stuck' : 'busy';
          // A journey names the status of the latest event that it knows: where that tells, it need not be asked.
          const latest = events.at(-1)?.status;
          const isOnce = events.length > 1 && events.filter(({ status }) => status === latest).length === 1;
          if (isOnce && appointment_id === null && typedSearchAttributes.get(ORDER_STATUS) === latest)
            return positionOf(events, null);
          const known = await handle.query(journeyState);
          return positionOf(known.events, known.appointment);
        });
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'missing';
        throw unavailable(error);
      }
    },

    async stepBack({ order }) {
      try {
        await client.withDeadline(Date.now() + TAKEN_IN_MS, () => stepBack(client, journeyWorkflowId(order)));
      } catch (error) {
        throw unavailable(error);
      }
    },

    storeIsAhead: async (document, held) => {
      await tell(document, () => handleOf(document.order).signal(storeIsAhead, held));
    },
  };

  /** Has a journey bring its order to a status. */
  async function become(document: OrderDocument, by: Principal, { update, word, status, refusal }: Command) {
    const { order, last_status } = document;
    // What is recorded already is asked about anew: a first command may have been answered and lost.
    const isFirst = mayFollow(order.collection_method, last_status, status);
    const updateId = commandUpdateId(order.id, isFirst ? word : `${word}:${randomUUID()}`);
    try {
      await client.withDeadline(Date.now() + policy.command_tried_for, () =>
        unlessRunEnds(() => handleOf(order).executeUpdate(update, { updateId, args: [by] })),
      );
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
        // Anything else is no refusal of the journey: a worker of an earlier version does not know the command.
        if (error.cause.type !== refusal.name) throw new JourneysUnavailable(NO_ANSWER, { cause: error });
        throw new refusal(error.cause.message, knownOf(error.cause));
      }
      if (!(error instanceof WorkflowNotFoundError)) throw unavailable(error);
      throw new refusal(refusedTransition(last_status, status), missing(document));
    }
  }

  /** An order that is open has a journey, which may have yet to begin; an order that has ended need have none any more. */
  function missing({ last_status, collection_method }: OrderDocument): JourneyPosition | null {
    return isEnded(last_status, collection_method) ? null : NOTHING;
  }

  /** Tells a journey a fact; false when the journey is over. */
  async function tell(document: OrderDocument, fact: () => Promise<void>): Promise<boolean> {
    try {
      await client.withDeadline(Date.now() + TAKEN_IN_MS, fact);
      return true;
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw unavailable(error);
      if (isEnded(document.last_status, document.collection_method)) return false;
      // Not there yet, or its last event is not written yet: the fact waits in the inbox.
      throw new JourneysUnavailable(`The journey of order ${document._id} does not exist (yet)`);
    }
  }
}

/**
 * Asks a second time when the run ended before it answered: it may go on in another run, as when it continued as new or
 * was taken back (temporal/lost-answer.ts), and the question goes with it under its id.
 */
async function unlessRunEnds<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const { cause } = error as Error;
    if (!(cause instanceof ApplicationFailure) || cause.type !== 'AcceptedUpdateCompletedWorkflow') throw error;
    return ask();
  }
}

const NO_ANSWER =
  'There was no response in time, and the request may still be carried out. Please retry, with the same idempotency key if there was one.';

/** What a journey knew when it refused; null where it did not say, as journeys on older code. */
function knownOf({ details }: ApplicationFailure): JourneyPosition | null {
  const [known] = (details ?? []) as [JourneyPosition?];
  return known ?? null;
}

function unavailable(error: unknown): unknown {
  const away =
    isGrpcServiceError(error) ||
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    (error instanceof Error && isGrpcServiceError(error.cause));
  return away
    ? new JourneysUnavailable(NO_ANSWER, {
        cause: error,
      })
    : error;
}
