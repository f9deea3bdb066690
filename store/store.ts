/** The open database: one model for each collection, with the indexes that its readers need. */
import mongoose, { type Connection, type Model, Schema, type SchemaDefinition } from 'mongoose';
import type {
  ApiKeyDocument,
  AppointmentClaimDocument,
  AppointmentDocument,
  AuditDocument,
  AvailabilityDocument,
  BookingLinkDocument,
  HeldMessageDocument,
  IdempotencyDocument,
  IssuedDocument,
  LabAccountDocument,
  LabConnectionDocument,
  LabMessageDocument,
  LabMessageTextDocument,
  LaboratoryDocument,
  LabTestDocument,
  MarkerDocument,
  OfferedPlaceDocument,
  OrderDocument,
  OrderTransactionDocument,
  PhlebotomyConnectionDocument,
  PhlebotomyEventDocument,
  ProvenAddressDocument,
  RateLimitDocument,
  ResultDocument,
  SentMessageDocument,
  ServiceCentreDocument,
  SignatureImageDocument,
  TeamDocument,
  ToldMessageDocument,
  UnreadableEventDocument,
  UnsubscribeLinkDocument,
  UnsubscriptionDocument,
  UserDocument,
  WebhookDeliveryDocument,
  WebhookEndpointDocument,
  WebhookMessageDocument,
} from './documents.ts';

type Index = [
  fields: Record<string, 1 | -1>,
  options?: { unique?: boolean; expireAfterSeconds?: number; partialFilterExpression?: object },
];

const Mixed = Schema.Types.Mixed;
const text = { type: String, required: true } as const;
const textOrNull = { type: String, default: null } as const;
const date = { type: Date, required: true } as const;
const dateOrNull = { type: Date, default: null } as const;
const whole = { type: Mixed, required: true } as const;
const wholeOrNull = { type: Mixed, default: null } as const;
const yes = { type: Boolean, required: true } as const;
const count = { type: Number, required: true } as const;

function define<T>(
  connection: Connection,
  collection: string,
  fields: SchemaDefinition,
  indexes: Index[] = [],
): Model<T> {
  const schema = new Schema(fields, { collection, versionKey: false, minimize: false, autoIndex: false });
  for (const [keys, options] of indexes) schema.index(keys, options);
  return connection.model(collection, schema) as unknown as Model<T>;
}

/** An address from which nobody has shown the right password for so long has to show it again in quiet times. */
const PROVEN_FOR_SECONDS = 90 * 24 * 3600;

/** A link that was opened from paper says for so long that it has expired; then it is forgotten. */
const VISITS_KEPT_FOR_SECONDS = 24 * 3600;

