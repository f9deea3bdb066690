import fc from 'fast-check';
import { DateTime } from 'luxon';
import { APPOINTMENT_STATUSES, type AppointmentEventStatus } from '../../domain/appointments/appointment.ts';
import {
  appointmentMessageFor,
  type MessageSwitches,
  mailedInstead,
  notifiableEvents,
  smsFor,
} from '../../domain/messages/messages.ts';
import {
  DEFAULT_QUIET_HOURS,
  LONGEST_QUIET_HOURS,
  nextAllowed,
  type QuietHours,
} from '../../domain/messages/quiet-hours.ts';
import {
  appointmentReminders,
  bookingReminders,
  DEFAULT_REMINDERS,
  reminderDue,
  reminderWorthTrying,
} from '../../domain/messages/reminders.ts';
import {
  type CollectionMethod,
  LOW_LEVEL_STATUSES,
  type OrderLowLevelStatus,
  type OrderOrigin,
} from '../../domain/orders/status.ts';
import { timeZonesOf } from '../../domain/people/time-zones.ts';
import { US_STATES } from '../../domain/people/us-states.ts';
import { TODAYS_RULES } from '../../domain/rules.ts';

const ON: MessageSwitches = { email_enabled: true, sms_enabled: true, results_ready_mail: true };

describe('the SMS that goes with a status of the order', () => {
  const sent = (
    collection_method: CollectionMethod,
    changes: Partial<MessageSwitches> = {},
    origin: OrderOrigin = 'initial',
  ) =>
    LOW_LEVEL_STATUSES.flatMap((status) => {
      const kind = smsFor({ status }, { origin, collection_method, options: { ...ON, ...changes } });
      return kind ? [`${status}: ${kind}`] : [];
    });

  it('at home', () => {
    expect(sent('at_home_phlebotomy')).toEqual([
      'ordered: order_received',
      'requisition_created: requisition_ready',
      'draw_completed: draw_completed',
      'redraw_available: redraw_needed',
      'completed: results_ready',
      'cancelled: order_cancelled',
    ]);
  });

  it('walking in', () => {
    expect(sent('walk_in_test')).not.toContain('draw_completed: draw_completed');
    expect(sent('walk_in_test')).toContain('redraw_available: redraw_needed');
  });

  it('of a redraw: it was announced when the first order ended', () => {
    expect(sent('walk_in_test', {}, 'redraw')).toEqual([
      'requisition_created: requisition_ready',
      'completed: results_ready',
      'cancelled: order_cancelled',
    ]);
  });

  it('F11: says that results are ready only when the team has switched that on', () => {
    expect(sent('walk_in_test', { results_ready_mail: false })).not.toContain('completed: results_ready');
  });

  it('none when the team has switched SMS off', () => {
    expect(sent('at_home_phlebotomy', { sms_enabled: false })).toEqual([]);
  });
});

describe('what is said about an appointment', () => {
  const said = (
    status: AppointmentEventStatus,
    collection_method: CollectionMethod,
    {
      is_reschedule = false,
      rules = TODAYS_RULES,
      ...changes
    }: Partial<MessageSwitches> & { is_reschedule?: boolean; rules?: number } = {},
  ) => {
    const event = { status, data: is_reschedule ? { is_reschedule } : null };
    const order = { collection_method, options: { ...ON, ...changes } };
    const message = appointmentMessageFor(event, order, rules);
    return message && `${message.by}: ${message.kind}`;
  };

  it('at home: by mail, and by SMS to who gets no mail', () => {
    const all = (changes: Partial<MessageSwitches>) =>
      APPOINTMENT_STATUSES.map((status) => said(status, 'at_home_phlebotomy', changes)).filter(Boolean);
    expect(all({})).toEqual([
      'mail: appointment_pending',
      'mail: appointment_confirmed',
      'mail: appointment_cancelled',
    ]);
    expect(all({ email_enabled: false })).toEqual([
      'sms: appointment_pending',
      'sms: appointment_confirmed',
      'sms: appointment_cancelled',
    ]);
    expect(all({ email_enabled: false, sms_enabled: false })).toEqual([]);
    expect(said('scheduled', 'at_home_phlebotomy', { is_reschedule: true })).toBe('mail: appointment_rescheduled');
  });

  it('walking in: by SMS, and by mail to who gets none (4.3)', () => {
    const all = (changes: Partial<MessageSwitches>) =>
      APPOINTMENT_STATUSES.map((status) => said(status, 'walk_in_test', changes)).filter(Boolean);
    expect(all({})).toEqual(['sms: appointment_confirmed', 'sms: appointment_cancelled']);
    expect(all({ sms_enabled: false })).toEqual(['mail: appointment_confirmed', 'mail: appointment_cancelled']);
    expect(all({ sms_enabled: false, email_enabled: false })).toEqual([]);
    expect(said('scheduled', 'walk_in_test', { is_reschedule: true })).toBe('sms: appointment_rescheduled');
    expect(said('scheduled', 'walk_in_test', { is_reschedule: true, sms_enabled: false })).toBe(
      'mail: appointment_rescheduled',
    );
  });

  it('by the rules of open journeys, who walks in and has no SMS hears nothing, as it was decided', () => {
    for (const status of APPOINTMENT_STATUSES) {
      expect(said(status, 'walk_in_test', { sms_enabled: false, rules: 1 })).toBeNull();
      expect(said(status, 'walk_in_test', { rules: 1 })).toBe(said(status, 'walk_in_test'));
      expect(said(status, 'at_home_phlebotomy', { rules: 1 })).toBe(said(status, 'at_home_phlebotomy'));
    }
  });

  it('an SMS that reaches nobody is followed by a mail where the patient has to go somewhere', () => {
    const instead = (collection_method: CollectionMethod, email_enabled = true) =>
      mailedInstead('appointment_confirmed', { collection_method, options: { ...ON, email_enabled } });
    expect(instead('walk_in_test')).toBe(true);
    expect(instead('walk_in_test', false)).toBe(false);
    expect(instead('at_home_phlebotomy')).toBe(false);
  });
});

