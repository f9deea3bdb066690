/** What brought a result about that nobody ordered: the result, or the test, at the beginning. */
import type { LabProfile } from '../../../../domain/catalogue/lab-profile.ts';
import { catalogued, cataloguedResult } from '../hl7v2/reports/hl7-codes.ts';
import type { ReceivedBundle } from './fhir-bundle.ts';
import { codesOf } from './fhir-codes.ts';
import type { FhirElement } from './fhir-element.ts';
import { requestOf } from './fhir-order-numbers.ts';
import { hasValue } from './fhir-values.ts';

/** Where a resource has its reason, and the code of that; without a code it only belongs to it, as a member to its panel. */
interface Origin {
  from: FhirElement | undefined;
  code: string | undefined;
}

/**
 * The origins of a message's results. An Observation comes of the one that it is `derivedFrom`, or whose member
 * (`hasMember`) it is although that has a value of its own; a report, or an Observation, also of the result for which its
 * order was placed (`reasonReference`), and of the test that its order is `basedOn`.
 */
export class Reflexes {
  readonly #bundle: ReceivedBundle;
  readonly #profile: LabProfile;
  readonly #origins = new Map<FhirElement, Origin>();
  readonly #found = new Map<FhirElement, string | undefined>();

  constructor(bundle: ReceivedBundle, profile: LabProfile) {
    this.#bundle = bundle;
    this.#profile = profile;
    const testsOn = new Map<FhirElement, FhirElement>();
    for (const report of bundle.resources) {
      const request = report.type === 'DiagnosticReport' ? requestOf(bundle, report) : undefined;
      if (request && !testsOn.has(request)) testsOn.set(request, report);
    }
    for (const resource of bundle.resources) {
      if (resource.type === 'Observation') this.#note(resource, this.#derivation(resource));
    }
    for (const resource of bundle.resources) {
      if (resource.type === 'Observation' && hasValue(resource)) this.#noteMembers(resource, this.#comesOf(resource));
    }
    for (const resource of bundle.resources) {
      if (resource.type !== 'Observation' && resource.type !== 'DiagnosticReport') continue;
      this.#note(resource, this.#orderOf(resource, testsOn));
    }
    for (const resource of bundle.resources) {
      if (resource.type === 'Observation' && !hasValue(resource)) this.#noteMembers(resource, belongsTo(resource));
    }
  }

  /** The code of what is at the beginning; undefined where nothing says that there is anything. */
  of(resource: FhirElement): string | undefined {
    const path: FhirElement[] = [];
    let at: FhirElement | undefined = resource;
    while (at && !this.#found.has(at)) {
      this.#found.set(at, undefined);
      path.push(at);
      at = this.#origins.get(at)?.from;
    }
    let code = at && this.#found.get(at);
    for (const one of path.reverse()) {
      code ??= this.#origins.get(one)?.code;
      this.#found.set(one, code);
    }
    return code;
  }

  #note(resource: FhirElement, origin: Origin | undefined): void {
    if (origin && origin.from !== resource && !this.#origins.has(resource)) this.#origins.set(resource, origin);
  }

  #noteMembers(parent: FhirElement, origin: Origin): void {
    for (const reference of parent.all('hasMember')) {
      const member = this.#bundle.follow(reference, parent, 'Observation');
      if (member) this.#note(member, origin);
    }
  }

  #comesOf(observation: FhirElement): Origin {
    const { loinc, local } = cataloguedResult(codesOf(observation.one('code')), this.#profile.results);
    return { from: observation, code: loinc ?? local ?? undefined };
  }

  #derivation(observation: FhirElement): Origin | undefined {
    for (const reference of observation.all('derivedFrom')) {
      const parent = this.#bundle.follow(reference, observation, 'Observation');
      if (parent?.type === 'Observation') return this.#comesOf(parent);
    }
    return undefined;
  }

  #orderOf(resource: FhirElement, testsOn: ReadonlyMap<FhirElement, FhirElement>): Origin | undefined {
    const request = requestOf(this.#bundle, resource);
    if (!request) return undefined;
    for (const reference of request.all('reasonReference')) {
      const reason = this.#bundle.follow(reference, request, 'Observation');
      if (reason?.type === 'Observation') return this.#comesOf(reason);
    }
    const before = requestOf(this.#bundle, request);
    if (!before) return undefined;
    const report = testsOn.get(before);
    const { loinc, local } = codesOf((report ?? before).one('code'));
    return { from: report, code: catalogued(local ?? loinc, this.#profile.tests) ?? undefined };
  }
}

const belongsTo = (parent: FhirElement): Origin => ({ from: parent, code: undefined });
