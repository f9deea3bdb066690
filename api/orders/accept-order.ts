/** From a request to an order: everything that is settled the moment an order is accepted (A1). */
import { BOOKED_BY_PATIENTS } from '../../domain/appointments/appointment.ts';
import { startOfDay } from '../../domain/calendar.ts';
import type { LabAccount } from '../../domain/catalogue/catalogue.ts';
import { refusals } from '../../domain/orders/checks.ts';
import type { MedicalProxy, Order } from '../../domain/orders/order.ts';
import type { JourneyPolicy } from '../../domain/policy.ts';
import type { Principal } from '../../domain/principal.ts';
import type { TeamDocument, UserDocument } from '../../store/collections/access.ts';
import { insertOnce } from '../../store/collections/write.ts';
import { orderFacts } from '../../store/orders/order-facts.ts';
import { keepSignature, signatureHash } from '../../store/orders/signature-images.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../http/errors.ts';
import { guarantor } from '../http/fields.ts';
import { userOrderedFor } from '../users/endpoints.ts';
import { chooseLabAccount, labAccountOf } from './lab-account-choice.ts';
import { type OrderedTests, orderedTests } from './order-set.ts';
import { bytesOf } from './pictures.ts';
import { type CreateOrderBody, readInstant } from './schemas.ts';

/** What an order is called, settled before anything happens, so that a retry makes the same order (F9). */
export type OrderIds = Record<'order_id' | 'transaction_id' | 'placer_order_number' | 'created_at', string>;

/**
 * Makes the order that a request asks for. Nothing has been started and no order written when this returns.
 * @throws ApiError `not_found` for what the team cannot see, `rule_broken` with everything that speaks against the order
 */
export async function acceptOrder(
  { store, catalogue, policy, users }: Pick<ApiDeps, 'store' | 'catalogue' | 'policy' | 'users'>,
  { team, by }: { team: TeamDocument; by: Principal },
  body: CreateOrderBody,
  ids: OrderIds,
): Promise<Order> {
  const user = await userOrderedFor(users, team._id, body.user_id);
  const set = body.order_set ?? (body.lab_test_id ? { lab_test_ids: [body.lab_test_id] } : undefined);
  if (!set) throw new ApiError('rule_broken', 'order_set must be set');
  const namedAccount = body.lab_account_id ?? body.order_set?.lab_account_id;
  const accountLab = namedAccount && labAccountOf(catalogue, team._id, namedAccount).lab;
  const tests = await orderedTests(catalogue, team._id, set, body.collection_method, accountLab);
  const account = chooseLabAccount(catalogue, team._id, tests.laboratory.slug, namedAccount);

  const order = { ...orderOf(team, user, body, tests, account, ids, policy), placed_by: by };
  const now = new Date(ids.created_at);
  const facts = { ...(await orderFacts(store, catalogue, order, now, team)), labTest: tests.labTest };
  const broken = refusals(facts);
  if (broken.length > 0) throw new ApiError('rule_broken', broken.join('; '));

  if (tests.isNew) await keepLabTest({ store, catalogue }, tests);
  const signature = body.physician?.signature_image;
  if (signature) await keepSignature(store, bytesOf(signature.content));
  return order;
}

/** Writes a lab test that was put together for this order, so that the order can be shown with it. */
async function keepLabTest({ store, catalogue }: Pick<ApiDeps, 'store' | 'catalogue'>, { labTest }: OrderedTests) {
  const { id, ...rest } = labTest;
  await insertOnce(store.labTests, { _id: id, ...rest });
  await catalogue.know([id]);
}

