/** What this server can do, in FHIR's own words: `GET /fhir/r4/metadata`. */
import type { CapabilityStatement } from '@medplum/fhirtypes';
import { RESOURCE_TYPES, SEARCH_PARAMETERS } from './search-parameters.ts';

/** When what is told here last changed. */
const CHANGED = '2026-11-28';

/** @param base `[base]/fhir/r4`. */
export function capabilityStatement(base: string, version: string): CapabilityStatement {
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: CHANGED,
    kind: 'instance',
    software: { name: 'Venule', version },
    implementation: { description: 'Orders, results, and appointments of a team', url: base },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    rest: [
      {
        mode: 'server',
        documentation:
          'Everything is read-only. A parameter that is not listed is refused, unless the request says Prefer: handling=lenient.',
        security: { cors: false, description: 'A team’s API key in the header x-vital-api-key.' },
        resource: RESOURCE_TYPES.map((type) => ({
          type,
          interaction: [{ code: 'read' as const }, { code: 'search-type' as const }],
          versioning: 'no-version' as const,
          searchParam: SEARCH_PARAMETERS[type].map((parameter) => ({
            name: parameter.name,
            definition: parameter.definition,
            type: parameter.type,
            documentation: parameter.documentation,
          })),
        })),
      },
    ],
  };
}