describe('of an appointment’s new events', () => {
  const news = (start_at: string | null, known: number, ...statuses: AppointmentEventStatus[]) => {
    const events = statuses.map((status, index) => {
      return { number: index + 1, status, created_at: '', occurred_at: '', data: null };
    });
    return notifiableEvents({ events, start_at }, known).map(({ status }) => status);
  };
  const START = '2026-12-10T16:00:00.000Z';

  it('those that have been told of are left out', () => {
    expect(news(START, 0, 'pending')).toEqual(['pending']);
    expect(news(START, 1, 'pending', 'scheduled')).toEqual(['scheduled']);
    expect(news(START, 2, 'scheduled', 'scheduled', 'cancelled')).toEqual(['cancelled']);
  });

  it('a confirmation is left out when what followed it is known', () => {
    expect(news(START, 1, 'pending', 'scheduled', 'completed')).toEqual(['completed']);
    expect(news(START, 1, 'pending', 'scheduled', 'in_progress')).toEqual(['in_progress']);
    expect(news(START, 0, 'scheduled', 'cancelled')).toEqual(['cancelled']);
  });

  it('a confirmation of no time is left out', () => {
    expect(news(null, 1, 'pending', 'scheduled')).toEqual([]);
    expect(news(null, 1, 'pending', 'cancelled')).toEqual(['cancelled']);
  });
});

