import type { JsonSchema } from '@agentcoord/contract';

/** Reads what the text of a query string stands for; leaves alone what it cannot read, for the validator to refuse. */
export type Coercer = (value: string | string[]) => unknown;

const number = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

const scalars: Record<string, (text: string) => unknown> = {
  integer: (text) => (number.test(text) ? Number(text) : text),
  number: (text) => (number.test(text) ? Number(text) : text),
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : text),
};

/** How a field of that schema is read from texts; a field given once may still be an array. */
export function coercerOf(schema: JsonSchema): Coercer {
  const variants = [schema, ...(schema.anyOf ?? [])];
  const array = variants.find((variant) => typesOf(variant).includes('array'));
  if (array) {
    const item = coercerOf(array.items ?? {});
    return (value) => (Array.isArray(value) ? value : [value]).map((text) => item(text));
  }
  const types = variants.flatMap(typesOf);
  const read = types.includes('string') ? undefined : types.map((type) => scalars[type]).find(Boolean);
  return (value) => (read && typeof value === 'string' ? read(value) : value);
}

function typesOf(schema: JsonSchema): string[] {
  return schema.type === undefined ? [] : [schema.type].flat();
}
