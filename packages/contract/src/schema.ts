import { z } from 'zod';

/** JSON Schema 2020-12 of an input (what a caller may leave out is optional) or of an output. */
export function jsonSchemaOf(schema: z.ZodObject, side: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: side });
  return rest;
}
