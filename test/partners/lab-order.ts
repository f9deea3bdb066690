/** An order as the laboratory's adapters get it, over the real catalogue. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabAccount, Laboratory, Marker } from '../../domain/catalogue/catalogue.ts';
import type { Order, OrderInsurance } from '../../domain/orders/order.ts';
import type { LabOrderMessage } from '../../partners/labs/laboratory-adapter.ts';

const seed = (file: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../store/catalogue/seed', file), 'utf8'));
const laboratories: Laboratory[] = seed('labs.json');
const accounts: LabAccount[] = seed('lab-accounts.json');
const catalogue: Marker[] = seed('markers.json');

export const insurance: OrderInsurance = {
  id: 'b5e0d7d0-7a9e-4a35-8f0b-5a2c7a0b7f11',
  payor_code: 'AETNA1',
  payor_name: 'Aetna & Partners',
  payor_address: {
    first_line: 'PO Box 981106',
    second_line: null,
    city: 'El Paso',
    state: 'TX',
    zip: '79998',
    country: 'US',
  },
  member_id: 'W1234|56789',
  group_id: 'GRP^77',
  relationship: 'Spouse',
  insured: {
    first_name: 'Jordan',
    last_name: 'Núñez',
    dob: '1979-11-02',
    gender: 'male',
    address: {
      first_line: '12 Elm Street',
      second_line: null,
      city: 'Phoenix',
      state: 'AZ',
      zip: '85004',
      country: 'US',
    },
    phone_number: '+16025550111',
  },
};

/** What is ordered: tests by their catalogue slug, at one laboratory. */
export function labOrder(lab: 'labcorp' | 'quest', slugs: string[], changes: Partial<Order> = {}): LabOrderMessage {
  const laboratory = laboratories.find((candidate) => candidate.slug === lab) as Laboratory;
  const account = accounts.find((candidate) => candidate.lab === lab) as LabAccount;
  const markers = slugs.map(
    (slug) => catalogue.find((marker) => marker.lab_id === laboratory.id && marker.slug === slug) as Marker,
  );
  const order: Order = {
    id: '7f1d9a52-6a3f-4f0e-9a3c-0a4e0f3d2b10',
    team_id: '0d6c2b9f-2f62-4f84-9d36-1f3d9f1b7a01',
    user_id: '3c0f6f0e-8d6e-4a0d-8f25-6a1f6b2f9c02',
    client_user_id: 'patient-1',
    transaction_id: 'c1d2e3f4-1111-4222-8333-444455556666',
    origin: 'initial',
    parent_id: null,
    collection_method: 'walk_in_test',
    lab_slug: lab,
    lab_id: laboratory.id,
    lab_account_id: account.id,
    lab_test_id: 'a0a0a0a0-0000-4000-8000-000000000001',
    markers: markers.map((marker) => ({
      marker_id: marker.id,
      provider_id: marker.provider_id,
      result_slugs: marker.expected_results.map((result) => result.slug),
    })),
    placer_order_number: 'VN0000012345',
    sample_id: null,
    patient: {
      first_name: 'Ana',
      last_name: 'Núñez',
      dob: '1985-03-12',
      gender: 'female',
      phone_number: '+16025550123',
      email: 'ana@example.com',
      medical_proxy: null,
      race: 'white_caucasian',
      ethnicity: 'hispanic',
      sexual_orientation: null,
      gender_identity: null,
      household_income: null,
      household_size: null,
    },
    address: {
      receiver_name: 'Ana Núñez',
      first_line: '12 Elm Street',
      second_line: 'Apt 4',
      city: 'Phoenix',
      state: 'AZ',
      zip: '85004',
      country: 'US',
      phone_number: null,
      access_notes: 'Gate code 1234',
    },
    physician: { first_name: 'Grace', last_name: 'Lee', npi: '1234567893', email: null, licensed_states: ['AZ'] },
    billing_type: 'client_bill',
    insurance: null,
    icd_codes: [],
    consents: [],
    aoe_answers: [],
    priority: false,
    clinical_notes: null,
    passthrough: null,
    activate_by: null,
    activate_at: null,
    requisition_valid_for: 180 * 24 * 3_600_000,
    options: {
      redraws_enabled: true,
      partial_webhooks_enabled: false,
      email_enabled: true,
      results_ready_mail: false,
      time_zone: 'America/New_York',
      sandbox: true,
    },
    created_at: '2026-11-21T08:00:00.000Z',
    ...changes,
  };
  return { order, laboratory, account, markers, profile: {}, sentAt: '2026-11-21T08:00:03.250Z' };
}
