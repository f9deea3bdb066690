/** Every id that two parts of the system must agree on is made here, and nowhere else. */

/** The workflow of an order transaction (D1). */
export const transactionWorkflowId = (transactionId: string) => `order-transaction/${transactionId}`;

/** The child workflow of a redraw (D6). */
export const redrawWorkflowId = (orderId: string) => `redraw-order/${orderId}`;

/** The workflow that goes on with a simulated order when its request has been answered (F6). */
export const sandboxWalkWorkflowId = (orderId: string) => `sandbox-walk/${orderId}`;

/** The workflow that an order's commands and reports are addressed to. */
export function journeyWorkflowId(order: { id: string; transaction_id: string; origin: string }): string {
  return order.origin === 'redraw' ? redrawWorkflowId(order.id) : transactionWorkflowId(order.transaction_id);
}

/**
 * Temporal's id of an update: the same twice is done once. `command` is a word of ours, and never what a provider or a
 * caller wrote: Temporal refuses long ids.
 */
export const commandUpdateId = (orderId: string, command: string) => `${orderId}:${command}`;

/** The `svix-id` of the event a transition sends: the same in every delivery (E4). */
export const webhookMessageId = (orderId: string, eventNumber: number, kind = 'order') =>
  `msg_${kind}_${orderId}_${eventNumber}`;

/** `Message-ID` of a mail, without angle brackets: a resent mail is recognized by it (F10). */
export const mailMessageId = (orderId: string, kind: string) => `${orderId}.${kind}@venule`;

/** One version of an order's result. */
export const resultId = (orderId: string, version: number) => `${orderId}:${version}`;
