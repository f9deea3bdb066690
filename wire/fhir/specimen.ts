/** What was drawn for an order, as the laboratory reports it, as FHIR Specimens. */
import type { Specimen } from '@medplum/fhirtypes';
import type { OrderResult, SampleData } from '../../domain/results/results.ts';
import type { OrderFacts } from './service-request.ts';
import { identifier, metaOf, ofLab, partId } from './systems.ts';

/** The id of a specimen. @param name Its key in a result's `sample_information`. */
export const specimenId = (orderId: string, name: string): string => partId(orderId, `specimen\n${name}`);

/** Every specimen that a result is about. */
export function specimens(facts: OrderFacts, { sample_information }: OrderResult): Specimen[] {
  return Object.entries(sample_information).map(([name, sample]) => specimen(facts, name, sample));
}

function specimen({ held, laboratory }: OrderFacts, name: string, sample: SampleData): Specimen {
  const { order, updated_at } = held;
  const { sample_id, control_number, date_collected, date_received, clinical_information } = sample;
  const { total_volume, fasting, notes } = clinical_information;
  const collection = {
    ...(date_collected && { collectedDateTime: date_collected.timestamp }),
    ...(fasting && { fastingStatusCodeableConcept: FASTING }),
  };
  const texts = [total_volume && `Total volume: ${total_volume}`, notes].flatMap((text) => text || []);
  return {
    resourceType: 'Specimen',
    id: specimenId(order.id, name),
    meta: metaOf(updated_at, order.options.sandbox),
    ...(sample_id && { identifier: [identifier(ofLab(laboratory.slug, 'specimen'), sample_id)] }),
    ...(control_number && { accessionIdentifier: identifier(ofLab(laboratory.slug, 'order'), control_number, 'FILL') }),
    subject: { reference: `Patient/${order.user_id}` },
    ...(date_received && { receivedTime: date_received.timestamp }),
    request: [{ reference: `ServiceRequest/${order.id}` }],
    ...(Object.keys(collection).length > 0 && { collection }),
    ...(texts.length > 0 && { note: texts.map((text) => ({ text })) }),
  };
}

const FASTING = {
  coding: [
    {
      system: 'http://terminology.hl7.org/CodeSystem/v2-0916',
      code: 'F',
      display: 'Patient was fasting prior to the procedure.',
    },
  ],
};
