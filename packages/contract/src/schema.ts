import { z } from 'zod';
import { uuidForm } from './fields.ts';

/** The parts of JSON Schema 2020-12 that definitions come down to. */
export interface JsonSchema {
  type?: string | string[];
  format?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  anyOf?: JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  /** True: its maximum stands for that many or more. */
  'x-or-more'?: boolean;
}

/** JSON Schema 2020-12 of an input (what a caller may leave out is optional) or of an output. */
export function jsonSchemaOf(schema: z.ZodObject, side: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: side,
    override: ({ jsonSchema }) => shorten(jsonSchema),
  });
  return rest as JsonSchema;
}

/**
 * Models pay for each word of a schema, so it leaves out what says nothing: a pattern beside its format, a bound that
 * nobody reaches, that an object of anything may hold anything. `invoke` checks by the definition, not by this.
 */
function shorten(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.additionalProperties && Object.keys(schema.additionalProperties).length === 0) {
    delete schema.additionalProperties;
  }
  if (schema.pattern === uuidForm.source) schema.format = 'uuid';
  if (schema.format === 'date-time' || schema.format === 'uuid') delete schema.pattern;
  if (schema.propertyNames) delete schema.propertyNames;
}
