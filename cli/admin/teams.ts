/** `admin team`: teams and what they can switch. */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import { isPrintable } from '../../documents/page/pictures.ts';
import { isPhoneNumber } from '../../domain/people/phone-number.ts';
import { isTimeZone } from '../../domain/people/time-zones.ts';
import { createTeam, hasContact, listTeams, updateTeam } from '../../store/access/teams.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import { recordAudit } from '../../store/orders/audit.ts';
import { CannotDo, given, inSession, onOff, operator, teamCalled } from './session.ts';

interface TeamFlags {
  name?: string;
  redraws?: boolean;
  partialWebhooks?: boolean;
  minors?: boolean;
  earlyBooking?: boolean;
  email?: boolean;
  sms?: boolean;
  reminders?: boolean;
  resultsReadyMail?: boolean;
  timeZone?: string;
  contactEmail?: string;
  contactPhone?: string;
  contactAddress?: string;
  logo?: Buffer | null;
  logoUrl?: string | null;
}

function timeZone(name: string): string {
  if (isTimeZone(name)) return name;
  throw new InvalidArgumentError('Use the name of an IANA time zone, such as America/Phoenix.');
}

/** Larger pictures make larger mail. */
const LARGEST_LOGO = 100 * 1024;

function logo(path: string): Buffer | null {
  if (path === 'none') return null;
  try {
    const picture = readFileSync(path);
    if (picture.length <= LARGEST_LOGO && isPrintable(picture)) return picture;
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('Use the path of a PNG or JPEG of 100 kB or less, or none.');
}

/** Patients write there, so it has to be one; nothing takes it away. */
function email(text: string): string {
  if (text === '' || z.email().safeParse(text).success) return text;
  throw new InvalidArgumentError('Use an email address, such as care@clinic.example.');
}

/** Patients call it, so it has to be one that can be called; nothing takes it away. */
function phone(text: string): string {
  if (text === '' || isPhoneNumber(text)) return text;
  throw new InvalidArgumentError('Use a telephone number with its area code, such as +1 602 555 0143.');
}

function logoUrl(text: string): string | null {
  if (text === 'none') return null;
  if (URL.canParse(text) && /^https?:/.test(text)) return text;
  throw new InvalidArgumentError('Use an http or https URL, or none.');
}

function withTeamOptions(command: Command): Command {
  return command
    .option('--redraws <on|off>', 'order a redraw for walk-in orders after a lab error (D4)', onOff)
    .option('--partial-webhooks <on|off>', 'send webhooks for partial results', onOff)
    .option('--minors <on|off>', 'accept orders for patients under 18', onOff)
    .option('--email <on|off>', 'mail to patients', onOff)
    .option('--sms <on|off>', 'text messages to patients', onOff)
    .option('--reminders <on|off>', 'text message reminders to book, and of booked appointments', onOff)
    .option('--results-ready-mail <on|off>', 'tell patients that results are ready', onOff)
    .option('--early-booking <on|off>', 'allow booking before the laboratory has the order', onOff)
    .option('--time-zone <name>', 'time zone for "today" and for ages, such as America/Phoenix', timeZone)
    .option('--contact-email <address>', 'email address for patients', email)
    .option('--contact-phone <number>', 'telephone number for patients', phone)
    .option('--contact-address <text>', 'the client’s address on one line, for requisitions')
    .option('--logo <file|none>', 'logo on requisitions and in mail: a PNG or JPEG file', logo)
    .option('--logo-url <url|none>', 'URL of the logo for API callers', logoUrl);
}

function changesOf(flags: TeamFlags) {
  return {
    ...given({ name: flags.name, logo: flags.logo, logo_url: flags.logoUrl }),
    options: given({
      redraws_enabled: flags.redraws,
      partial_webhooks_enabled: flags.partialWebhooks,
      minor_ordering_enabled: flags.minors,
      email_enabled: flags.email,
      sms_enabled: flags.sms,
      reminders_enabled: flags.reminders,
      results_ready_mail: flags.resultsReadyMail,
      early_booking_enabled: flags.earlyBooking,
      time_zone: flags.timeZone,
    }),
    contact: given({ email: flags.contactEmail, phone: flags.contactPhone, address: flags.contactAddress }),
  };
}

function shown({ _id, name, environment, options, contact, logo, logo_url, created_at }: TeamDocument) {
  return {
    id: _id,
    name,
    environment,
    ...options,
    contact_email: contact.email,
    contact_phone: contact.phone,
    contact_address: contact.address ?? '',
    logo: Boolean(logo),
    logo_url,
    created_at,
  };
}

/** Tells the operator when a team's patients know nobody to turn to (F11). */
function warnWithoutContact(team: TeamDocument): void {
  if (hasContact(team)) return;
  process.stderr.write(
    `Warning: ${team.name} has no contact. Its patients are referred to VENULE_CONTACT_EMAIL and VENULE_CONTACT_PHONE, if those are set. Add one with admin team set --contact-phone or --contact-email.\n`,
  );
}

/** What `admin team` can do. */
export function addTeamCommands(team: Command): void {
  team
    .command('list')
    .description('list all teams')
    .action((_options, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const teams = await listTeams(store);
        out.list(
          teams.map(({ _id, name, environment, created_at }) => ({ id: _id, name, environment, created_at })),
          'There are no teams yet.',
        );
      }),
    );

  team
    .command('show')
    .description('show a team with its settings')
    .argument('<team>', 'its id or name')
    .action((who: string, _options, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const found = await teamCalled(store, who);
        out.show(shown(found));
        warnWithoutContact(found);
      }),
    );

  withTeamOptions(
    team
      .command('create')
      .description('add a team')
      .argument('<name>')
      .addOption(
        new Option('--environment <name>', 'sandbox uses the sandbox partners, production real ones')
          .choices(['sandbox', 'production'])
          .default('sandbox'),
      ),
  )
    .addHelpText(
      'after',
      '\nExample:\n  admin team create "Desert Telehealth" --environment production --time-zone America/Phoenix',
    )
    .action((name: string, flags: TeamFlags & { environment: TeamDocument['environment'] }, command: Command) =>
      inSession(command, async ({ store, out }) => {
        const created = await createTeam(store, { ...changesOf(flags), name, environment: flags.environment });
        await recordAudit(store, { by: operator(), action: 'team.created', team_id: created._id });
        out.show(shown(created));
        warnWithoutContact(created);
      }),
    );

  withTeamOptions(
    team
      .command('set')
      .description('change a team; options that are left out stay the same')
      .argument('<team>', 'its id or name'),
  )
    .option('--name <name>', 'a new name')
    .addHelpText(
      'after',
      '\nOrders keep the settings they were accepted with.\n\nExample:\n  admin team set Sandbox --partial-webhooks on --contact-phone "+1 602 555 0143"',
    )
    .action((who: string, flags: TeamFlags, command: Command) =>
      inSession(command, async ({ store, out }) => {
        if (Object.keys(flags).length === 0) throw new CannotDo('Nothing to set; see admin team set --help');
        const { _id } = await teamCalled(store, who);
        const changed = await updateTeam(store, _id, changesOf(flags));
        if (!changed) throw new CannotDo(`Team ${_id} no longer exists`);
        await recordAudit(store, {
          by: operator(),
          action: 'team.changed',
          team_id: _id,
          detail: { set: Object.keys(flags) },
        });
        out.show(shown(changed));
        warnWithoutContact(changed);
      }),
    );
}
