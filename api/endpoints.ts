/** Every endpoint that a team's key opens. One that is added to a router file is mounted, described and tried out. */
import type { Endpoint } from './endpoint.ts';
import { appointmentEndpoints } from './routers/appointments.ts';
import { areaEndpoints } from './routers/areas.ts';
import { communicationSettingsEndpoints } from './routers/communication-settings.ts';
import { labTestEndpoints } from './routers/lab-tests.ts';
import { orderTransactionEndpoints } from './routers/order-transactions.ts';
import { orderEndpoints } from './routers/orders.ts';
import { resultEndpoints } from './routers/results.ts';
import { teamEndpoints } from './routers/team.ts';
import { userEndpoints } from './routers/users.ts';

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
