/** Which order a report is about: the numbers in it, in the order that it is based on, and in those which that is based on. */
import { isOurNumber } from '../../../../domain/orders/placer-order-number.ts';
import type { ReceivedBundle } from './fhir-bundle.ts';
import type { FhirElement } from './fhir-element.ts';

/** What a report and its order are called. */
export interface OrderNumbers {
  ofReport: FhirElement[];
  ofRequest: FhirElement[];
  /** Of a ServiceRequest that is named by its id; of several that are based on each other, of the one at their beginning. */
  orderId: string | undefined;
}

/** How many orders that are based on each other are followed. */
const FOLLOWED = 10;
const UUID = '[\\da-f]{8}(?:-[\\da-f]{4}){3}-[\\da-f]{12}';
const REQUEST = new RegExp(`(?:^|/)ServiceRequest/(${UUID})(?:/_history/[^/]+)?$`, 'i');
const ID = new RegExp(`^${UUID}$`, 'i');

/** The ServiceRequest that a resource is based on. */
export function requestOf(bundle: ReceivedBundle, resource: FhirElement): FhirElement | undefined {
  for (const reference of resource.all('basedOn')) {
    const request = bundle.follow(reference, resource, 'ServiceRequest');
    if (request) return request;
  }
  return undefined;
}

/** The identifiers of a report and of its order, which its observations may name instead. */
export function orderNumbersOf(
  bundle: ReceivedBundle,
  source: FhirElement,
  members: readonly FhirElement[],
): OrderNumbers {
  const ofRequest: FhirElement[] = [];
  let orderId: string | undefined;
  const seen = new Set<FhirElement>();
  let based: FhirElement | undefined = [source, ...members].find((one) => one.all('basedOn').length > 0);
  while (based && !seen.has(based) && seen.size <= FOLLOWED) {
    seen.add(based);
    const references = based.all('basedOn');
    const request = requestOf(bundle, based);
    const own = request?.text('id') ?? '';
    const named = references.flatMap((one) => REQUEST.exec(one.text('reference'))?.[1] ?? []);
    orderId = (ID.test(own) ? own : named[0])?.toLowerCase() ?? orderId;
    ofRequest.push(
      ...references.flatMap((reference) => reference.all('identifier')),
      ...(request?.all('identifier') ?? []),
      ...(request?.all('requisition') ?? []),
    );
    based = request;
  }
  return { ofReport: source.type === 'DiagnosticReport' ? source.all('identifier') : [], ofRequest, orderId };
}

const IDENTIFIERS = { placer: 'PLAC', filler: 'FILL' } as const;

/** Whether an identifier has this code of HL7 table 0203 as its type. */
export const isOfType = (number: FhirElement, type: string): boolean =>
  number
    .one('type')
    ?.all('coding')
    .some((one) => one.text('code') === type) ?? false;

/** The placer order number: ours, wherever it stands; else what is called so, or what the order is known by. */
export function placerNumberOf({ ofReport, ofRequest }: OrderNumbers): string | undefined {
  const all = [...ofReport, ...ofRequest].filter((number) => number.text('value'));
  const ours = all.find((number) => isOurNumber(number.text('value')));
  if (ours) return ours.text('value').toUpperCase();
  const placer = all.find((number) => isOfType(number, IDENTIFIERS.placer));
  const request = ofRequest.find((number) => number.text('value') && !isOfType(number, IDENTIFIERS.filler));
  return (placer ?? request)?.text('value');
}

/** What the laboratory calls the order, where a number is said to be that; empty where none is. */
export function ownFillerNumberOf({ ofReport, ofRequest }: OrderNumbers): string {
  const filler = [...ofRequest, ...ofReport].find((number) => isOfType(number, IDENTIFIERS.filler));
  return filler?.text('value') ?? '';
}

/** What the laboratory calls the order: what is called so, else its own number of the report. */
export function fillerNumberOf(numbers: OrderNumbers): string {
  const placer = placerNumberOf(numbers);
  const others = [...numbers.ofReport, ...numbers.ofRequest].filter(
    (number) => number.text('value') && number.text('value').toUpperCase() !== placer?.toUpperCase(),
  );
  const filler = others.find((number) => isOfType(number, IDENTIFIERS.filler));
  const own = numbers.ofReport.find((number) => others.includes(number) && !isOfType(number, IDENTIFIERS.placer));
  return (filler ?? own)?.text('value') ?? '';
}
