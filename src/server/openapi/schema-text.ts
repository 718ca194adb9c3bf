import type { JsonSchema } from '../http/route-about.ts';

/** A schema in a line or a few: `{ count: integer }`, `[string]`, `"user" | "host"`. */
export function schemaText(schema: JsonSchema, indent = ''): string {
  const { $ref: reference, enum: values, type, items, properties, additionalProperties } = schema;
  if (typeof reference === 'string') return reference.slice(reference.lastIndexOf('/') + 1);
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(' | ');
  if (type === 'array') return `[${isSchema(items) ? schemaText(items, indent) : 'anything'}]`;
  if (type === 'object' && isSchema(properties)) return fieldsText(schema, properties, indent);
  if (type === 'object' && isSchema(additionalProperties)) {
    return `{ [name]: ${schemaText(additionalProperties, indent)} }`;
  }
  if (Array.isArray(type)) return type.join(' | ');
  return typeof type === 'string' ? type : 'anything';
}

function fieldsText(schema: JsonSchema, properties: JsonSchema, indent: string): string {
  const required: readonly unknown[] = Array.isArray(schema['required']) ? schema['required'] : [];
  const inner = `${indent}  `;
  const fields = Object.entries(properties).map(([name, field]) => {
    const mark = required.includes(name) ? '' : '?';
    return `${inner}${name}${mark}: ${isSchema(field) ? schemaText(field, inner) : 'anything'}`;
  });
  return fields.length === 0 ? '{}' : `{\n${fields.join('\n')}\n${indent}}`;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
