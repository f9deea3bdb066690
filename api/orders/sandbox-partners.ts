/** The sandbox partners, as requests tell them what to do; in production nobody is told. */
import type { Appointment } from '../../domain/appointments/appointment.ts';
import type { SimulatedReport } from '../../domain/simulated-report.ts';
import {
  SandboxAway,
  SandboxRefused,
  tellSandboxDesk,
  tellSandboxLab,
  tellSandboxProvider,
} from '../../partners/sandbox-controls.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../http/errors.ts';

type Deps = Pick<ApiDeps, 'config'>;

/**
 * Has the sandbox laboratory report on an order.
 * @throws ApiError `unavailable` when it does not answer, `rule_broken` when it refuses
 */
export function haveLabReport({ config }: Deps, order: OrderDocument, report: SimulatedReport): Promise<void> {
  return tellSandboxLab({ url: config.sandboxUrl, ...config.sandboxCredentials }, order, report).catch(refuse);
}

/**
 * Has the sandbox provider of an appointment walk it on.
 * @throws ApiError `unavailable` when it does not answer, `rule_broken` when it refuses
 */
export function advanceVisit({ config }: Deps, appointment: Appointment, request: object): Promise<void> {
  return tellSandboxProvider({ url: config.sandboxUrl, ...config.sandboxPhlebotomy }, appointment, request).catch(
    refuse,
  );
}

/**
 * Has the sandbox provider leave the booking that is about to be made pending.
 * @throws ApiError as `advanceVisit` does
 */
export function haveBookingWait({ config }: Deps, provider: string, reference: string): Promise<void> {
  return tellSandboxDesk({ url: config.sandboxUrl, ...config.sandboxPhlebotomy }, provider, reference).catch(refuse);
}

function refuse(error: unknown): never {
  if (error instanceof SandboxAway) throw new ApiError('unavailable', error.message);
  if (error instanceof SandboxRefused) throw new ApiError('rule_broken', error.message);
  throw error;
}
