import { CoordinationError, type JsonSchema } from '@agentcoord/contract';

/** What a person types becomes what the schema asks for; what cannot is left to the one validator. */
export function typedValue(field: string, schema: JsonSchema, text: string): unknown {
  switch (schema.type) {
    case 'integer':
    case 'number':
      return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    case 'boolean':
      return { true: true, false: false }[text] ?? text;
    case 'array':
      return typedValue(field, schema.items ?? {}, text);
    case 'object':
      return jsonOf(field, text);
    default:
      return text;
  }
}

/** Stands for the value in help texts. */
export function placeholderOf(schema: JsonSchema): string {
  const { type = 'text', items } = schema;
  if (type === 'array') return placeholderOf(items ?? {});
  return { integer: 'integer', number: 'number', boolean: 'true|false', object: 'json' }[String(type)] ?? 'text';
}

/** Description, choices and default of a field in one line. */
export function explanationOf(schema: JsonSchema, required: boolean): string {
  const notes = [
    required ? 'required' : '',
    schema.type === 'array' ? 'repeatable' : '',
    schema.enum ? `one of ${schema.enum.join(', ')}` : '',
    isWorthSaying(schema.default) ? `default: ${textOfDefault(schema.default)}` : '',
  ].filter(Boolean);
  const description = schema.description ?? schema.items?.description ?? '';
  return notes.length > 0 ? `${description} (${notes.join('; ')})`.trim() : description;
}

function isWorthSaying(value: unknown): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

function textOfDefault(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function jsonOf(field: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CoordinationError({
      code: 'invalid_input',
      message: `${field}: is not valid JSON`,
      hint: `Give one JSON object in single quotes, such as '{"file": "src/a.ts"}'.`,
    });
  }
}