describe('quiet hours', () => {
  const allowed = (instant: string, ...zones: string[]) =>
    nextAllowed(new Date(instant), DEFAULT_QUIET_HOURS, ...zones).toISOString();

  it('last from nine in the evening to eight in the morning where the patient is', () => {
    expect(allowed('2026-12-02T03:59:59Z', 'America/Phoenix')).toBe('2026-12-02T03:59:59.000Z');
    expect(allowed('2026-12-02T04:00:00Z', 'America/Phoenix')).toBe('2026-12-02T15:00:00.000Z');
    expect(allowed('2026-12-02T14:59:59Z', 'America/Phoenix')).toBe('2026-12-02T15:00:00.000Z');
    expect(allowed('2026-12-02T15:00:00Z', 'America/Phoenix')).toBe('2026-12-02T15:00:00.000Z');
  });

  it('end at eight on the days when the clocks change, too', () => {
    expect(allowed('2026-03-08T05:00:00Z', 'America/New_York')).toBe('2026-03-08T12:00:00.000Z');
    expect(allowed('2026-11-01T04:00:00Z', 'America/New_York')).toBe('2026-11-01T13:00:00.000Z');
  });

  describe('F1: are what the policy says', () => {
    const phoenix = (time: string, hours: Partial<QuietHours>) => {
      const then = nextAllowed(new Date(`2026-12-02T${time}-07:00`), hours, 'America/Phoenix');
      return DateTime.fromJSDate(then, { zone: 'America/Phoenix' }).toFormat('ccc HH:mm:ss.SSS');
    };

    it.each([
      ['21:00:00', {}, 'Thu 08:00:00.000'],
      ['21:00:00', { quiet_from: 22 }, 'Wed 21:00:00.000'],
      ['22:00:00', { quiet_from: 22, quiet_until: 9 }, 'Thu 09:00:00.000'],
      ['08:29:59', { quiet_until: 8.5 }, 'Wed 08:30:00.000'],
      ['21:29:59.999', { quiet_from: 21.5 }, 'Wed 21:29:59.999'],
      ['21:30:00', { quiet_from: 21.5 }, 'Thu 08:00:00.000'],
      ['03:10:11.345', { quiet_until: (3 * 3600 + 10 * 60 + 12.345) / 3600 }, 'Wed 03:10:12.345'],
      ['12:00:00', { quiet_from: 9, quiet_until: 17 }, 'Wed 17:00:00.000'],
      ['08:59:59', { quiet_from: 9, quiet_until: 17 }, 'Wed 08:59:59.000'],
      ['17:00:00', { quiet_from: 9, quiet_until: 17 }, 'Wed 17:00:00.000'],
      ['23:59:59', { quiet_from: 22, quiet_until: 24 }, 'Thu 00:00:00.000'],
      ['00:00:00', { quiet_from: 22, quiet_until: 0 }, 'Wed 00:00:00.000'],
    ])('%s, with %j: %s', (time, hours, then) => {
      expect(phoenix(time, hours)).toBe(then);
    });

    it('and never are where they begin and end at once', () => {
      for (const hour of [0, 3, 12, 21, 24]) {
        for (const time of ['00:00:00', '03:00:00', '12:00:00', '21:30:00']) {
          expect(phoenix(time, { quiet_from: hour, quiet_until: hour })).toBe(`Wed ${time}.000`);
        }
      }
      expect(phoenix('03:00:00', { quiet_from: 0, quiet_until: 24 })).toBe('Wed 03:00:00.000');
    });

    it('and the longest that a policy may have end everywhere', () => {
      const instants = fc.date({ min: new Date('2025-01-01'), max: new Date('2030-01-01'), noInvalidDate: true });
      const hours = fc.double({ min: 0, max: 24, noNaN: true });
      fc.assert(
        fc.property(instants, hours, fc.constantFrom(...US_STATES), (instant, quiet_until, state) => {
          const longest = { quiet_from: (quiet_until + 24 - LONGEST_QUIET_HOURS) % 24, quiet_until };
          const then = nextAllowed(instant, longest, ...timeZonesOf(state));
          expect(then.getTime() - instant.getTime()).toBeLessThanOrEqual(50 * 3_600_000);
        }),
      );
    });
  });

  it('are over only when they are over in every zone that the patient may be in', () => {
    const zones = timeZonesOf('fl');
    expect(allowed('2026-12-02T13:30:00Z', ...zones)).toBe('2026-12-02T14:00:00.000Z');
    expect(allowed('2026-12-03T02:30:00Z', ...zones)).toBe('2026-12-03T14:00:00.000Z');
  });

  it('end for everybody, anywhere', () => {
    const instants = fc.date({ min: new Date('2025-01-01'), max: new Date('2030-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(instants, fc.constantFrom(...US_STATES), (instant, state) => {
        const then = nextAllowed(instant, DEFAULT_QUIET_HOURS, ...timeZonesOf(state));
        for (const timeZone of timeZonesOf(state)) {
          const hour = Number(then.toLocaleString('en-US', { timeZone, hour: 'numeric', hourCycle: 'h23' }));
          expect(hour >= 8 && hour < 21).toBe(true);
        }
        expect(then.getTime() - instant.getTime()).toBeLessThanOrEqual(14 * 3_600_000);
        expect(then >= instant).toBe(true);
        expect(nextAllowed(then, DEFAULT_QUIET_HOURS, ...timeZonesOf(state))).toEqual(then);
      }),
    );
  });
});

