/** What is reported of an order as a FHIR DiagnosticReport: one for each order, from the moment it is placed. */
import type { DiagnosticReport } from '@medplum/fhirtypes';
import { topLevelStatus } from '../../domain/orders/status.ts';
import type { OrderResult } from '../../domain/results/results.ts';
import { observationIds } from './observation.ts';
import { LABORATORY_ID, laboratoryOf } from './parties.ts';
import { identifiersOf, type OrderFacts } from './service-request.ts';
import { specimenId } from './specimen.ts';
import { coding, concept, DIAGNOSTIC_SERVICE, LAB_TEST, metaOf } from './systems.ts';

/**
 * @param result Its newest; null while there is none.
 * @param publicUrl Where callers reach this installation: the PDF is read there, with the team's key.
 */
export function diagnosticReport(facts: OrderFacts, result: OrderResult | null, publicUrl: string): DiagnosticReport {
  const { held, laboratory, labTest } = facts;
  const { order } = held;
  const samples = Object.keys(result?.sample_information ?? {});
  const found = result ? observationIds(order.id, result) : [];
  return {
    resourceType: 'DiagnosticReport',
    id: order.id,
    meta: metaOf(held.updated_at, order.options.sandbox),
    contained: [laboratoryOf(laboratory)],
    identifier: identifiersOf(facts),
    basedOn: [{ reference: `ServiceRequest/${order.id}` }],
    status: statusOf(facts, result),
    category: [concept([coding(DIAGNOSTIC_SERVICE, 'LAB', 'Laboratory')])],
    code: concept([coding(LAB_TEST, labTest.id, labTest.name)], labTest.name),
    subject: { reference: `Patient/${order.user_id}` },
    ...(result?.metadata.date_collected && { effectiveDateTime: result.metadata.date_collected }),
    ...(result && { issued: result.metadata.date_reported }),
    performer: [{ reference: `#${LABORATORY_ID}`, display: laboratory.name }],
    ...(samples.length > 0 && {
      specimen: samples.map((name) => ({ reference: `Specimen/${specimenId(order.id, name)}` })),
    }),
    ...(found.length > 0 && { result: found.map((id) => ({ reference: `Observation/${id}` })) }),
    ...(result && {
      presentedForm: [
        {
          contentType: 'application/pdf',
          url: `${publicUrl}/v3/order/${order.id}/result/pdf`,
          title: 'Results',
        },
      ],
    }),
  };
}

function statusOf({ held }: OrderFacts, result: OrderResult | null): DiagnosticReport['status'] {
  const standing = topLevelStatus(held.order.collection_method, held.last_status);
  if (!result) return standing === 'cancelled' || standing === 'failed' ? 'cancelled' : 'registered';
  if (result.metadata.status === 'partial') return 'partial';
  const isCorrected =
    held.last_status === 'corrected' || result.results.some(({ reported_status }) => reported_status === 'corrected');
  return isCorrected ? 'corrected' : 'final';
}
