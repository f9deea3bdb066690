/** Makes the mail of an order, ready to be sent. */
import { mailMessageId } from '../domain/ids.ts';
import type { MailKind } from '../domain/messages.ts';
import { htmlOf, LOGO_CID, textOf } from './letter.ts';
import type { OutgoingMail } from './mailer.ts';
import type { MailContent, Template } from './templates/content.ts';
import { orderCancelled } from './templates/order-cancelled.ts';
import { redrawNeeded } from './templates/redraw-needed.ts';
import { requisitionReady } from './templates/requisition-ready.ts';
import { resultsReady } from './templates/results-ready.ts';

const TEMPLATES: Record<MailKind, Template> = {
  requisition_ready: requisitionReady,
  redraw_needed: redrawNeeded,
  results_ready: resultsReady,
  order_cancelled: orderCancelled,
};

const FIRST_OF_PNG = 0x89;

/** Mails that say "attached". */
const WITH_REQUISITION: readonly MailKind[] = ['requisition_ready', 'redraw_needed'];

/**
 * The mail of that kind for that order, with the identity it keeps however often it is sent (F10).
 * Neither subject, body nor file name names a test or a result (F11).
 * @throws Error when the kind needs the requisition and none was given.
 */
export function composeMail(kind: MailKind, content: MailContent & { requisition_pdf?: Buffer }): OutgoingMail {
  const { order, team, requisition_pdf: requisition } = content;
  const attached = WITH_REQUISITION.includes(kind);
  if (attached && !requisition) throw new Error(`A mail of kind ${kind} needs the requisition as a PDF.`);
  const letter = TEMPLATES[kind](content);
  return {
    message_id: `<${mailMessageId(order.id, kind)}>`,
    to: { name: `${order.patient.first_name} ${order.patient.last_name}`, address: order.patient.email },
    reply_to: team.contact.email ? { name: team.name, address: team.contact.email } : null,
    subject: letter.subject,
    html: htmlOf(letter, team),
    text: textOf(letter, team),
    attachments: [
      ...(attached && requisition
        ? [
            {
              filename: `requisition-${order.placer_order_number}.pdf`,
              content: requisition,
              content_type: 'application/pdf',
            },
          ]
        : []),
      ...(team.logo ? [logo(team.logo)] : []),
    ],
  };
}

function logo(content: Buffer): OutgoingMail['attachments'][number] {
  const kind = content[0] === FIRST_OF_PNG ? 'png' : 'jpeg';
  return { filename: `logo.${kind}`, content, content_type: `image/${kind}`, cid: LOGO_CID };
}
