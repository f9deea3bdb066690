/** Makes the mail of an order, ready to be sent. */
import { mailMessageId } from '../domain/ids.ts';
import type { AppointmentMessageKind, MailKind } from '../domain/messages/messages.ts';
import { calendarFile } from './calendar-file.ts';
import { htmlOf, type Letter, LOGO_CID, SANDBOX_MARK, textOf } from './letter.ts';
import type { PatientMail } from './mailer.ts';
import { appointmentCancelled } from './templates/appointment-cancelled.ts';
import { appointmentConfirmed } from './templates/appointment-confirmed.ts';
import { appointmentPending } from './templates/appointment-pending.ts';
import { appointmentRescheduled } from './templates/appointment-rescheduled.ts';
import type { AppointmentMailContent, AppointmentTemplate, MailContent, Template } from './templates/content.ts';
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
const APPOINTMENT_TEMPLATES: Record<AppointmentMessageKind, AppointmentTemplate> = {
  appointment_pending: appointmentPending,
  appointment_confirmed: appointmentConfirmed,
  appointment_rescheduled: appointmentRescheduled,
  appointment_cancelled: appointmentCancelled,
};

/** Mails that say "attached". */
const WITH_REQUISITION: readonly MailKind[] = ['requisition_ready', 'redraw_needed'];

/**
 * The mail of that kind for that order, with the identity it keeps however often it is sent (F10).
 * Neither subject, body nor file name names a test or a result (F11).
 * @throws Error when the kind needs the requisition and none was given.
 */
export function composeMail(kind: MailKind, content: MailContent & { requisition_pdf?: Buffer }): PatientMail {
  const { order, requisition_pdf: requisition } = content;
  const attached = WITH_REQUISITION.includes(kind);
  if (attached && !requisition) throw new Error(`A mail of kind ${kind} needs the requisition as a PDF.`);
  const letter = TEMPLATES[kind](content);
  return {
    ...addressed(letter, content),
    message_id: `<${mailMessageId(order.id, kind)}>`,
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
      ...logoOf(content.team),
    ],
  };
}

function logoOf({ logo: content }: MailContent['team']): PatientMail['attachments'] {
  if (!content) return [];
  const kind = content[0] === FIRST_OF_PNG ? 'png' : 'jpeg';
  return [{ filename: `logo.${kind}`, content, content_type: `image/${kind}`, cid: LOGO_CID }];
}

/**
 * The mail about an event of an appointment, with the calendar file that puts it in, moves it or takes it out (F11).
 * @param content.event_number Number of the appointment's event; the appointment is as it was after it.
 */
export function composeAppointmentMail(
  kind: AppointmentMessageKind,
  content: AppointmentMailContent & { event_number: number },
): PatientMail {
  const { order, recipient, appointment, event_number, team, fasting, booking_url } = content;
  const mail = addressed(APPOINTMENT_TEMPLATES[kind](content), content);
  const calendar = calendarFile({
    appointment,
    event_number,
    team,
    attendee: mail.to,
    minor: recipient.guardian_of,
    fasting,
    sandbox: order.options.sandbox,
    manage_url: booking_url ?? null,
  });
  return {
    ...mail,
    message_id: `<${mailMessageId(order.id, `appointment.${appointment.id}.${event_number}`)}>`,
    attachments: logoOf(team),
    ...(calendar && { calendar }),
  };
}

/** The letter as it goes to its reader. */
function addressed(letter: Letter, { order, recipient, team, unsubscribe_url }: MailContent) {
  const { sandbox } = order.options;
  const frame = { sender: team, unsubscribe_url, about: recipient.guardian_of ?? 'you', sandbox };
  return {
    from_name: team.name,
    to: { name: `${recipient.first_name} ${recipient.last_name}`, address: recipient.email },
    reply_to: team.contact.email ? { name: team.name, address: team.contact.email } : null,
    subject: sandbox ? `${SANDBOX_MARK} ${letter.subject}` : letter.subject,
    html: htmlOf(letter, frame),
    text: textOf(letter, frame),
    unsubscribe_url,
  };
}
