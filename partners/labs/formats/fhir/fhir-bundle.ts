/** The resources of a message, and what references in them lead to. */
import type { Pace, Steps } from '../hl7v2/steps.ts';
import { FhirElement, type Remarks } from './fhir-element.ts';
import { type JsonObject, splittingBundle } from './fhir-json.ts';

/** A message: a Bundle, or a report alone. */
export class ReceivedBundle {
  readonly root: FhirElement;
  /** In their order. */
  readonly resources: readonly FhirElement[];
  readonly #byAddress = new Map<string, FhirElement>();
  readonly #byNumber = new Map<string, FhirElement>();

  constructor(root: FhirElement, entries: readonly { address: string; resource: FhirElement }[]) {
    this.root = root;
    this.resources = entries.map(({ resource }) => resource);
    for (const { address, resource } of entries) {
      const id = resource.text('id');
      for (const key of [address, id && `${resource.type}/${id}`]) {
        if (key && !this.#byAddress.has(key)) this.#byAddress.set(key, resource);
      }
      for (const number of resource.all('identifier')) {
        const key = numberKey(resource.type, number);
        if (!this.#byNumber.has(key)) this.#byNumber.set(key, resource);
      }
    }
  }

  /** The resource at an address in the message. */
  at(address: string): FhirElement | undefined {
    const [, typed] = ADDRESS.exec(address) ?? [];
    return this.#byAddress.get(address) ?? (typed ? this.#byAddress.get(typed) : undefined);
  }

  /**
   * What a reference leads to: contained in the resource, by its address in the Bundle, by type and id, or by its
   * identifier. Undefined for what is not in the message.
   * @param within The resource that the reference stands in.
   */
  follow(reference: FhirElement | undefined, within: FhirElement, type: string): FhirElement | undefined {
    if (!reference) return undefined;
    const address = reference.text('reference');
    if (address.startsWith('#')) return within.contained(address.slice(1));
    const number = reference.one('identifier');
    return (
      this.at(address) ?? (number ? this.#byNumber.get(numberKey(reference.text('type') || type, number)) : undefined)
    );
  }
}

/** `Type/id` at the end of an address, in whichever version. */
const ADDRESS = /([A-Z][A-Za-z]{1,63}\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/]{1,64})?$/;

const numberKey = (type: string, number: FhirElement) => [type, number.text('system'), number.text('value')].join('\n');

/** Reads the resources of a message, in steps. @throws FhirRefused */
export function* readingBundle(bytes: Buffer, remarks: Remarks, pace: Pace): Steps<ReceivedBundle> {
  const { root: object, entries } = yield* splittingBundle(bytes, pace);
  const isBundle = object.resourceType === 'Bundle';
  const root = new FhirElement(object, isBundle ? 'Bundle' : String(object.resourceType ?? 'Resource'));
  if (!isBundle) {
    remarks.add(root, '', 'this is no Bundle: it is read as the only resource of one');
    return new ReceivedBundle(root, [{ address: '', resource: root }]);
  }
  const read = entries.flatMap((entry, index) => {
    const element = new FhirElement(entry ?? NOTHING, `Bundle.entry[${index}]`);
    const resource = element.one('resource');
    if (!resource) remarks.add(element, 'resource', 'there is none: the entry is left out');
    return resource ? [{ address: element.text('fullUrl'), resource }] : [];
  });
  return new ReceivedBundle(root, read);
}

const NOTHING: JsonObject = {};
