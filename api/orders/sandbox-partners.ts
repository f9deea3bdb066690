/** Telling the sandbox partners what to do; in production nobody is told. */
import type { Appointment } from '../../domain/appointment.ts';
import type { OrderDocument } from '../../store/documents.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../errors.ts';

type Deps = Pick<ApiDeps, 'config'>;

const ANSWER_WITHIN_MS = 10_000;

/**
 * Has the sandbox laboratory report on an order (docs/hl7.md).
 * @throws ApiError `unavailable` when it does not answer, `rule_broken` when it refuses
 */
export function tellSandboxLab({ config }: Deps, order: OrderDocument, request: object): Promise<void> {
  const { user, password } = config.sandboxCredentials;
  return tell({
    who: 'laboratory',
    url: `${config.sandboxUrl}/sandbox/labs/${order.lab_slug}/orders/${order.placer_order_number}/simulate`,
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
    request,
  });
}

/**
 * Has the sandbox company of an appointment walk it on (docs/phlebotomy.md).
 * @throws ApiError `unavailable` when it does not answer, `rule_broken` when it refuses
 */
export function tellSandboxCompany(
  { config }: Deps,
  { provider, provider_appointment_id }: Appointment,
  request: object,
): Promise<void> {
  return tell({
    who: 'phlebotomy company',
    url: `${config.sandboxUrl}/sandbox/phlebotomy/${provider}/appointments/${provider_appointment_id}/simulate`,
    authorization: `Bearer ${config.sandboxPhlebotomy.key}`,
    request,
  });
}

async function tell(told: { who: string; url: string; authorization: string; request: object }): Promise<void> {
  const { who, url, authorization, request } = told;
  let answer: Response;
  try {
    answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
  } catch {
    throw new ApiError('unavailable', `The sandbox ${who} does not answer.`);
  }
  if (answer.status >= 500) throw new ApiError('unavailable', `The sandbox ${who} is in trouble.`);
  if (!answer.ok) throw new ApiError('rule_broken', `The sandbox ${who} refused (${answer.status}).`);
}
