/** An order as a backend places it with the SDK. */
import { randomUUID } from 'node:crypto';
import type { Junction, JunctionClient } from '@junction-api/sdk';

/** The sandbox's lipid panel that is drawn at home. */
export const AT_HOME_TEST = 'b664b6df-30ed-4cd6-bb65-124405ca734c';

/** Where getlabs comes. */
export const PHOENIX = {
  firstLine: '412 West Lincoln Street',
  city: 'Phoenix',
  state: 'AZ',
  zip: '85004',
  country: 'US',
};

/** Orders a test for a new patient, whose mail address begins with the user's id. */
export async function orderBySdk(
  { user, labTests }: JunctionClient,
  labTestId: string,
  patientAddress: Junction.PatientAddressWithValidation = PHOENIX,
): Promise<Junction.ClientFacingOrder> {
  const { userId } = await user.create({ clientUserId: randomUUID() });
  const { order } = await labTests.createOrder({
    userId,
    orderSet: { labTestIds: [labTestId] },
    patientDetails: {
      firstName: 'Ada',
      lastName: 'Lovelace',
      dob: '1985-12-10',
      gender: 'female',
      phoneNumber: '+16025550143',
      email: `${userId}@patients.example`,
    },
    patientAddress,
  });
  return order;
}
