/** Puts into an OpenAPI document what the field guide says: what every field means, and an example of it. */
import { FIELD_GUIDE } from './field-guide.ts';

interface SchemaNode {
  type?: string | string[];
  anyOf?: SchemaNode[];
  description?: string;
  example?: unknown;
  examples?: unknown;
  enum?: unknown;
  const?: unknown;
  $ref?: string;
  properties?: Record<string, SchemaNode>;
}

interface ParameterNode {
  name: string;
  in: string;
  description?: string;
  example?: unknown;
  schema?: SchemaNode;
}

/** Changes the document in place. What a schema says itself stands. */
export function explainFields(node: unknown): void {
  if (node === null || typeof node !== 'object') return;
  if (isParameter(node)) explain(node.name.toLowerCase(), node, node.schema);
  const { properties } = node as SchemaNode;
  for (const [name, schema] of isSchemas(properties) ? Object.entries(properties) : []) explain(name, schema, schema);
  for (const part of Object.values(node)) explainFields(part);
}

const isParameter = (node: object): node is ParameterNode => 'in' in node && 'name' in node && 'schema' in node;
const isSchemas = (properties: unknown): properties is Record<string, SchemaNode> =>
  typeof properties === 'object' && properties !== null && !Array.isArray(properties);

function explain(name: string, described: SchemaNode | ParameterNode, schema: SchemaNode | undefined): void {
  const [meaning, example] = FIELD_GUIDE[name] ?? [];
  if (meaning && !schema?.description) described.description ??= meaning;
  const hasOne =
    !schema ||
    schema.examples !== undefined ||
    schema.example !== undefined ||
    schema.enum !== undefined ||
    schema.const !== undefined;
  if (example !== undefined && !hasOne && fits(example, schema)) described.example = example;
}

/** A name can be a list in one place and a text in another. */
function fits(example: unknown, schema: SchemaNode): boolean {
  const types = [schema, ...(schema.anyOf ?? [])].flatMap(({ type }) => type ?? []);
  const of = Array.isArray(example) ? 'array' : typeof example;
  return types.includes(of) || (of === 'number' && Number.isInteger(example) && types.includes('integer'));
}
