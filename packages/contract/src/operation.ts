import { z } from 'zod';

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
  /** True when it may let somebody go on who waits (`wait_seconds`): those of its project ask again after it. */
  readonly wakes?: true;
  readonly input: Input;
  readonly output: Output;
}

/** Groups of tools; `default: true` are the ones an MCP client sees unless `AGENTCOORD_TOOLSETS` says otherwise. */
export const toolsets = {
  locks: { default: true },
  work: { default: true },
  presence: { default: true },
  queue: { default: false },
  classic: { default: false },
  admin: { default: false },
} as const;

export type Toolset = keyof typeof toolsets;

/** What any answer may carry beside its own fields. */
const attachments = {
  notices: z
    .array(
      z.looseObject({
        kind: z.string().describe('Kind of event, such as lock_forced.'),
        message: z.string().describe('What happened, and what to do about it.'),
        happened_at: z.iso.datetime({ offset: true }).describe('When it happened.'),
      }),
    )
    .describe('What happened to this session meanwhile, such as a lock that was forced away; each is told once.')
    .optional(),
  degraded: z.literal(true).describe('The configured database is away; this is the fallback.').optional(),
};

/** Names of the fields that any answer may carry beside its own. */
export const attachmentNames: readonly string[] = Object.keys(attachments);

type WithAttachments<Output extends z.ZodObject> = z.ZodObject<Output['shape'] & typeof attachments>;

/** Keeps the literal types of a definition, so that clients can be typed from it. */
export function defineOperation<const Name extends string, Input extends z.ZodObject, Output extends z.ZodObject>(
  operation: Operation<Name, Input, Output>,
): Operation<Name, Input, WithAttachments<Output>> {
  return { ...operation, output: operation.output.extend(attachments) as unknown as WithAttachments<Output> };
}

/** Method and path template of a definition, taken apart. */
export function routeOf(operation: Operation): { method: HttpMethod; path: string; pathFields: string[] } {
  const [method, path] = operation.http.split(' ') as [HttpMethod, string];
  return { method, path, pathFields: [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string) };
}
