/** Sends mail over SMTP, and says whether trying again can help. */
import nodemailer from 'nodemailer';
import type { CalendarFile } from './calendar-file.ts';

export interface MailAddress {
  name: string;
  address: string;
}

/** A finished mail. */
export interface OutgoingMail {
  /** With its angle brackets; the same at every attempt (F10). */
  message_id: string;
  /** In whose name it is sent: the team's. */
  from_name: string;
  to: MailAddress;
  reply_to: MailAddress | null;
  subject: string;
  /** Null where the text is all there is. */
  html: string | null;
  text: string;
  /** Where the recipient ends this sender's mail; a POST there is enough (RFC 8058). Null for operators, who asked for it. */
  unsubscribe_url: string | null;
  /** One with a `cid` is shown by the HTML under that name. */
  attachments: { filename: string; content: Buffer; content_type: string; cid?: string }[];
  /** Attached, and beside the text for mail programs that put it into the calendar themselves. */
  calendar?: CalendarFile;
}

/** A mail to a patient, which always looks like something and can be unsubscribed from. */
export interface PatientMail extends OutgoingMail {
  html: string;
  unsubscribe_url: string;
}

/** The mail server will never take this mail: the address or the mail itself is bad. Do not try again. */
export class MailRefused extends Error {
  /** SMTP reply code, or null when the mail could not even be offered. */
  readonly code: number | null;

  constructor(code: number | null) {
    super(
      code === null
        ? "The patient's mail address is not one that mail can be sent to. Correct it and send the mail again."
        : `The mail server refused the mail for good (SMTP ${code}). Check the patient's mail address.`,
    );
    this.name = 'MailRefused';
    this.code = code;
  }
}

/** The mail could not be handed over now; trying again may help. Names no address, so that it can be logged. */
export class MailDelayed extends Error {
  /** SMTP reply code, or null when no reply came. */
  readonly code: number | null;

  constructor(code: number | null, reason: string) {
    super(
      code === null
        ? `The mail server could not be reached (${reason}). Check SMTP_URL and that the server runs.`
        : `The mail server did not take the mail now (SMTP ${code}).`,
    );
    this.name = 'MailDelayed';
    this.code = code;
  }
}

export interface Mailer {
  /**
   * Hands the mail to the server.
   * @throws {MailRefused} on a permanent failure.
   * @throws {MailDelayed} on any other.
   */
  send(mail: OutgoingMail): Promise<void>;
  /** Closes idle connections. */
  close(): void;
}

/** What nodemailer's errors carry. */
interface SmtpFailure {
  code?: string;
  responseCode?: number;
  /** The SMTP command that failed; `API` when the server was not asked. */
  command?: string;
}

/**
 * The sender of a team's mail: `Northwind Health via Venule <no-reply@venule.example>`.
 * @param installation The sender of this installation, `Name <address>` or a bare address.
 */
export function senderOf(team: string, installation: string): MailAddress {
  const [, name = '', address = installation.trim()] = /^\s*"?([^"<]*?)"?\s*<([^<>]+)>\s*$/.exec(installation) ?? [];
  const via = name || address.slice(address.indexOf('@') + 1);
  return { name: via === team ? team : `${team} via ${via}`, address };
}

/**
 * Connects to `smtpUrl` (`smtp://user:password@host:port`, `smtps://…`) when there is something to send.
 * @param settings.from the installation's sender, `Name <address>` or a bare address.
 */
export function createMailer(settings: { smtpUrl: string; from: string }): Mailer {
  const transport = nodemailer.createTransport(
    {
      url: settings.smtpUrl,
      pool: true,
      maxConnections: 5,
      connectionTimeout: 10_000,
      greetingTimeout: 10_000,
      socketTimeout: 30_000,
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { headers: { 'Auto-Submitted': 'auto-generated' } },
  );

  return {
    async send(mail) {
      try {
        await transport.sendMail({
          messageId: mail.message_id,
          from: senderOf(mail.from_name, settings.from),
          to: mail.to,
          ...(mail.reply_to ? { replyTo: mail.reply_to } : {}),
          subject: mail.subject,
          ...(mail.html !== null && { html: mail.html }),
          text: mail.text,
          ...(mail.unsubscribe_url !== null && {
            list: { unsubscribe: mail.unsubscribe_url },
            headers: { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
          }),
          attachments: mail.attachments.map(({ filename, content, content_type, cid }) => ({
            filename,
            content,
            contentType: content_type,
            ...(cid !== undefined && { cid, contentDisposition: 'inline' as const }),
          })),
          ...(mail.calendar && { icalEvent: mail.calendar }),
        });
      } catch (error) {
        throw failureOf(error as SmtpFailure);
      }
    },
    close() {
      transport.close();
    },
  };
}

/**
 * Final is only what is said about the recipient or the mail. A wrong password (535) or a sender that the server
 * does not know is the operator's to mend, and the mail waits for that.
 */
function failureOf({ code, responseCode, command }: SmtpFailure): MailRefused | MailDelayed {
  const aboutThisMail = code === 'EMESSAGE' || (code === 'EENVELOPE' && command !== 'MAIL FROM');
  if (aboutThisMail && (responseCode === undefined || responseCode >= 500))
    return new MailRefused(responseCode ?? null);
  return new MailDelayed(responseCode ?? null, code ?? 'unknown');
}