describe('what a patient is reminded of', () => {
  const START = '2026-12-10T16:00:00.000Z';
  const of = (
    status: OrderLowLevelStatus,
    appointment: AppointmentEventStatus | null = null,
    {
      start_at = START,
      collection_method = 'at_home_phlebotomy',
    }: { start_at?: string | null; collection_method?: CollectionMethod } = {},
  ) => reminderDue({ status, collection_method }, appointment && { status: appointment, start_at });

  it('is to book while there is no appointment, and after a cancelled one', () => {
    expect(of('requisition_created')).toBe('booking');
    expect(of('appointment_cancelled', 'cancelled')).toBe('booking');
    expect(of('ordered')).toBeNull();
    expect(of('requisition_created', 'reserved')).toBeNull();
  });

  it('is the appointment while it is to come', () => {
    expect(of('appointment_scheduled', 'scheduled')).toBe('appointment');
    expect(of('appointment_pending', 'pending', { start_at: null })).toBeNull();
    expect(of('appointment_scheduled', 'scheduled', { start_at: null })).toBeNull();
    expect(of('appointment_scheduled', 'in_progress')).toBeNull();
    expect(of('draw_completed', 'completed')).toBeNull();
  });

  it('is nothing when the order has ended, though a visit to a service center still stands', () => {
    const walkIn = { collection_method: 'walk_in_test' } as const;
    expect(of('partial_results', 'scheduled', walkIn)).toBe('appointment');
    for (const status of ['cancelled', 'completed', 'corrected', 'redraw_available', 'sample_error'] as const) {
      expect(of(status, 'scheduled', walkIn)).toBeNull();
    }
  });
});

describe('reminders', () => {
  const zone = 'America/Phoenix';
  const times = (instants: Date[]) => instants.map((instant) => instant.toISOString());
  const of = (start: string, now: string) =>
    times(appointmentReminders(new Date(start), new Date(now), DEFAULT_REMINDERS, zone));

  it('to book come a day, three days and a week after the requisition', () => {
    expect(times(bookingReminders(new Date('2026-12-01T18:00:00Z'), DEFAULT_REMINDERS, zone))).toEqual([
      '2026-12-02T18:00:00.000Z',
      '2026-12-04T18:00:00.000Z',
      '2026-12-08T18:00:00.000Z',
    ]);
  });

  it('wait for the morning', () => {
    const [first] = times(bookingReminders(new Date('2026-12-01T05:00:00Z'), DEFAULT_REMINDERS, zone));
    expect(first).toBe('2026-12-02T15:00:00.000Z');
    expect(of('2026-12-10T16:30:00Z', '2026-12-01T00:00:00Z')).toEqual([
      '2026-12-09T16:30:00.000Z',
      '2026-12-10T15:00:00.000Z',
    ]);
  });

  it('that fell into one night come once', () => {
    const hourly = { ...DEFAULT_REMINDERS, booking_reminders_after: [1, 2, 3, 12].map((hours) => hours * 3_600_000) };
    expect(times(bookingReminders(new Date('2026-12-01T05:00:00Z'), hourly, zone))).toEqual([
      '2026-12-01T15:00:00.000Z',
      '2026-12-01T17:00:00.000Z',
    ]);
  });

  it('wait for the morning of the policy', () => {
    const timing = { ...DEFAULT_REMINDERS, quiet_from: 10, quiet_until: 12 };
    const [first] = times(bookingReminders(new Date('2026-12-01T18:00:00Z'), timing, zone));
    expect(first).toBe('2026-12-02T19:00:00.000Z');
    const start = new Date('2026-12-10T18:59:00Z');
    expect(times(appointmentReminders(start, new Date('2026-12-09T00:00:00Z'), timing, zone))).toEqual([
      '2026-12-09T19:00:00.000Z',
      '2026-12-10T16:59:00.000Z',
    ]);
  });

  it('of an appointment come a day and two hours before', () => {
    expect(of('2026-12-10T20:00:00Z', '2026-12-01T00:00:00Z')).toEqual([
      '2026-12-09T20:00:00.000Z',
      '2026-12-10T18:00:00.000Z',
    ]);
  });

  it('that should have come already are left out', () => {
    expect(of('2026-12-10T20:00:00Z', '2026-12-10T10:00:00Z')).toEqual(['2026-12-10T18:00:00.000Z']);
    expect(of('2026-12-10T20:00:00Z', '2026-12-10T19:00:00Z')).toEqual([]);
  });

  it('are tried for some hours, and not beyond the start of the appointment', () => {
    const now = new Date('2026-12-10T12:00:00Z');
    const hours = (startAt: string | null, policy = {}) => reminderWorthTrying(startAt, now, policy) / 3_600_000;
    expect(hours(null)).toBe(3);
    expect(hours(null, { reminder_tried_for: 3_600_000 })).toBe(1);
    expect(hours('2026-12-10T20:00:00.000Z')).toBe(3);
    expect(hours('2026-12-10T14:00:00.000Z')).toBe(2);
    expect(hours('2026-12-10T12:00:00.000Z')).toBe(0);
    expect(hours('2026-12-10T11:00:00.000Z')).toBe(0);
  });

  it('never come when the appointment has begun', () => {
    expect(of('2026-12-10T14:30:00Z', '2026-12-10T00:00:00Z')).toEqual([]);
  });
});
