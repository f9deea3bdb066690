/** What tests were done on, from the Specimens of a message. */
import type { LabProfile } from '../../../../domain/catalogue/lab-profile.ts';
import type { Specimen } from '../../../../domain/results/lab-report.ts';
import type { ReceivedBundle } from './fhir-bundle.ts';
import { type AbsentReason, absentReason, instantIn, instantOf, wordsOf } from './fhir-codes.ts';
import type { FhirElement, Remarks } from './fhir-element.ts';

/** Specimens, and what they say of the order. */
export interface SpecimenFacts {
  specimens: Specimen[];
  /** Why one was of no use; undefined where all were. */
  rejection: AbsentReason | undefined;
  fasting: boolean | null;
  /** With its unit; empty where nobody says. */
  total_volume: string;
}

/**
 * Reads the specimens that a report names; where it names none, those that its observations do.
 * @param resources The report, then its observations.
 */
export function readSpecimens(
  bundle: ReceivedBundle,
  resources: readonly FhirElement[],
  { zone, remarks, profile }: { zone: string; remarks: Remarks; profile: LabProfile },
): SpecimenFacts {
  const [report, ...observations] = resources as [FhirElement, ...FhirElement[]];
  const named = report.type === 'DiagnosticReport' ? namedBy(bundle, report, remarks) : [];
  const all = named.length > 0 ? named : observations.flatMap((one) => namedBy(bundle, one, remarks));
  const found = [...new Set(all)];
  const collections = found.flatMap((one) => one.one('collection') ?? []);
  const quantity = collections.flatMap((one) => one.one('quantity') ?? [])[0];
  return {
    specimens: found.map((one) => ({
      number: one.one('identifier')?.text('value') || one.one('accessionIdentifier')?.text('value') || null,
      collected_at: instantOf(one.one('collection'), 'collected', zone, remarks),
      received_at: instantIn(one, 'receivedTime', zone, remarks),
    })),
    rejection: found.map((one) => rejectionOf(one, profile)).find((one) => one !== undefined),
    fasting: collections.map(fastingIn).find((one) => one !== null) ?? null,
    total_volume: quantity
      ? [quantity.text('value'), quantity.text('unit') || quantity.text('code')].join(' ').trim()
      : '',
  };
}

function namedBy(bundle: ReceivedBundle, resource: FhirElement, remarks: Remarks): FhirElement[] {
  return resource.all('specimen').flatMap((reference) => {
    const found = bundle.follow(reference, resource, 'Specimen');
    if (!found) remarks.add(reference, '', 'this leads to no Specimen in the message: it is left out');
    return found ?? [];
  });
}

/** A condition is a reason where it is one of those that are known, or where the specimen is unsatisfactory. */
function rejectionOf(specimen: FhirElement, profile: LabProfile): AbsentReason | undefined {
  const conditions = specimen.all('condition').flatMap((one) => absentReason(one, profile) ?? []);
  const known = conditions.find(({ failure_type }) => failure_type !== 'unknown_failure');
  if (known || specimen.text('status') !== 'unsatisfactory') return known;
  return conditions[0] ?? { failure_type: 'unknown_failure', text: '' };
}

function fastingIn(collection: FhirElement): boolean | null {
  if (collection.one('fastingStatusDuration')) return true;
  const status = collection.one('fastingStatusCodeableConcept');
  if (!status) return null;
  const codes = status.all('coding').map((one) => one.text('code').toUpperCase());
  if (codes.includes('NF')) return false;
  if (codes.includes('F')) return true;
  const words = wordsOf(status);
  if (/\b(non|not|no)\b/i.test(words)) return false;
  return /\bfasting\b/i.test(words) ? true : null;
}
