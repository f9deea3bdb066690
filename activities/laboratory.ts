/** The conversation with a laboratory, as a journey has it. Temporal repeats it; the lab sees one order (F4). */
import { Context, log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Environment } from '../domain/catalogue/lab-connection.ts';
import { Excess } from '../partners/bounded-body.ts';
import type {
  LabAcknowledgement,
  LabAnswer,
  LabEndpoint,
  LabOrderMessage,
  OrderPurpose,
} from '../partners/labs/laboratory-adapter.ts';
import { adapterFor } from '../partners/labs/registry.ts';
import { PartnerUnreachable } from '../partners/partner-unreachable.ts';
import { findLabConnection } from '../store/connections/lab-connections.ts';
import { currentProfile } from '../store/connections/lab-profiles.ts';
import { keepBeginning, keepText, noteRefusal } from '../store/inbox/lab-inbox.ts';
import { keepRequisitions } from '../store/inbox/lab-requisitions.ts';
import { expectAcknowledgement, forgetError, isRejected, noteSent, takeAnswer } from '../store/inbox/order-messages.ts';
import { recordRefusedCancellation } from '../store/orders/refused-cancellation.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { retryBudgetSpent } from './patience.ts';
import type { Activities } from './types.ts';

export function laboratoryActivities({
  store,
  catalogue,
  partnerCallMs,
  takeHl7In,
}: ActivityDependencies): Pick<Activities, 'submitOrder' | 'cancelAtLab'> {
  async function conversation(orderId: string) {
    const { order } = await store.orders.findById(orderId).orFail().lean();
    await catalogue.know([order.lab_test_id]);
    const laboratory = catalogue.laboratoriesBySlug.get(order.lab_slug);
    const account = catalogue.labAccounts.get(order.lab_account_id);
    const environment: Environment = order.options.sandbox ? 'sandbox' : 'production';
    const connection = await findLabConnection(store, order.lab_slug, environment);
    if (!laboratory || !account) {
      const missing = laboratory ? `the lab account ${order.lab_account_id}` : `the laboratory ${order.lab_slug}`;
      throw ApplicationFailure.create({
        type: 'CatalogueIncomplete',
        message:
          `The catalog no longer has ${missing}, with which this order was placed. ` +
          'Restore it from a backup; the order is then sent automatically.',
      });
    }
    if (!connection) {
      throw ApplicationFailure.create({
        type: 'LabNotConnected',
        message:
          `There is no ${environment} connection to ${order.lab_slug}. ` +
          `Add one with "npm run admin -- connection set ${order.lab_slug} --environment ${environment}"; ` +
          'the order is then sent automatically.',
      });
    }
    const markers = order.markers.flatMap(({ marker_id }) => catalogue.markers.get(marker_id) ?? []);
    // The same instant in every attempt, so that a repeated message is the same message.
    const sentAt = new Date(Context.current().info.scheduledTimestampMs).toISOString();
    const { profile } = await currentProfile(store, laboratory, environment);
    const message: LabOrderMessage = { order, laboratory, account, markers, profile, sentAt };
    const { orders, acknowledges } = connection;
    const from = { lab_slug: order.lab_slug, environment };
    const takeIn = (raw: Buffer | Excess, charset?: string) => takeHl7In(from, raw, charset);
    const endpoint = { orders, acknowledges, timeoutMs: partnerCallMs, takeIn };
    return { environment, adapter: adapterFor(laboratory.slug, orders), message, endpoint, lab: laboratory.name };
  }

  /**
   * Says it to the laboratory, and answers with its decision. What is decided is not sent again, nor what was sent to a
   * laboratory that acknowledges later: its word is awaited.
   */
  async function tell(orderId: string, purpose: OrderPurpose, triedFor = Number.POSITIVE_INFINITY) {
    const { adapter, message, endpoint, lab, environment } = await conversation(orderId);
    const { id, lab_slug, placer_order_number } = message.order;
    const ofOrder = { _id: adapter.idOf(message, purpose), lab_slug, order_id: id, placer_order_number, purpose };
    const decided = (answer: LabAcknowledgement) => ({ answer, lab, order: message.order });
    const known = await expectAcknowledgement(store, ofOrder);
    if (known.said && (known.said.code !== 'AE' || retryBudgetSpent(triedFor))) return decided(known.said);
    if (known.sent_at && endpoint.acknowledges === 'later') throw awaited(lab, known.error_said, triedFor);
    if (known.said) await forgetError(store, ofOrder._id);

    const send = purpose === 'NW' ? adapter.submit : adapter.cancel;
    const again = { ...message, errors_before: known.error_count ?? 0 };
    const keepCarried: LabEndpoint['keepCarried'] = async (raw, carried, code) => {
      const content_hash = await keepAnswer({ lab_slug, environment }, raw);
      const acknowledged = { order_id: id, lab_slug, purpose, code, control_id: ofOrder._id, content_hash };
      await keepRequisitions(store, acknowledged, carried);
      if (carried.problems.length === 0) return;
      const reason = carried.problems.join('; ');
      log.warn('A laboratory’s answer to an order carries something that is no document', { order_id: id, reason });
      await noteRefusal(store, content_hash, reason);
    };
    const at = { ...endpoint, keepCarried };
    const answer = await heard(() => send(again, at, Context.current().cancellationSignal), triedFor);
    if (answer.code !== 'awaited') return decided(await takeAnswer(store, ofOrder._id, answer));
    await noteSent(store, ofOrder._id);
    throw awaited(lab, known.error_said, triedFor);
  }

  /** Keeps an answer as it came (G1). @returns SHA-256 of it. */
  const keepAnswer = async (from: { lab_slug: string; environment: Environment }, raw: Buffer | Excess) =>
    raw instanceof Excess
      ? keepBeginning(store, { ...from, ...raw, acknowledges: true })
      : (await keepText(store, { ...from, raw, acknowledges: true })).content_hash;

  const awaited = (lab: string, error: string | undefined, triedFor: number) =>
    ApplicationFailure.create({
      type: 'AcknowledgmentAwaited',
      message:
        `${lab} has the order and has not acknowledged it yet; it is not sent again.` +
        (error === undefined ? '' : ` Before, it answered with an error: ${error}`),
      nonRetryable: retryBudgetSpent(triedFor),
    });

  return {
    async submitOrder(orderId, triedFor) {
      const { answer, lab } = await tell(orderId, 'NW', triedFor);
      if (answer.code === 'AE') throw saidError(lab, answer, triedFor);
      if (answer.code === 'AR') return { accepted: false, words: `${lab} rejected the order: ${answer.text}` };
      return { accepted: true, filler_order_number: answer.filler_order_number };
    },

    async cancelAtLab(orderId) {
      const { answer, lab, order } = await tell(orderId, 'CA');
      if (answer.code === 'AE') throw saidError(lab, answer);
      if (answer.code !== 'AR' || (await isRejected(store, order))) return { too_late: null };
      await recordRefusedCancellation(store, catalogue, orderId, answer.text);
      log.error('The laboratory rejected a cancellation: the order is canceled here but not there', {
        order_id: orderId,
        lab: order.lab_slug,
      });
      return { too_late: answer.text };
    },
  };
}

const saidError = (lab: string, answer: LabAcknowledgement, triedFor = Number.POSITIVE_INFINITY) =>
  ApplicationFailure.create({
    type: 'LabSaidError',
    message: `${lab} answered with an error: ${answer.text}`,
    nonRetryable: retryBudgetSpent(triedFor),
  });

/** Lets Temporal wait as long as the lab asked for. */
async function heard(call: () => Promise<LabAnswer>, triedFor: number): Promise<LabAnswer> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof PartnerUnreachable)) throw error;
    throw ApplicationFailure.create({
      type: 'LabUnreachable',
      message: error.message,
      nonRetryable: retryBudgetSpent(triedFor),
      ...(error.retryAfterMs !== null && { nextRetryDelay: error.retryAfterMs }),
    });
  }
}
