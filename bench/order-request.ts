/** The order that is placed over and over: a thyroid panel at a patient service center. */

/** Labcorp's walk-in thyroid panel in the seed. */
export const THYROID_PANEL = { slug: 'labcorp-thyroid-panel', lab: 'labcorp' };

/** The body of `POST /v3/order`. */
export function orderRequest(userId: string, labTestId: string): string {
  return JSON.stringify({
    user_id: userId,
    order_set: { lab_test_ids: [labTestId] },
    collection_method: 'walk_in_test',
    patient_details: {
      first_name: 'Ana',
      last_name: 'Bell',
      dob: '1985-03-12',
      gender: 'female',
      phone_number: '+12125550123',
      email: 'ana.bell@patients.example',
    },
    patient_address: {
      receiver_name: 'Ana Bell',
      first_line: '12 Elm Street',
      city: 'Phoenix',
      state: 'AZ',
      zip: '85004',
      country: 'US',
    },
  });
}
