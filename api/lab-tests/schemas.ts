/** Requests and answers about the catalogue (contract §2.1). */
import { z } from 'zod';
import { LAB_ACCOUNT_STATUSES } from '../../domain/catalogue/catalogue.ts';
import { LIST_LIMITS } from '../../domain/limits.ts';
import { COLLECTION_METHODS } from '../../domain/orders/status.ts';
import {
  clientFacingLab,
  clientFacingLabAccount,
  clientFacingLabTest,
  clientFacingMarkerComplete,
} from '../../wire/catalogue-shapes.ts';
import { uuid } from '../../wire/fields.ts';
import { page, text } from '../http/fields.ts';

const markerId = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);

const labTestFilters = {
  generation_method: z.enum(['auto', 'manual', 'all']).default('manual'),
  lab_slug: text.optional(),
  collection_method: z.enum(COLLECTION_METHODS).optional(),
  status: z.enum(['active', 'pending_approval', 'inactive']).optional(),
  marker_ids: z.array(markerId).max(LIST_LIMITS.marker_ids).optional(),
  provider_ids: z.array(text).max(LIST_LIMITS.provider_ids).optional(),
  name: text.optional().meta({ description: 'Part of the name; not case-sensitive.' }),
  order_key: z.enum(['price', 'created_at', 'updated_at']).optional(),
  order_direction: z.enum(['asc', 'desc']).default('asc'),
};

export const labTestListQuery = z.object(labTestFilters);
export type LabTestListQuery = z.infer<typeof labTestListQuery>;

export const labTestPageQuery = z.object({
  lab_test_limit: z.int().min(1).max(100).default(50),
  next_cursor: text.optional(),
  include_pricing: z.boolean().optional(),
  lab_account_id: uuid.optional(),
  ...labTestFilters,
});

export const labTestPath = z.object({ lab_test_id: uuid });
export const labAccountQuery = z.object({ lab_account_id: uuid.optional() });
export const labMarkerPath = z.object({
  lab_id: z.coerce
    .number<string>()
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  provider_id: text,
});

export const labTestList = z.array(clientFacingLabTest);
export const labTestPage = z
  .object({ data: z.array(clientFacingLabTest), next_cursor: z.string().nullable() })
  .meta({ id: 'LabTestResourcesResponse' });
export const labList = z.array(clientFacingLab);

export const markerListQuery = z.object({
  lab_id: z.array(markerId).max(LIST_LIMITS.lab_ids).optional(),
  lab_slug: text.optional().meta({ description: 'Takes precedence over `lab_id`.' }),
  name: text.optional().meta({ description: 'Part of the name or of the lab’s test code.' }),
  a_la_carte_enabled: z.boolean().optional(),
  include_pricing: z.boolean().optional(),
  lab_account_id: uuid.optional(),
  ...page,
});
export const pageQuery = z.object(page);
export const labTestMarkersQuery = z.object({ lab_account_id: uuid.optional(), ...page });

export const markerPage = z
  .object({
    markers: z.array(clientFacingMarkerComplete),
    total: z.int(),
    page: z.int(),
    size: z.int(),
    pages: z.int(),
  })
  .meta({ id: 'GetMarkersResponse' });

/** Which tests an order is for: lab tests, single markers, or both. */
export const orderSet = z
  .object({
    lab_test_ids: z.array(uuid).max(LIST_LIMITS.lab_test_ids).optional(),
    add_on: z
      .object({
        marker_ids: z.array(markerId).max(LIST_LIMITS.marker_ids).optional(),
        provider_ids: z.array(text).max(LIST_LIMITS.provider_ids).optional(),
      })
      .meta({ id: 'AddOnOrder' })
      .optional(),
    lab_account_id: uuid.optional(),
  })
  .meta({ id: 'OrderSetRequest' });
export type OrderSet = z.infer<typeof orderSet>;

export const labAccountListQuery = z.object({
  lab_account_id: uuid.optional(),
  status: z.enum(LAB_ACCOUNT_STATUSES).optional(),
});
export const labAccountList = z
  .object({ data: z.array(clientFacingLabAccount) })
  .meta({ id: 'GetTeamLabAccountsResponse' });
