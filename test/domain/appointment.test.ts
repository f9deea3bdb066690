import fc from 'fast-check';
import {
  APPOINTMENT_STATUSES,
  type AppointmentEventStatus,
  type AppointmentMove,
  type AppointmentReport,
  blocksBooking,
  isActive,
  isOverdue,
  mayMove,
  nextAfterEvents,
  orderStatusesAfter,
  providerStatus,
} from '../../domain/appointments/appointment.ts';
import { COLLECTION_METHODS, LOW_LEVEL_STATUSES, type OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { mayFollow } from '../../domain/orders/transitions.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const noon = Date.parse('2026-12-01T12:00:00.000Z');
const at = (hours: number) => new Date(noon + hours * HOUR).toISOString();

type Known = Parameters<typeof nextAfterEvents>[0];

/** An appointment in that status since noon, with a visit at 20:00 unless it is pending. */
function appointment(status: AppointmentEventStatus, changes: Partial<Known> = {}): Known {
  const dated = status !== 'pending';
  return {
    status,
    start_at: dated ? at(8) : null,
    end_at: dated ? at(9) : null,
    time_zone: 'America/Phoenix',
    external_id: null,
    provider_appointment_id: null,
    site_code: null,
    events: [{ number: 1, status, created_at: at(0), occurred_at: at(0), data: null }],
    ...changes,
  };
}

function report(
  status: AppointmentEventStatus,
  hour: number,
  changes: Partial<AppointmentReport> = {},
): AppointmentReport {
  return {
    status,
    start_at: status === 'pending' ? null : at(8),
    end_at: status === 'pending' ? null : at(9),
    time_zone: 'America/Phoenix',
    external_id: null,
    provider_appointment_id: null,
    site_code: null,
    occurred_at: at(hour),
    data: null,
    ...changes,
  };
}

/** The appointment after a step, as the journey records it. */
function after(held: Known, move: AppointmentMove): Known {
  const { status, occurred_at, data, ...facts } = move;
  const event = { number: held.events.length + 1, status, created_at: occurred_at, occurred_at, data };
  return { ...facts, status, events: [...held.events, event] };
}

const heard = (held: Known, said: AppointmentReport) => nextAfterEvents(held, said).reduce(after, held);
const steps = (held: Known, said: AppointmentReport) => nextAfterEvents(held, said).map(({ status }) => status);

describe('the life of an appointment', () => {
  it('begins pending, reserved or scheduled, and ends completed or cancelled', () => {
    expect(APPOINTMENT_STATUSES.filter((status) => mayMove(null, status))).toEqual([
      'pending',
      'reserved',
      'scheduled',
    ]);
    expect(APPOINTMENT_STATUSES.filter((status) => !isActive({ status }))).toEqual(['completed', 'cancelled']);
  });

  it('is rescheduled only while it is scheduled', () => {
    expect(APPOINTMENT_STATUSES.filter((status) => mayMove(status, status))).toEqual(['scheduled']);
  });

  it('is called confirmed by API callers once it is scheduled', () => {
    expect(APPOINTMENT_STATUSES.map(providerStatus)).toEqual([
      'pending',
      'reserved',
      'confirmed',
      'in_progress',
      'completed',
      'cancelled',
    ]);
  });

  it('C2: stands in the way of another until three days after its end', () => {
    const visit = { status: 'scheduled', end_at: at(9) } as const;
    const end = noon + 9 * HOUR;
    expect(isOverdue(visit, new Date(end + 3 * DAY - 1))).toBe(false);
    expect(blocksBooking(visit, new Date(end + 3 * DAY - 1))).toBe(true);
    expect(isOverdue(visit, new Date(end + 3 * DAY))).toBe(true);
    expect(blocksBooking(visit, new Date(end + 3 * DAY))).toBe(false);
    expect(blocksBooking({ status: 'pending', end_at: null }, new Date(end + 30 * DAY))).toBe(true);
    for (const status of ['completed', 'cancelled'] as const) {
      expect(blocksBooking({ status, end_at: at(9) }, new Date(noon))).toBe(false);
      expect(isOverdue({ status, end_at: at(9) }, new Date(end + 30 * DAY))).toBe(false);
    }
  });
});

describe('what an appointment does to its order', () => {
  const effects: [AppointmentEventStatus, OrderLowLevelStatus, OrderLowLevelStatus[], OrderLowLevelStatus[]][] = [
    // appointment, order, at home, at a service center
    ['pending', 'requisition_created', ['appointment_pending'], ['appointment_pending']],
    [
      'scheduled',
      'requisition_created',
      ['appointment_pending', 'appointment_scheduled'],
      ['appointment_pending', 'appointment_scheduled'],
    ],
    ['reserved', 'requisition_bypassed', ['appointment_pending'], ['appointment_pending']],
    ['scheduled', 'appointment_pending', ['appointment_scheduled'], ['appointment_scheduled']],
    ['scheduled', 'appointment_scheduled', ['appointment_scheduled'], ['appointment_scheduled']],
    ['cancelled', 'appointment_scheduled', ['appointment_cancelled'], ['appointment_cancelled']],
    ['cancelled', 'appointment_pending', ['appointment_cancelled'], ['appointment_cancelled']],
    ['pending', 'appointment_cancelled', ['appointment_pending'], ['appointment_pending']],
    ['in_progress', 'appointment_scheduled', [], []],
    ['completed', 'appointment_scheduled', ['draw_completed'], []],
    ['cancelled', 'draw_completed', [], []],
    ['cancelled', 'cancelled', [], []],
  ];

  it.each(effects)('%s, while the order is at %s', (status, order, atHome, atCenter) => {
    expect(orderStatusesAfter(status, order, 'at_home_phlebotomy')).toEqual(atHome);
    expect(orderStatusesAfter(status, order, 'walk_in_test')).toEqual(atCenter);
  });

  it.each(APPOINTMENT_STATUSES)('nothing before the requisition: %s', (status) => {
    for (const method of COLLECTION_METHODS) expect(orderStatusesAfter(status, 'ordered', method)).toEqual([]);
  });

  it('is never a step that the table of orders does not know', () => {
    for (const method of COLLECTION_METHODS) {
      for (const order of LOW_LEVEL_STATUSES) {
        for (const status of APPOINTMENT_STATUSES) {
          orderStatusesAfter(status, order, method).reduce((from, to) => {
            expect(mayFollow(method, from, to)).toBe(true);
            return to;
          }, order);
        }
      }
    }
  });
});

describe('what a provider says about an appointment', () => {
  it('moves it', () => {
    expect(steps(appointment('scheduled'), report('in_progress', 8))).toEqual(['in_progress']);
    expect(steps(appointment('scheduled'), report('completed', 9))).toEqual(['completed']);
  });

  it('sets the time of one that was only requested', () => {
    const [move] = nextAfterEvents(appointment('pending'), report('scheduled', 1, { external_id: 'PF-77' }));
    expect(move).toMatchObject({ status: 'scheduled', start_at: at(8), end_at: at(9), external_id: 'PF-77' });
  });

  it('brings along what was skipped', () => {
    expect(steps(appointment('pending'), report('completed', 9))).toEqual(['scheduled', 'completed']);
    expect(steps(appointment('reserved'), report('in_progress', 8))).toEqual(['scheduled', 'in_progress']);
  });

  it('says so when the time is another one', () => {
    const said = report('scheduled', 1, { start_at: at(30), end_at: at(31), data: { origin: 'patient' } });
    expect(nextAfterEvents(appointment('scheduled'), said)).toEqual([
      { ...said, data: { origin: 'patient', is_reschedule: true } },
    ]);
  });

  it('changes nothing when it is known', () => {
    expect(steps(appointment('scheduled'), report('scheduled', 1))).toEqual([]);
    expect(steps(appointment('pending'), report('pending', 1))).toEqual([]);
  });

  it('changes nothing when it is late', () => {
    expect(steps(appointment('scheduled'), report('cancelled', -1))).toEqual([]);
    const moved = heard(appointment('scheduled'), report('in_progress', 8));
    expect(steps(moved, report('scheduled', 2, { start_at: at(30), end_at: at(31) }))).toEqual([]);
  });

  it.each(['completed', 'cancelled'] as const)('changes nothing once it is %s', (status) => {
    for (const said of APPOINTMENT_STATUSES) expect(steps(appointment(status), report(said, 20))).toEqual([]);
  });

  it('keeps the time when a report has none', () => {
    const [move] = nextAfterEvents(appointment('scheduled'), report('completed', 9, { start_at: null, end_at: null }));
    expect(move).toMatchObject({ start_at: at(8), end_at: at(9) });
  });
});

describe('any sequence of reports, with duplicates and out of order', () => {
  const anyReport = fc
    .record({
      status: fc.constantFrom(...APPOINTMENT_STATUSES),
      hour: fc.integer({ min: -3, max: 12 }),
      start: fc.option(fc.integer({ min: 8, max: 10 }), { nil: null }),
    })
    .map(({ status, hour, start }) =>
      report(
        status,
        hour,
        start === null ? { start_at: null, end_at: null } : { start_at: at(start), end_at: at(start + 1) },
      ),
    );
  const anyReports = fc
    .array(anyReport, { maxLength: 12 })
    .chain((reports) => fc.shuffledSubarray([...reports, ...reports]));
  const first = fc.constantFrom('pending' as const, 'reserved' as const, 'scheduled' as const);

  it('never leads out of the table of appointments, nor the order out of its own', () => {
    const start = fc.record({
      first,
      method: fc.constantFrom('at_home_phlebotomy' as const, 'walk_in_test' as const),
      order: fc.constantFrom('ordered' as const, 'requisition_created' as const, 'requisition_bypassed' as const),
    });
    fc.assert(
      fc.property(start, anyReports, ({ first, method, order }, reports) => {
        let held = appointment(first);
        let orderStatus: OrderLowLevelStatus = order;
        const orderFollows = (status: AppointmentEventStatus) => {
          for (const step of orderStatusesAfter(status, orderStatus, method)) {
            expect(mayFollow(method, orderStatus, step)).toBe(true);
            orderStatus = step;
          }
        };
        orderFollows(first);
        for (const said of reports) {
          for (const move of nextAfterEvents(held, said)) {
            expect(mayMove(held.status, move.status)).toBe(true);
            held = after(held, move);
            orderFollows(move.status);
          }
          expect(nextAfterEvents(held, said)).toEqual([]);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('comes to the same end in whatever order a true story is told', () => {
    const story = fc.record({ first, picks: fc.array(fc.nat(), { maxLength: 8 }) }).map(({ first, picks }) => {
      let status: AppointmentEventStatus = first;
      return picks.flatMap((pick, index) => {
        const nexts = APPOINTMENT_STATUSES.filter((next) => mayMove(status, next));
        const next = nexts[pick % nexts.length];
        if (!next) return [];
        status = next;
        return [report(next, index + 1)];
      });
    });
    const toldAnyhow = fc
      .record({ first, story })
      .chain(({ story }) => fc.tuple(fc.constant(story), fc.shuffledSubarray(story, { minLength: story.length })));
    fc.assert(
      fc.property(toldAnyhow, first, ([story, told], begun) => {
        const inOrder = story.reduce(heard, appointment(begun));
        const shuffled = told.reduce(heard, appointment(begun));
        expect(shuffled.status).toBe(inOrder.status);
      }),
      { numRuns: 2000 },
    );
  });
});
