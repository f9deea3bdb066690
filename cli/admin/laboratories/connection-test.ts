/** `admin connection test`: sends a laboratory a test message, and shows its answer. */
import { randomInt, randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import type { LabAccount, Laboratory, Marker } from '../../../domain/catalogue/catalogue.ts';
import type { Environment } from '../../../domain/catalogue/lab-connection.ts';
import type { Order } from '../../../domain/orders/order.ts';
import { orderMessage } from '../../../partners/labs/formats/hl7v2/hl7-order-message.ts';
import type { LabAnswer, LabEndpoint, LabOrderMessage } from '../../../partners/labs/laboratory-adapter.ts';
import { adapterFor } from '../../../partners/labs/registry.ts';
import { PartnerUnreachable } from '../../../partners/partner-unreachable.ts';
import { type Catalogue, loadCatalogue } from '../../../store/catalogue/catalogue.ts';
import { findLabConnection } from '../../../store/connections/lab-connections.ts';
import { currentProfile } from '../../../store/connections/lab-profiles.ts';
import { CannotDo, inSession, positive, requireLab } from '../session.ts';

interface TestFlags {
  environment: Environment;
  account?: string;
  test?: string;
  timeout: number;
}

/** Adds `test` to `connection`. */
export function addConnectionTest(connection: Command): void {
  connection
    .command('test')
    .description('send an order marked as a test (MSH-11 T), for a patient who does not exist, and show the answer')
    .argument('<lab>', 'the laboratory, such as labcorp')
    .addOption(
      new Option('--environment <name>', 'the connection to test')
        .choices(['sandbox', 'production'])
        .default('production'),
    )
    .option('--account <number>', 'our account there; the first one that there is')
    .option('--test <code>', 'the laboratory’s code of the test to order; the first one that it offers')
    .option('--timeout <seconds>', 'how long to wait for the answer', positive, 15)
    .addHelpText(
      'after',
      '\nNothing is stored, and no order of yours changes.\n\nExample:\n  admin connection test labcorp --environment sandbox',
    )
    .action((slug: string, { environment, account, test, timeout }: TestFlags, command: Command) =>
      inSession(command, async ({ store, out }) => {
        await requireLab(store, slug);
        const found = await findLabConnection(store, slug, environment);
        if (!found) throw new CannotDo(`${slug} has no ${environment} connection; see admin connection set --help`);
        const catalogue = await loadCatalogue(store);
        const laboratory = catalogue.laboratoriesBySlug.get(slug) as Laboratory;
        const { profile } = await currentProfile(store, laboratory, environment);
        const message: LabOrderMessage = {
          ...testOrder(laboratory, accountOf(catalogue, slug, account), markerOf(catalogue, laboratory, test)),
          laboratory,
          profile,
          sentAt: new Date().toISOString(),
          is_test: true,
        };
        const { orders, acknowledges } = found;
        const adapter = adapterFor(slug, orders);
        const began = performance.now();
        const carried: string[] = [];
        const keepCarried: LabEndpoint['keepCarried'] = async (_raw, { documents, problems }) => {
          carried.push(...documents.map(({ media_type, bytes }) => `${media_type}, ${bytes} bytes`), ...problems);
        };
        const endpoint = { orders, acknowledges, timeoutMs: timeout * 1000, keepCarried };
        const answer = await adapter.submit(message, endpoint, new AbortController().signal).catch((error: unknown) => {
          if (error instanceof PartnerUnreachable) throw new CannotDo(`${error.message}.`);
          throw error;
        });
        out.show({
          lab: laboratory.name,
          environment,
          sent: orderMessage({ ...message, purpose: 'NW' })
            .replaceAll('\r', '\n')
            .trimEnd(),
          control_id: adapter.idOf(message, 'NW'),
          answer: inWords(answer),
          said: answer.code === 'awaited' ? null : answer.text || null,
          filler_order_number: answer.code === 'awaited' ? null : answer.filler_order_number,
          carried: carried.join('; ') || null,
          took_ms: Math.round(performance.now() - began),
        });
      }),
    );
}

function inWords(answer: LabAnswer): string {
  switch (answer.code) {
    case 'awaited':
      return 'delivered; this laboratory acknowledges later';
    case 'AA':
      return answer.is_final ? 'accepted' : 'taken over (CA); it may still be rejected';
    case 'AE':
      return 'an error: orders would be sent again (AE)';
    default:
      return 'rejected (AR)';
  }
}

function accountOf(catalogue: Catalogue, slug: string, number: string | undefined): LabAccount {
  const accounts = [...catalogue.labAccounts.values()].filter(({ lab }) => lab === slug);
  const account = accounts.find(({ provider_account_id }) => number === undefined || provider_account_id === number);
  if (account) return account;
  throw new CannotDo(
    number === undefined
      ? `There is no account at ${slug} yet; see admin lab-account add --help`
      : `There is no account ${number} at ${slug}; there are ${accounts.map((each) => each.provider_account_id).join(', ')}`,
  );
}

function markerOf(catalogue: Catalogue, { id, slug }: Laboratory, code: string | undefined): Marker {
  const offered = [...catalogue.markers.values()].filter(({ lab_id, is_orderable }) => lab_id === id && is_orderable);
  const marker = offered.find(({ provider_id }) => code === undefined || provider_id === code);
  if (marker) return marker;
  throw new CannotDo(`${slug} offers no test ${code ?? ''}`.trim());
}

/** An order for nobody. */
function testOrder(laboratory: Laboratory, account: LabAccount, marker: Marker) {
  const now = new Date().toISOString();
  const address = {
    receiver_name: 'Connection Test',
    first_line: '1 Test Street',
    second_line: null,
    city: 'Phoenix',
    state: 'AZ',
    zip: '85004',
    country: 'US',
    phone_number: null,
    access_notes: null,
  };
  const order: Order = {
    id: randomUUID(),
    team_id: randomUUID(),
    user_id: randomUUID(),
    client_user_id: 'connection-test',
    transaction_id: randomUUID(),
    origin: 'initial',
    parent_id: null,
    collection_method: 'walk_in_test',
    lab_slug: laboratory.slug,
    lab_id: laboratory.id,
    lab_account_id: account.id,
    lab_test_id: randomUUID(),
    markers: [
      {
        marker_id: marker.id,
        provider_id: marker.provider_id,
        result_slugs: marker.expected_results.map(({ slug }) => slug),
      },
    ],
    placer_order_number: `TEST${randomInt(10_000_000, 100_000_000)}`,
    sample_id: null,
    patient: {
      first_name: 'Connection',
      last_name: 'Test',
      dob: '1980-01-01',
      gender: 'female',
      phone_number: '+16025550100',
      email: 'connection-test@venule.example',
      medical_proxy: null,
      race: null,
      ethnicity: null,
      sexual_orientation: null,
      gender_identity: null,
      household_income: null,
      household_size: null,
    },
    address,
    physician: null,
    billing_type: 'client_bill',
    insurance: null,
    icd_codes: [],
    consents: [],
    aoe_answers: [],
    priority: false,
    clinical_notes: 'TEST OF THE CONNECTION, NO ORDER',
    passthrough: null,
    activate_by: null,
    activate_at: null,
    requisition_valid_for: 24 * 3_600_000,
    options: {
      redraws_enabled: false,
      partial_webhooks_enabled: false,
      email_enabled: false,
      results_ready_mail: false,
      time_zone: 'America/New_York',
      sandbox: true,
    },
    created_at: now,
  };
  return { order, account, markers: [marker] };
}
