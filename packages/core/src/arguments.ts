import type { Operation } from '@agentcoord/contract';
import type { z } from 'zod';
import type { Caller } from './caller.ts';

/** What a SQL function is called with. */
export interface CallArguments extends Record<string, unknown> {
  p_caller: Caller;
}

/**
 * The input as arguments of the SQL function. Those that may be missing, and all are, are left to their defaults there:
 * submit_work has nineteen parameters and mostly five values. Not those alone that are missing, because each set of
 * names is a statement that every connection keeps.
 */
export function argumentsOf(
  operation: Operation,
  caller: Caller,
  input: Readonly<Record<string, unknown>>,
): CallArguments {
  const { always, sometimes } = parametersOf(operation);
  const args: CallArguments = { p_caller: caller };
  for (const [field, parameter] of always) args[parameter] = input[field];
  if (sometimes.some(([field]) => input[field] !== undefined && input[field] !== null)) {
    for (const [field, parameter] of sometimes) args[parameter] = input[field] ?? null;
  }
  return args;
}

interface Parameters {
  /** Fields that have a value in every input that was read, and what they are called in SQL. */
  always: [string, string][];
  sometimes: [string, string][];
}

const knownParameters = new WeakMap<Operation, Parameters>();

function parametersOf(operation: Operation): Parameters {
  const known = knownParameters.get(operation);
  if (known) return known;
  const named = Object.entries(operation.input.shape).map(([field, schema]) => ({
    pair: [field, `p_${field}`] as [string, string],
    mayMiss: isOptional(schema as z.ZodType),
  }));
  const parameters = {
    always: named.filter(({ mayMiss }) => !mayMiss).map(({ pair }) => pair),
    sometimes: named.filter(({ mayMiss }) => mayMiss).map(({ pair }) => pair),
  };
  knownParameters.set(operation, parameters);
  return parameters;
}

/** Without a default: nothing is read as nothing. */
function isOptional(schema: z.ZodType): boolean {
  const { success, data } = schema.safeParse(undefined);
  return success && data === undefined;
}

/** The input again, as the definition names its fields. */
export function fieldsIn(args: CallArguments): Record<string, unknown> {
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name.slice(2), value]));
}
