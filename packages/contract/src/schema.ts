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

/** Models pay for each word of a schema: a format says what its pattern would repeat, and `invoke` checks both. */
function shorten(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.pattern === uuidForm.source) schema.format = 'uuid';
  if (schema.format === 'date-time' || schema.format === 'uuid') delete schema.pattern;
  if (schema.propertyNames) delete schema.propertyNames;
}
