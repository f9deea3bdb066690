/** Holds every answer of the API against its own OpenAPI document. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

interface Operation {
  responses: Record<string, { content?: Record<string, unknown> }>;
}

/** As much of an OpenAPI document as the check reads. */
export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
}

/**
 * Makes a `fetch` that throws when an answer is not as the document says: a status that is not listed, a body of
 * another shape. Paths that the document does not describe pass.
 */
export function checkedFetch(document: OpenApi): typeof fetch {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  for (const format of ['date', 'date-time', 'uuid', 'email', 'binary', 'uri']) ajv.addFormat(format, true);
  ajv.addSchema(document, 'openapi');
  const validators = new Map<string, ValidateFunction>();
  const templates = Object.keys(document.paths)
    .map((path) => ({ path, pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`) }))
    .sort((a, b) => a.path.split('{').length - b.path.split('{').length);

  const validatorOf = (pointer: string) => {
    const known = validators.get(pointer) ?? ajv.compile({ $ref: `openapi#${pointer}` });
    validators.set(pointer, known);
    return known;
  };

  return async (input, init) => {
    const request = new Request(input, init);
    const { method, url } = request;
    const response = await fetch(request);
    const { pathname } = new URL(url);
    const path = templates.find(
      ({ pattern, path: template }) => pattern.test(pathname) && document.paths[template]?.[method.toLowerCase()],
    )?.path;
    if (path === undefined) return response;
    const named = `${method} ${path} → ${response.status}`;
    const described = document.paths[path]?.[method.toLowerCase()]?.responses[response.status];
    if (!described) throw new Error(`${named} is not in the OpenAPI document: ${await response.clone().text()}`);
    if (!described.content?.['application/json']) return response;
    const pointer = [
      'paths',
      path,
      method.toLowerCase(),
      'responses',
      response.status,
      'content',
      'application/json',
      'schema',
    ]
      .map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1'))
      .map(encodeURIComponent)
      .join('/');
    const validate = validatorOf(`/${pointer}`);
    const body = await response.clone().json();
    if (!validate(body)) throw new Error(`${named} is not as described: ${ajv.errorsText(validate.errors)}`);
    return response;
  };
}
