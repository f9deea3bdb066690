/** An element of a resource with its place, read as what it is meant to be. */
import type { JsonObject } from './fhir-json.ts';
import { NAMED_REMARKS } from './fhir-limits.ts';
import { LongText } from './fhir-long-text.ts';

export class FhirElement {
  /** FHIRPath of where it stands: `Bundle.entry[2].resource`. */
  readonly path: string;
  readonly #object: JsonObject;
  #contained: Map<string, FhirElement> | undefined;

  constructor(object: JsonObject, path: string) {
    this.#object = object;
    this.path = path;
  }

  get type(): string {
    return this.text('resourceType');
  }

  /** The text of an element that has one, without the blanks around it; empty where there is none. */
  text(name: string): string {
    const value = this.#value(name);
    const [first] = Array.isArray(value) ? value : [value];
    const isText = typeof first === 'string' || typeof first === 'boolean' || first instanceof LongText;
    return isText ? String(first).trim() : '';
  }

  /** The same, without a copy of a long text of plain letters. */
  plainText(name: string): string | LongText {
    const value = this.#value(name);
    return value instanceof LongText && !value.isEscaped ? value : this.text(name);
  }

  /** The texts of a list of them. */
  texts(name: string): string[] {
    const value = this.#value(name);
    const all = Array.isArray(value) ? value : [value];
    return all.filter((one) => typeof one === 'string' || one instanceof LongText).map((one) => String(one).trim());
  }

  /** The elements of a list; of an element where a list belongs, that one. */
  all(name: string): FhirElement[] {
    const value = this.#value(name);
    const all = Array.isArray(value) ? value : [value];
    return all.flatMap((one, index) => {
      const place = Array.isArray(value) ? `${this.path}.${name}[${index}]` : `${this.path}.${name}`;
      return typeof one === 'object' && one !== null && !(one instanceof LongText)
        ? [new FhirElement(one as JsonObject, place)]
        : [];
    });
  }

  /** The element, or the first of a list where only one belongs. */
  one(name: string): FhirElement | undefined {
    return this.all(name)[0];
  }

  /** The names of what it has. */
  names(): string[] {
    return Object.keys(this.#object);
  }

  /** The resource that it contains under an id. */
  contained(id: string): FhirElement | undefined {
    this.#contained ??= new Map(
      this.all('contained').map((resource) => [resource.text('id').replace(/^#/, ''), resource]),
    );
    return this.#contained.get(id);
  }

  #value(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
  }
}

/** What in a message was not as it should be, each with its place and what was made of it; never a value. */
export class Remarks {
  readonly #all = new Set<string>();

  /** @param name Of the element that it is about. */
  add(element: FhirElement, name: string, words: string): void {
    this.#all.add(`${name ? `${element.path}.${name}` : element.path}: ${words}`);
  }

  addAll(others: Remarks): void {
    for (const one of others.#all) this.#all.add(one);
  }

  /** The first of them, and how many more there are. */
  inWords(): string[] {
    const all = [...this.#all];
    const more = all.length - NAMED_REMARKS;
    return more > 0 ? [...all.slice(0, NAMED_REMARKS), `and ${more} more`] : all;
  }
}
