/** `npm run admin -- order restart`: a journey that was ended by hand begins again from what MongoDB holds. */
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { ArrangeVisit } from '../../../domain/appointments/appointment-command.ts';
import { journeyWorkflowId } from '../../../domain/ids.ts';
import type { Order, RecordedEvent } from '../../../domain/orders/order.ts';
import { isEnded } from '../../../domain/orders/transitions.ts';
import type { JourneyPolicy } from '../../../domain/policy.ts';
import type { Principal } from '../../../domain/principal.ts';
import { TODAYS_RULES } from '../../../domain/rules.ts';
import type { Catalogue } from '../../../store/catalogue/catalogue.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import { deliverRejectionsAgain } from '../../../store/inbox/order-messages.ts';
import type { Store } from '../../../store/open.ts';
import { recordAudit } from '../../../store/orders/audit.ts';
import { heldBeyond } from '../../../store/orders/journey-check.ts';
import { currentProgress, takenIn } from '../../../store/results/taken-in.ts';
import type { JourneyMemory } from '../../../workflows/journey/memory.ts';
import type { orderTransaction } from '../../../workflows/order-transaction.ts';
import type { redrawOrder } from '../../../workflows/redraw-order.ts';
import { searchAttributesOf } from '../../../workflows/search-attributes.ts';

/** The journey cannot be started again; the message says why. */
export class CannotRestart extends Error {
  override name = 'CannotRestart';
}

/** What a journey is started again with. */
export interface RestartParts {
  store: Store;
  catalogue: Catalogue;
  client: Client;
  taskQueue: string;
  policy: JourneyPolicy;
}

/**
 * Starts the journey of an order again. It knows what is recorded, takes up again what its end left undone, and tells
 * nobody again what was told (F10): the phlebotomy provider is asked first what it holds, a visit that stands is adopted,
 * and the patient is free only where none does (C2).
 * @param by Who has it started, for the audit (G4).
 * @throws CannotRestart when there is no such order, its journey is under way, or it came to its end by itself
 */
export async function restartJourney(parts: RestartParts, orderId: string, by: Principal): Promise<void> {
  const { store, client, taskQueue, policy } = parts;
  const document = await store.orders.findById(orderId).lean<OrderDocument>();
  if (!document) throw new CannotRestart(`There is no order ${orderId}`);
  await mustBeOver(client, document);
  const { order } = document;
  const memory = await memoryOf(parts, document);
  const start = {
    taskQueue,
    workflowId: journeyWorkflowId(order),
    typedSearchAttributes: searchAttributesOf(order),
    staticSummary: `Restarted by hand: requisition ${order.placer_order_number} at ${order.lab_slug}`,
  };
  const args: [{ order: typeof order; policy: JourneyPolicy; rules: number; memory: JourneyMemory }] = [
    { order, policy, rules: TODAYS_RULES, memory },
  ];
  try {
    if (order.origin === 'redraw') await client.workflow.start<typeof redrawOrder>('redrawOrder', { ...start, args });
    else await client.workflow.start<typeof orderTransaction>('orderTransaction', { ...start, args });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) throw new CannotRestart(UNDER_WAY);
    throw error;
  }
  await deliverAgain(store, order);
  await recordAudit(store, { by, action: 'journey.restarted', team_id: document.team_id, order_id: orderId });
  if (order.origin === 'initial') await restartRedraw(parts, order.transaction_id, by);
}

/** Its redraw's journey ends by itself, unless it was ended by hand too, or has never begun. */
async function restartRedraw(parts: RestartParts, transaction_id: string, by: Principal): Promise<void> {
  const redraw = await parts.store.orders.findOne({ transaction_id, origin: 'redraw' }).lean<OrderDocument>();
  if (!redraw || isEnded(redraw.last_status, redraw.collection_method)) return;
  await restartJourney(parts, redraw._id, by).catch((error: unknown) => {
    if (!(error instanceof CannotRestart)) throw error;
  });
}

const UNDER_WAY = 'Its journey is running: there is nothing to restart';

async function mustBeOver(client: Client, { order, last_status, collection_method }: OrderDocument): Promise<void> {
  try {
    const { status } = await client.workflow.getHandle(journeyWorkflowId(order)).describe();
    if (status.name === 'RUNNING') throw new CannotRestart(UNDER_WAY);
    if (status.name === 'COMPLETED') throw new CannotRestart('Its journey ended on its own');
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    if (isEnded(last_status, collection_method)) {
      throw new CannotRestart(`The order is ${last_status} and Temporal no longer has its journey`);
    }
  }
}

/** What the journey would remember, as far as it is recorded. */
async function memoryOf({ store, catalogue }: RestartParts, document: OrderDocument): Promise<JourneyMemory> {
  const known = { events: 0, appointment: null };
  const { appointment, order_events } = await heldBeyond(store, document, known);
  const events: RecordedEvent[] = order_events;
  const applied = await takenIn(store, document._id);
  const { progress } = await currentProgress(store, catalogue, document._id);
  const unanswered = await unansweredBookings(store, document);
  return {
    events,
    progress,
    reports_taken: applied.map(({ _id }) => _id),
    reports_waiting: [],
    troubles: [],
    restarted: true,
    desk: {
      appointment,
      reports_heard: [],
      reports_waiting: [],
      last_booking: unanswered.at(-1) ?? null,
      has_requisition: events.some(({ status }) => status === 'requisition_created'),
      unanswered,
    },
  };
}

/** The bookings for which the patient is claimed and of which nothing is recorded: a provider may have made them. */
async function unansweredBookings(store: Store, { _id: order_id }: OrderDocument): Promise<ArrangeVisit[]> {
  const claims = await collectionOf(store.appointmentClaims).find({ order_id }).toArray();
  const recorded = await collectionOf(store.appointments)
    .find({ _id: { $in: claims.map(({ appointment_id }) => appointment_id) } })
    .toArray();
  const known = new Set(recorded.map(({ _id }) => _id));
  return claims.flatMap(({ appointment_id, command }) => (known.has(appointment_id) ? [] : (command ?? [])));
}

/** What partners told a journey that ended before it had taken it in. */
async function deliverAgain(store: Store, order: Order): Promise<void> {
  const order_id = order.id;
  await deliverRejectionsAgain(store, order);
  const again = { $set: { state: 'stored' as const, lease_until: new Date(0), attempts: 0 } };
  await store.labMessages.updateMany({ order_id, state: 'delivered' }, again);
  // A journey knows by its time what it has taken in; what it never came to is not told from that here.
  await collectionOf(store.phlebotomyEvents).updateMany(
    { order_id, $or: [{ state: 'delivered' as const }, { state: 'kept' as const, kept_because: 'journey_over' }] },
    { $set: { ...again.$set, kept_because: null } },
  );
}
