import { recipientOf } from '../../domain/messages/recipient.ts';
import type { MedicalProxy, Order } from '../../domain/orders/order.ts';
import { markersOf, orderOf, wellness } from '../documents/examples.ts';

const guardian: MedicalProxy = {
  first_name: 'Linh',
  last_name: 'Tran',
  address: { first_line: '1 Oak St', second_line: null, city: 'Phoenix', state: 'AZ', zip: '85004', country: 'US' },
  phone_number: '+16025550177',
  email: 'linh@example.com',
  household_income: null,
  household_size: null,
};
const order = orderOf(markersOf(wellness));
const written = (dob: string, now: string, proxy: MedicalProxy | null = guardian, time_zone = 'America/Phoenix') => {
  const minor: Order = {
    ...order,
    patient: { ...order.patient, dob, medical_proxy: proxy },
    options: { ...order.options, time_zone },
  };
  return recipientOf(minor, new Date(now));
};

describe('G6: who is written to', () => {
  it('a minor’s guardian, at the guardian’s address and telephone', () => {
    expect(written('2015-06-01', '2026-11-27T12:00:00Z')).toEqual({
      first_name: 'Linh',
      last_name: 'Tran',
      email: 'linh@example.com',
      phone_number: '+16025550177',
      guardian_of: order.patient.first_name,
    });
  });

  it('the guardian by name, at the patient’s address where the guardian gave none', () => {
    expect(written('2015-06-01', '2026-11-27T12:00:00Z', { ...guardian, email: null })).toMatchObject({
      first_name: 'Linh',
      email: order.patient.email,
      guardian_of: order.patient.first_name,
    });
  });

  it('the patient from the day on which the patient comes of age, where the team is (F2)', () => {
    const eve = '2026-11-28T06:59:59Z';
    const birthday = '2026-11-28T07:00:00Z';
    expect(written('2008-11-28', eve).guardian_of).toBe(order.patient.first_name);
    expect(written('2008-11-28', birthday)).toMatchObject({ email: order.patient.email, guardian_of: null });
    expect(written('2008-11-28', eve, guardian, 'America/New_York').guardian_of).toBeNull();
  });

  it('the patient of age, whoever is named as a proxy; and a minor of whom no guardian is known', () => {
    expect(written('1990-01-01', '2026-11-27T12:00:00Z').guardian_of).toBeNull();
    expect(written('2015-06-01', '2026-11-27T12:00:00Z', null)).toMatchObject({
      email: order.patient.email,
      guardian_of: null,
    });
  });
});
