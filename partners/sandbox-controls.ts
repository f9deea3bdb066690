/** Telling the sandbox partners how an order is to go on (F6); real partners have nothing of the kind. */
import { callPartner } from './http.ts';
import { PartnerUnreachable } from './partner-unreachable.ts';

/** The sandbox lab's address, and what it is shown. */
export interface SandboxLab {
  url: string;
  user: string;
  password: string;
}

/** The sandbox phlebotomy providers' address, and what they are shown. */
export interface SandboxProviders {
  url: string;
  key: string;
}

/** Nobody answered, or somebody in trouble: the same can be asked again. */
export class SandboxAway extends Error {
  override name = 'SandboxAway';
}

/** The partner will not, and would not if it were asked again. */
export class SandboxRefused extends Error {
  override name = 'SandboxRefused';
}

const ANSWER_WITHIN_MS = 10_000;
const LONGEST_ANSWER = 64 * 1024;

/**
 * Has the sandbox laboratory report on an order (docs/hl7.md). What it was asked for before it does not report again.
 * @throws SandboxAway, SandboxRefused
 */
export function tellSandboxLab(
  { url, user, password }: SandboxLab,
  order: { lab_slug: string; placer_order_number: string },
  report: object,
): Promise<void> {
  return tell({
    who: 'laboratory',
    url: `${url}/sandbox/labs/${order.lab_slug}/orders/${order.placer_order_number}/simulate`,
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
    request: report,
  });
}

/**
 * Has the sandbox provider of an appointment walk it on (docs/phlebotomy.md).
 * @throws SandboxAway, SandboxRefused
 */
export function tellSandboxProvider(
  { url, key }: SandboxProviders,
  appointment: { provider: string; provider_appointment_id: string | null },
  request: object,
): Promise<void> {
  const { provider, provider_appointment_id } = appointment;
  return tell({
    who: 'phlebotomy provider',
    url: `${url}/sandbox/phlebotomy/${provider}/appointments/${provider_appointment_id}/simulate`,
    authorization: `Bearer ${key}`,
    request,
  });
}

/**
 * Has the sandbox provider answer one booking `pending`, which it then confirms when it is told to.
 * @param reference Ours of the appointment that is about to be booked.
 * @throws SandboxAway, SandboxRefused
 */
export function tellSandboxDesk({ url, key }: SandboxProviders, provider: string, reference: string): Promise<void> {
  return tell({
    who: 'phlebotomy provider',
    url: `${url}/sandbox/phlebotomy/${provider}/confirmation`,
    authorization: `Bearer ${key}`,
    request: { answer: 'pending', reference },
  });
}

async function tell(told: { who: string; url: string; authorization: string; request: object }): Promise<void> {
  const { who, url, authorization, request } = told;
  const partner = `The sandbox ${who}`;
  const { status } = await callPartner({
    partner,
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify(request),
    timeoutMs: ANSWER_WITHIN_MS,
    longestAnswer: LONGEST_ANSWER,
    credentials: 'restart the sandbox with the credentials of this installation',
  }).catch((error: unknown) => {
    if (!(error instanceof PartnerUnreachable)) throw error;
    if (error.fault === 'credentials') throw new SandboxRefused(`${partner} refused (credentials).`);
    throw new SandboxAway(
      error.fault === 'unavailable' ? `${partner} has a problem.` : `${partner} is not responding.`,
    );
  });
  if (status < 200 || status > 299) throw new SandboxRefused(`${partner} refused (${status}).`);
}
