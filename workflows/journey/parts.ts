/** The parts of a journey, put together; and what follows from what they record. */
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { Order, RecordedEvent } from '../../domain/orders/order.ts';
import type { JourneyPolicy } from '../../domain/policy.ts';
import { rulesOf } from '../../domain/rules.ts';
import type { Collection } from '../collection/collection.ts';
import { COLLECTIONS } from '../collection/collections.ts';
import { standing } from '../search-attributes.ts';
import { BackgroundTasks } from './background-tasks.ts';
import { Cancellation } from './cancellation.ts';
import { JourneyCard } from './card.ts';
import type { JourneyContext } from './context.ts';
import { Deadline } from './deadline.ts';
import { EventLog } from './event-log.ts';
import { ForgottenEvents } from './forgotten-events.ts';
import { LabOrdering } from './laboratory/lab-ordering.ts';
import { LabReports } from './laboratory/lab-reports.ts';
import { LateRejection } from './laboratory/late-rejection.ts';
import type { JourneyMemory } from './memory.ts';
import { OrderHistory } from './order-history.ts';
import { PatientMessages } from './patient-messages.ts';

export interface JourneyParts extends JourneyContext {
  readonly laboratory: LabOrdering;
  readonly collection: Collection;
  readonly reports: LabReports;
  readonly rejection: LateRejection;
  readonly log: EventLog;
  readonly forgotten: ForgottenEvents;
  readonly cancellation: Cancellation;
  readonly deadline: Deadline;
  readonly messages: PatientMessages;
  readonly card: JourneyCard;
}

/** What a journey begins or goes on with. */
export interface Beginning {
  /** The order's history so far: none for an initial order, the first event for a redraw. */
  events?: RecordedEvent[];
  /** Set when the journey has continued as new or was started again. */
  memory?: JourneyMemory;
  /** The number of its rules (domain/rules.ts). */
  rules?: number;
}

export function journeyParts(
  order: Order,
  policy: JourneyPolicy,
  { events = [], memory, rules: numbered }: Beginning,
): JourneyParts {
  const rules = rulesOf(numbered);
  const history = new OrderHistory(order, memory?.events ?? events);
  const trouble = (message: string) => card.trouble(message);
  const backgroundTasks = new BackgroundTasks(trouble, memory);
  const journey: JourneyContext = { order, policy, rules, history, backgroundTasks, trouble };

  const laboratory = new LabOrdering(order, policy, { rules, trouble, mayHoldOrder: memory !== undefined });
  const collection = new COLLECTIONS[order.collection_method](journey, memory ?? {});
  const appointment = () => collection.appointment ?? null;
  const reports = new LabReports(journey, memory);
  const messages = new PatientMessages(order, policy, rules, {
    runInBackground: (task) => backgroundTasks.runInBackground(task),
    trouble,
  });
  const log = new EventLog(journey, collection, {
    event(recorded) {
      reports.eventRecorded(recorded);
      if (history.isEnded) cancellation.orderEnded();
      const isFirst = history.events.length === 1;
      if (!isFirst) upsertSearchAttributes(standing(recorded.status, recorded.transaction_status));
      messages.notifyPatient(recorded);
      messages.planReminders(history.events, appointment());
      if (recorded.status === 'cancelled') cancellation.carryOut();
    },
    appointment(recorded, known) {
      messages.notifyPatientOfVisit(recorded, known);
      messages.planReminders(history.events, recorded);
    },
  });
  const cancellation = new Cancellation(journey, log, laboratory, collection);
  const rejection = new LateRejection(journey, log, laboratory, reports);
  const card = new JourneyCard(order, history, memory?.troubles ?? [], () => ({
    rules,
    under_way: backgroundTasks.open,
    ...reports.state(),
    cancel_requested: cancellation.isRequested,
    appointment: appointment(),
    failed: backgroundTasks.failures,
  }));
  const forgotten = new ForgottenEvents(journey, log, laboratory);
  const deadline = new Deadline();
  return {
    ...journey,
    laboratory,
    collection,
    reports,
    rejection,
    log,
    forgotten,
    cancellation,
    deadline,
    messages,
    card,
  };
}
