import { type JsonSchema, jsonSchemaOf, type Operation } from '@agentcoord/contract';

/** A field of an operation, wherever in input or output it stands. */
export interface Field {
  /** Such as `acquire_lock output.locks[].token`. */
  where: string;
  name: string;
  description: string;
  /** Its schema, and those it may be instead. */
  variants: JsonSchema[];
}

export function fieldsOf(operation: Operation): Field[] {
  return (['input', 'output'] as const).flatMap((side) =>
    fieldsIn(jsonSchemaOf(operation[side], side), `${operation.name} ${side}`),
  );
}

function fieldsIn(schema: JsonSchema, prefix: string): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const where = `${prefix}.${name}`;
    const variants = [field, ...(field.anyOf ?? []), ...(field.items ? [field.items] : [])];
    const description = variants.find((variant) => variant.description)?.description ?? '';
    return [
      { where, name, description, variants },
      ...fieldsIn(field, where),
      ...(field.items ? fieldsIn(field.items, `${where}[]`) : []),
    ];
  });
}