function models(connection: Connection) {
  return {
    teams: define<TeamDocument>(
      connection,
      'teams',
      {
        _id: text,
        org_id: text,
        name: text,
        environment: text,
        options: whole,
        contact: whole,
        logo_url: textOrNull,
        logo: textOrNull,
        created_at: date,
      },
      [[{ org_id: 1, environment: 1 }]],
    ),
    apiKeys: define<ApiKeyDocument>(
      connection,
      'api_keys',
      { _id: text, team_id: text, label: text, hash: text, prefix: text, created_at: date, deleted_at: dateOrNull },
      [[{ hash: 1 }, { unique: true }], [{ team_id: 1 }]],
    ),
    users: define<UserDocument>(
      connection,
      'users',
      {
        _id: text,
        team_id: text,
        client_user_id: text,
        fallback_time_zone: textOrNull,
        fallback_birth_date: textOrNull,
        ingestion_start: textOrNull,
        ingestion_end: textOrNull,
        info: wholeOrNull,
        created_at: date,
        updated_at: date,
      },
      [[{ team_id: 1, client_user_id: 1 }, { unique: true }], [{ team_id: 1, created_at: 1, _id: 1 }]],
    ),
    orders: define<OrderDocument>(
      connection,
      'orders',
      {
        _id: text,
        order: whole,
        events: { type: [Mixed] as never, required: true },
        last_status: text,
        interpretation: textOrNull,
        has_missing_results: { type: Boolean, default: null },
        result_version: { type: Number, default: 0 },
        filler_order_number: textOrNull,
        sample_id: textOrNull,
        appointment_id: textOrNull,
        sms_enabled: { type: Boolean, default: null },
        journey_check: wholeOrNull,
        approved_patients: { type: Mixed },
        team_id: text,
        user_id: text,
        transaction_id: text,
        origin: text,
        collection_method: text,
        lab_slug: text,
        placer_order_number: text,
        patient_name: text,
        patient_dob: text,
        patient_names: { type: [String], required: true },
        recipient_names: { type: [String], required: true },
        search_terms: { type: [String], default: undefined },
        activate_by: textOrNull,
        created_at: date,
        updated_at: date,
      },
      [
        [{ placer_order_number: 1 }, { unique: true }],
        [{ transaction_id: 1, created_at: 1 }],
        [{ team_id: 1, created_at: -1, _id: -1 }],
        [{ team_id: 1, updated_at: -1 }],
        [{ team_id: 1, user_id: 1, created_at: -1, _id: -1 }],
        [{ team_id: 1, last_status: 1, created_at: 1, _id: 1 }],
        [{ team_id: 1, collection_method: 1, created_at: -1, _id: -1 }],
        [
          { team_id: 1, interpretation: 1, created_at: -1, _id: -1 },
          { partialFilterExpression: { interpretation: { $gt: '' } } },
        ],
        [
          { team_id: 1, activate_by: 1, created_at: -1, _id: -1 },
          { partialFilterExpression: { activate_by: { $gt: '' } } },
        ],
        [{ team_id: 1, patient_name: 1, created_at: 1, _id: 1 }],
        [{ team_id: 1, patient_names: 1 }],
        [{ team_id: 1, recipient_names: 1 }],
        [{ team_id: 1, search_terms: 1 }],
        [{ team_id: 1, patient_dob: 1 }],
        [{ 'journey_check.due': 1 }, { partialFilterExpression: { 'journey_check.due': { $gt: new Date(0) } } }],
      ],
    ),
    transactions: define<OrderTransactionDocument>(connection, 'order_transactions', {
      _id: text,
      team_id: text,
      user_id: text,
      status: text,
      version: count,
      created_at: date,
      updated_at: date,
    }),
    results: define<ResultDocument>(
      connection,
      'results',
      {
        _id: text,
        order_id: text,
        transaction_id: text,
        version: count,
        event_number: count,
        result: whole,
        created_at: date,
      },
      [[{ order_id: 1, version: -1 }, { unique: true }]],
    ),
    issuedDocuments: define<IssuedDocument>(connection, 'issued_documents', {
      _id: text,
      kind: text,
      content: { type: Buffer, required: true },
      created_at: date,
    }),
    signatureImages: define<SignatureImageDocument>(connection, 'signature_images', {
      _id: text,
      content: { type: Buffer, required: true },
      created_at: date,
    }),
    labMessages: define<LabMessageDocument>(
      connection,
      'lab_messages',
      {
        _id: text,
        lab_slug: text,
        control_id: text,
        content_hash: text,
        report_index: count,
        raw: { type: String },
        report: whole,
        state: text,
        order_id: textOrNull,
        team_id: textOrNull,
        event_number: { type: Number, default: null },
        unmatched_reason: textOrNull,
        closed_because: { type: String },
        doubts: { type: Mixed },
        bytes_in_result: { type: Number },
        unknown_codes: { type: Mixed },
        lease_until: date,
        attempts: count,
        last_error: textOrNull,
        received_at: date,
      },
      [
        [{ lab_slug: 1, control_id: 1, content_hash: 1, report_index: 1 }, { unique: true }],
        [{ state: 1, lease_until: 1, received_at: 1 }, { partialFilterExpression: { state: 'stored' } }],
        [{ order_id: 1, received_at: 1 }],
        [{ received_at: -1 }, { partialFilterExpression: { unknown_codes: { $exists: true } } }],
        [{ received_at: 1 }],
        [{ content_hash: 1 }],
      ],
    ),
    labMessageTexts: define<LabMessageTextDocument>(
      connection,
      'lab_message_texts',
      { _id: text, lab_slug: text, environment: text, raw: whole, refused: textOrNull, received_at: date },
      [[{ received_at: -1 }, { partialFilterExpression: { refused: { $gt: '' } } }]],
    ),
    appointmentClaims: define<AppointmentClaimDocument>(
      connection,
      'appointment_claims',
      { _id: text, appointment_id: text, order_id: text, command: wholeOrNull, claimed_at: date },
      [[{ appointment_id: 1 }], [{ order_id: 1 }]],
    ),
    sentMessages: define<SentMessageDocument>(
      connection,
      'sent_messages',
      { _id: text, to: text, text, sent_at: date },
      [[{ sent_at: 1 }]],
    ),
    toldMessages: define<ToldMessageDocument>(
      connection,
      'told_messages',
      { _id: text, order_id: text, way: text, kind: text, sent_at: date },
      [[{ order_id: 1, sent_at: 1 }], [{ sent_at: 1 }]],
    ),
    heldMessages: define<HeldMessageDocument>(
      connection,
      'held_messages',
      { _id: text, order_id: text, way: text, kind: text, reason: text, held_at: date },
      [[{ order_id: 1, held_at: 1 }], [{ held_at: 1 }]],
    ),
    webhookEndpoints: define<WebhookEndpointDocument>(
      connection,
      'webhook_endpoints',
      {
        _id: text,
        team_id: text,
        url: text,
        description: { type: String, default: '' },
        rate_limit: { type: Number, default: null },
        disabled: yes,
        filter_types: wholeOrNull,
        secrets: whole,
        headers: whole,
        failing_since: dateOrNull,
        rest_until: dateOrNull,
        disabled_at: dateOrNull,
        disabled_because: textOrNull,
        created_at: date,
        updated_at: date,
      },
      [[{ team_id: 1, created_at: 1 }]],
    ),
    webhookMessages: define<WebhookMessageDocument>(
      connection,
      'webhook_messages',
      {
        _id: text,
        team_id: text,
        event_type: text,
        payload: text,
        order_id: textOrNull,
        event_number: { type: Number, default: null },
        fanned_out: yes,
        created_at: date,
      },
      [
        [{ fanned_out: 1, created_at: 1 }, { partialFilterExpression: { fanned_out: false } }],
        [{ order_id: 1, event_number: 1 }],
        [{ team_id: 1, created_at: 1, _id: 1 }],
      ],
    ),
    webhookDeliveries: define<WebhookDeliveryDocument>(
      connection,
      'webhook_deliveries',
      {
        _id: text,
        message_id: text,
        endpoint_id: text,
        team_id: text,
        state: text,
        attempts: whole,
        next_attempt_at: date,
        lease_until: date,
        created_at: date,
      },
      [
        [{ state: 1, endpoint_id: 1, next_attempt_at: 1 }, { partialFilterExpression: { state: 'pending' } }],
        [{ endpoint_id: 1, created_at: -1 }],
      ],
    ),
    idempotency: define<IdempotencyDocument>(
      connection,
      'idempotency_keys',
      { _id: text, request_hash: text, ids: whole, response: wholeOrNull, lease_until: date, expires_at: date },
      [[{ expires_at: 1 }, { expireAfterSeconds: 0 }]],
    ),
    audit: define<AuditDocument>(
      connection,
      'audit',
      { _id: text, team_id: textOrNull, by: whole, action: text, order_id: textOrNull, detail: whole, at: date },
      [[{ order_id: 1, at: 1 }]],
    ),
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
    labConnections: define<LabConnectionDocument>(connection, 'lab_connections', {
      _id: text,
      lab_slug: text,
      environment: text,
      url: text,
      user: text,
      password: text,
      inbound_user: text,
      inbound_password_hash: text,
    }),
    appointments: define<AppointmentDocument>(
      connection,
      'appointments',
      {
        _id: text,
        order_id: text,
        transaction_id: text,
        team_id: text,
        user_id: text,
        provider: text,
        type: text,
        status: text,
        start_at: textOrNull,
        end_at: textOrNull,
        time_zone: textOrNull,
        address: whole,
        location: whole,
        appointment_notes: textOrNull,
        external_id: textOrNull,
        provider_appointment_id: textOrNull,
        site_code: textOrNull,
        can_reschedule: yes,
        events: whole,
        created_at: date,
        updated_at: date,
      },
      [[{ order_id: 1, created_at: -1 }], [{ provider: 1, provider_appointment_id: 1 }]],
    ),
    availabilities: define<AvailabilityDocument>(
      connection,
      'availabilities',
      {
        _id: text,
        team_id: text,
        provider: text,
        places: whole,
        slots: whole,
        created_at: date,
        forget_at: date,
      },
      [[{ forget_at: 1 }, { expireAfterSeconds: 0 }]],
    ),
    offeredPlaces: define<OfferedPlaceDocument>(
      connection,
      'offered_places',
      { _id: text, team_id: text, place: whole, forget_at: date },
      [[{ forget_at: 1 }, { expireAfterSeconds: 0 }]],
    ),
    bookingLinks: define<BookingLinkDocument>(
      connection,
      'booking_links',
      {
        _id: text,
        order_id: text,
        kind: { type: String },
        wrong_dates: { type: Number },
        expires_at: date,
        revoked_at: dateOrNull,
        created_at: date,
      },
      [
        [{ order_id: 1 }],
        [
          { expires_at: 1 },
          { expireAfterSeconds: VISITS_KEPT_FOR_SECONDS, partialFilterExpression: { kind: 'from_paper' } },
        ],
      ],
    ),
    unsubscribeLinks: define<UnsubscribeLinkDocument>(connection, 'unsubscribe_links', {
      _id: text,
      team_id: text,
      address_hash: text,
      created_at: date,
    }),
    unsubscriptions: define<UnsubscriptionDocument>(connection, 'unsubscriptions', {
      _id: text,
      team_id: text,
      created_at: date,
    }),
    rateLimits: define<RateLimitDocument>(connection, 'rate_limits', { key: text, points: count, expire: dateOrNull }, [
      [{ key: 1 }, { unique: true }],
      [{ expire: 1 }, { expireAfterSeconds: 0 }],
    ]),
    provenAddresses: define<ProvenAddressDocument>(connection, 'proven_addresses', { _id: text, at: date }, [
      [{ at: 1 }, { expireAfterSeconds: PROVEN_FOR_SECONDS }],
    ]),
    serviceCentres: define<ServiceCentreDocument>(connection, 'service_centres', {
      _id: text,
      provider: text,
      environment: text,
      code: text,
      name: text,
      address: whole,
      location: whole,
      time_zone: text,
      updated_at: date,
    }),
    phlebotomyConnections: define<PhlebotomyConnectionDocument>(connection, 'phlebotomy_connections', {
      _id: text,
      provider: text,
      environment: text,
      url: text,
      key: text,
      secrets: whole,
    }),
    phlebotomyEvents: define<PhlebotomyEventDocument>(
      connection,
      'phlebotomy_events',
      {
        _id: text,
        provider: text,
        environment: text,
        event_id: text,
        raw: text,
        reference: text,
        report: whole,
        state: text,
        appointment_id: textOrNull,
        order_id: textOrNull,
        team_id: textOrNull,
        kept_because: textOrNull,
        lease_until: date,
        attempts: count,
        last_error: textOrNull,
        received_at: date,
      },
      [
        [{ state: 1, lease_until: 1, received_at: 1 }, { partialFilterExpression: { state: 'stored' } }],
        [{ appointment_id: 1, received_at: 1 }, { partialFilterExpression: { appointment_id: { $gt: '' } } }],
      ],
    ),
    unreadableEvents: define<UnreadableEventDocument>(
      connection,
      'unreadable_events',
      {
        _id: text,
        provider: text,
        environment: text,
        event_id: text,
        raw: whole,
        unreadable_because: text,
        received_at: date,
      },
      [[{ received_at: -1 }]],
    ),
  };
}

