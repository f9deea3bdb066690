import { policyWith } from '../../domain/policy.ts';

describe('F1: the policy of journeys', () => {
  test('leaves what nothing is said about as it is', () => {
    const policy = policyWith({ mail_tried_for: 1000, requisition_valid: { testkit: 5 }, quiet_from: 20.5 });
    expect(policy).toEqual({
      ...policyWith(),
      mail_tried_for: 1000,
      requisition_valid: { ...policyWith().requisition_valid, testkit: 5 },
      quiet_from: 20.5,
    });
  });

  test('keeps the hours from nine in the evening to eight in the morning quiet', () => {
    expect(policyWith()).toMatchObject({ quiet_from: 21, quiet_until: 8 });
  });

  test.each([
    [{ quiet_from: 0, quiet_until: 0 }],
    [{ quiet_from: 0, quiet_until: 24 }],
    [{ quiet_from: 9, quiet_until: 7 }],
  ])('takes the hours of a day: %j', (hours) => {
    expect(policyWith(hours)).toMatchObject(hours);
  });

  test.each([
    [{ coffee_break: 5 }, 'There is no setting "coffee_break"'],
    [{ mail_tried_for: 0 }, '"mail_tried_for" of the journey policy must be a positive number'],
    [{ mail_tried_for: [5] }, '"mail_tried_for" of the journey policy must be a positive number'],
    [{ booking_reminders_after: 5 }, '"booking_reminders_after" of the journey policy must be a list'],
    [{ booking_reminders_after: [5, -1] }, '"booking_reminders_after" of the journey policy must be a list'],
    [{ requisition_valid: { testkit: '5' } }, '"testkit" of the journey policy must be a positive number'],
    [{ quiet_from: -1 }, '"quiet_from" of the journey policy must be an hour from 0 to 24'],
    [{ quiet_until: 25 }, '"quiet_until" of the journey policy must be an hour from 0 to 24'],
    [{ quiet_until: '8' }, '"quiet_until" of the journey policy must be an hour from 0 to 24'],
    [{ quiet_until: [8] }, '"quiet_until" of the journey policy must be an hour from 0 to 24'],
    [{ quiet_from: 8, quiet_until: 7 }, 'The quiet hours of the journey policy must leave 2 hours of the day'],
  ])('refuses by name what cannot be: %j', (overrides, message) => {
    expect(() => policyWith(overrides)).toThrow(message);
  });
});
