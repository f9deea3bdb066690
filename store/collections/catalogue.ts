/** What can be ordered, and where. */
import type { Connection } from 'mongoose';
import type { LabAccount, Laboratory, LabTest, Marker } from '../../domain/catalogue/catalogue.ts';
import { count, define, Mixed, text, textOrNull, whole, yes } from './define.ts';

export type LaboratoryDocument = Omit<Laboratory, 'id'> & { _id: number };

export type MarkerDocument = Omit<Marker, 'id'> & { _id: number };

export type LabTestDocument = Omit<LabTest, 'id'> & { _id: string };

export type LabAccountDocument = Omit<LabAccount, 'id'> & { _id: string };

/** The models of these collections. */
export const catalogueCollections = (connection: Connection) => ({
  laboratories: define<LaboratoryDocument>(
    connection,
    'laboratories',
    {
      _id: count,
      slug: text,
      name: text,
      first_line_address: text,
      city: text,
      state: text,
      zipcode: text,
      phone: text,
      psc_locator_url: text,
      clia_number: text,
      medical_director: text,
      collection_methods: whole,
      sample_types: whole,
      hl7: whole,
      profile: { type: Mixed },
    },
    [[{ slug: 1 }, { unique: true }]],
  ),
  markers: define<MarkerDocument>(
    connection,
    'markers',
    {
      _id: count,
      lab_id: count,
      provider_id: text,
      name: text,
      slug: text,
      description: { type: String, default: '' },
      type: text,
      unit: textOrNull,
      price: text,
      a_la_carte_enabled: yes,
      is_orderable: yes,
      is_active: yes,
      common_tat_days: { type: Number, default: null },
      worst_case_tat_days: { type: Number, default: null },
      specimen: text,
      fasting: yes,
      aoe: whole,
      expected_results: whole,
    },
    [[{ lab_id: 1, provider_id: 1 }, { unique: true }]],
  ),
  labTests: define<LabTestDocument>(
    connection,
    'lab_tests',
    {
      _id: text,
      team_id: textOrNull,
      slug: text,
      name: text,
      description: { type: String, default: '' },
      lab_id: count,
      method: text,
      sample_type: text,
      price: count,
      is_active: yes,
      status: text,
      fasting: yes,
      auto_generated: yes,
      marker_ids: whole,
      collection_instructions: textOrNull,
      created_at: text,
      updated_at: text,
    },
    [[{ team_id: 1, lab_id: 1 }]],
  ),
  labAccounts: define<LabAccountDocument>(connection, 'lab_accounts', {
    _id: text,
    lab: text,
    org_id: textOrNull,
    status: text,
    delegated_flow: text,
    provider_account_id: text,
    account_name: textOrNull,
    default_clinical_notes: textOrNull,
    business_units: whole,
    allowed_billing: whole,
    team_id_allowlist: whole,
  }),
});