/** The database, open. */
export type Store = {
  connection: Connection;
  /** Where callers reach this installation, for links in answers and webhooks; null where nobody said. */
  publicUrl: string | null;
} & ReturnType<typeof models>;

/**
 * How long the database may be silent, in milliseconds: one that is there but does not answer must not hold callers up.
 * A read or a write is tried once more, on a new connection.
 */
const SILENT_AT_MOST = { socketTimeoutMS: 5_000, connectTimeoutMS: 3_000, serverSelectionTimeoutMS: 5_000 };

/**
 * Opens the database and makes sure of its indexes.
 * @param uri MongoDB connection string of a replica set (transactions need one).
 * @param publicUrl Where callers reach this installation.
 * @throws MongooseServerSelectionError when no server answers within ten seconds.
 */
export async function openStore(uri: string, publicUrl: string | null = null): Promise<Store> {
  await makeIndexes(uri);
  const connection = await mongoose.createConnection(uri, { ...SILENT_AT_MOST, maxPoolSize: 50 }).asPromise();
  return { connection, publicUrl, ...models(connection) };
}

/** On a connection of their own: an index of a large collection takes as long as it takes. */
async function makeIndexes(uri: string): Promise<void> {
  const patient = await mongoose.createConnection(uri, { serverSelectionTimeoutMS: 10_000 }).asPromise();
  try {
    await Promise.all(Object.values(models(patient)).map((model) => model.createIndexes()));
  } finally {
    await patient.close();
  }
}

/** A model's collection without mongoose's casting, for documents that are already in the shape they are stored in. */
export function collectionOf<T extends { _id: unknown }>(model: Model<T>): mongoose.mongo.Collection<T> {
  return model.collection as unknown as mongoose.mongo.Collection<T>;
}

/** Closes every connection to the database. */
export async function closeStore(store: Store): Promise<void> {
  await store.connection.close();
}
