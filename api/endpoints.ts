/** Every endpoint that a team's key opens. One that is added to a router file is mounted, described and tried out. */

import { areaEndpoints } from './appointments/areas.ts';
import { appointmentEndpoints } from './appointments/endpoints.ts';
import { communicationSettingsEndpoints } from './communication-settings/endpoints.ts';
import type { Endpoint } from './http/endpoint.ts';
import { labTestEndpoints } from './lab-tests/endpoints.ts';
import { orderTransactionEndpoints } from './order-transactions/endpoints.ts';
import { orderEndpoints } from './orders/endpoints.ts';
import { resultEndpoints } from './results/endpoints.ts';
import { teamEndpoints } from './team/endpoints.ts';
import { userEndpoints } from './users/endpoints.ts';

/** All of them; where two paths match, the earlier one answers. */
export const endpoints: readonly Endpoint[] = [
  ...userEndpoints,
  ...teamEndpoints,
  ...labTestEndpoints,
  ...areaEndpoints,
  ...appointmentEndpoints,
  ...orderEndpoints,
  ...communicationSettingsEndpoints,
  ...resultEndpoints,
  ...orderTransactionEndpoints,
];
