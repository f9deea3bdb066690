/** How much one request may hold: counted before anything of it is validated, so that no request holds up the others. */

const MEGABYTE = 1024 * 1024;

/** Of a request as a whole. */
export const REQUEST_LIMITS = {
  /** Bytes of a body: an order with photographs of an insurance card fits. */
  body_bytes: 8 * MEGABYTE,
  /** Bytes of a body of the Management API. */
  management_body_bytes: 64 * 1024,
  /** Bytes of a body of the booking page. */
  page_body_bytes: 16 * 1024,
  /** Bytes of the request line and all headers: a query with 500 `order_ids` fits. */
  head_bytes: 64 * 1024,
  /** Characters of a picture in base64: half a megabyte of it. */
  picture_characters: 700_000,
  /** Values in a body, on all levels together. */
  body_values: 10_000,
  /** Levels of a body. */
  body_levels: 32,
  /** Characters of a text whose own limit is not told. */
  text_characters: 10_000,
  /** Milliseconds in which the whole request has to come. */
  arrives_within: 30_000,
} as const;

/** Elements of the lists in bodies and queries. */
export const LIST_LIMITS = {
  aoe_answers: 500,
  capabilities: 10,
  consents: 20,
  filter_types: 100,
  icd_codes: 50,
  lab_ids: 50,
  lab_test_ids: 50,
  labs: 20,
  licensed_states: 60,
  marker_ids: 200,
  order_activation_types: 10,
  order_ids: 500,
  order_types: 10,
  provider_ids: 200,
  result_types: 10,
  site_codes: 100,
  statuses: 50,
} as const;
