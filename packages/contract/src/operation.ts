import type { z } from 'zod';

/** Trust of a caller: 0 untrusted, 1 limited (reads), 2 standard (writes), 3 elevated, 4 administrator. */
export type Trust = 0 | 1 | 2 | 3 | 4;

export type HttpMethod = 'GET' | 'POST';

/**
 * One operation, said once. The SQL function, the MCP tool, the OpenAPI `operationId` and the heading in the
 * reference carry the same `name`; route, command and client method are derived from this object.
 */
export interface Operation<
  Name extends string = string,
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject = z.ZodObject,
> {
  /** Name of the SQL function in schema `coord`, verb_noun. */
  readonly name: Name;
  /** One imperative sentence. */
  readonly summary: string;
  /** When to use it and what to do next; written for a model. */
  readonly guidance?: string;
  /** A `read` changes nothing; a `write` leaves one journal row. */
  readonly kind: 'read' | 'write';
  /** Method and path below `/v1`; `{field}` is taken from the input. */
  readonly http: `${HttpMethod} /${string}`;
  /** Words of the command, then its positional arguments: `<field>` required, `[field]` optional, `...` many. */
  readonly cli: string;
  /** The group in which MCP clients switch tools on and off. */
  readonly toolset: Toolset;
  /** Least trust that may call it; the database enforces it. */
  readonly minimumTrust: Trust;
  readonly input: Input;
  readonly output: Output;
}

/** Groups of tools; `default: true` are the ones an MCP client sees unless `AGENTCOORD_TOOLSETS` says otherwise. */
export const toolsets = {
  locks: { default: true },
  work: { default: true },
  presence: { default: true },
  admin: { default: false },
} as const;

export type Toolset = keyof typeof toolsets;

/** Keeps the literal types of a definition, so that clients can be typed from it. */
export function defineOperation<const Name extends string, Input extends z.ZodObject, Output extends z.ZodObject>(
  operation: Operation<Name, Input, Output>,
): Operation<Name, Input, Output> {
  return operation;
}

/** Method and path template of a definition, taken apart. */
export function routeOf(operation: Operation): { method: HttpMethod; path: string; pathFields: string[] } {
  const [method, path] = operation.http.split(' ') as [HttpMethod, string];
  return { method, path, pathFields: [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string) };
}