function orderOf(
  team: TeamDocument,
  user: UserDocument,
  body: CreateOrderBody,
  tests: OrderedTests,
  account: LabAccount,
  ids: OrderIds,
  policy: JourneyPolicy,
): Order {
  const { options } = team;
  const { patient_details: patient, patient_address: address, activate_by = null } = body;
  const notes = [account.default_clinical_notes, body.clinical_notes].filter(Boolean);
  return {
    id: ids.order_id,
    team_id: team._id,
    user_id: user._id,
    client_user_id: user.client_user_id,
    transaction_id: ids.transaction_id,
    origin: 'initial',
    parent_id: null,
    collection_method: tests.method,
    lab_slug: tests.laboratory.slug,
    lab_id: tests.laboratory.id,
    lab_account_id: account.id,
    lab_test_id: tests.labTest.id,
    markers: tests.markers.map((marker) => ({
      marker_id: marker.id,
      provider_id: marker.provider_id,
      result_slugs: marker.expected_results.map(({ slug }) => slug),
      required_slugs: marker.expected_results.filter(({ required }) => required).map(({ slug }) => slug),
    })),
    placer_order_number: ids.placer_order_number,
    sample_id: null,
    patient: {
      first_name: patient.first_name,
      last_name: patient.last_name,
      dob: patient.dob,
      gender: patient.gender,
      phone_number: patient.phone_number,
      email: patient.email,
      medical_proxy: medicalProxyOf(body, user),
      race: patient.race ?? null,
      ethnicity: patient.ethnicity ?? null,
      sexual_orientation: patient.sexual_orientation ?? null,
      gender_identity: patient.gender_identity ?? null,
      household_income: patient.household_income ?? null,
      household_size: patient.household_size ?? null,
    },
    address: {
      receiver_name: address.receiver_name || `${patient.first_name} ${patient.last_name}`,
      first_line: address.first_line,
      second_line: address.second_line ?? null,
      city: address.city,
      state: address.state,
      zip: address.zip,
      country: address.country,
      phone_number: address.phone_number ?? null,
      access_notes: address.access_notes ?? null,
    },
    physician: body.physician
      ? {
          first_name: body.physician.first_name,
          last_name: body.physician.last_name,
          npi: body.physician.npi,
          email: body.physician.email ?? null,
          licensed_states: body.physician.licensed_states,
          ...(body.physician.signature_image && {
            signature_hash: signatureHash(bytesOf(body.physician.signature_image.content)),
          }),
        }
      : null,
    billing_type: body.billing_type,
    insurance: null,
    icd_codes: body.icd_codes.map((code) => code.trim().toUpperCase()),
    consents: body.consents.map(({ consentType, version, timeOfConsent }) => ({
      consent_type: consentType,
      version,
      time_of_consent: timeOfConsent ? readInstant(timeOfConsent).toISOString() : ids.created_at,
    })),
    aoe_answers: body.aoe_answers,
    priority: body.priority,
    clinical_notes: notes.length > 0 ? notes.join('\n') : null,
    passthrough: body.passthrough ?? null,
    activate_by,
    activate_at: activate_by && startOfDay(activate_by, options.time_zone).toISOString(),
    requisition_valid_for: policy.requisition_valid[tests.method],
    options: {
      redraws_enabled: options.redraws_enabled,
      partial_webhooks_enabled: options.partial_webhooks_enabled,
      email_enabled: options.email_enabled,
      sms_enabled: options.sms_enabled,
      // Nobody is reminded to book where nothing is booked.
      reminders_enabled: options.reminders_enabled && BOOKED_BY_PATIENTS.includes(tests.method),
      results_ready_mail: options.results_ready_mail,
      early_booking_enabled: options.early_booking_enabled,
      time_zone: options.time_zone,
      sandbox: team.environment === 'sandbox',
    },
    created_at: ids.created_at,
  };
}

/**
 * A minor's proxy, given with the order or in the user's demographics (lifecycle §6).
 * @throws ApiError `rule_broken` when demographics from before there were rules about persons hold one that breaks them
 */
function medicalProxyOf(body: CreateOrderBody, user: UserDocument): MedicalProxy | null {
  const stored = body.patient_details.medical_proxy ? undefined : user.info?.medical_proxy;
  const kept = stored ? guarantor.safeParse(stored) : undefined;
  if (kept?.error) {
    const fields = kept.error.issues.map(({ path }) => path.join('.')).join(', ');
    throw new ApiError('rule_broken', `The medical_proxy in the user’s demographics is not valid: ${fields}`);
  }
  const proxy = body.patient_details.medical_proxy ?? kept?.data;
  if (!proxy) return null;
  const { access_notes: _, ...address } = proxy.address;
  return {
    first_name: proxy.first_name,
    last_name: proxy.last_name,
    address: { ...address, second_line: address.second_line ?? null },
    phone_number: proxy.phone_number,
    email: proxy.email ?? null,
    household_income: proxy.household_income ?? null,
    household_size: proxy.household_size ?? null,
  };
}
