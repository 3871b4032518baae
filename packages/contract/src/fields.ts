import { z } from 'zod';
import { type ErrorCode, errorCodes } from './errors.ts';

/** Largest text accepted in one field, in UTF-8 bytes. */
export const maxTextBytes = 262_144;

const repositoryPaths = new WeakSet<object>();

/**
 * A path relative to the root of the repository. Doors that know the working copy turn what the caller typed into
 * this form (see `mapRepositoryPaths`); the database checks it again without a file system.
 */
export function repositoryPath(description: string): z.ZodString {
  const schema = z.string().min(1).max(1024).describe(description);
  repositoryPaths.add(schema);
  return schema;
}

/** Some of them, which may have so many characters together: whoever looks at a task or a journal row reads them all. */
export function repositoryPathList(path: z.ZodString, most: number, characters: number): z.ZodArray<z.ZodString> {
  return z
    .array(path)
    .max(most)
    .refine((paths) => paths.reduce((sum, { length }) => sum + length, 0) <= characters, {
      error: `have more than ${characters} characters together; name folders, or split it`,
    });
}

/** The value with all paths in it replaced, wherever the schema says that there are some; all else stays as it is. */
export function mapRepositoryPaths(schema: unknown, value: unknown, map: (path: string) => string): unknown {
  if (typeof schema !== 'object' || schema === null) return value;
  if (repositoryPaths.has(schema)) return typeof value === 'string' ? map(value) : value;
  const { innerType, element, shape } = (schema as { def?: SchemaParts }).def ?? {};
  if (innerType) return mapRepositoryPaths(innerType, value, map);
  if (element && Array.isArray(value)) return value.map((item) => mapRepositoryPaths(element, item, map));
  if (!shape || typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value);
  return Object.fromEntries(fields.map(([name, item]) => [name, mapRepositoryPaths(shape[name], item, map)]));
}

/** Whether values of a schema may have such paths in them. */
export function hasRepositoryPath(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false;
  const { innerType, element, shape } = (schema as { def?: SchemaParts }).def ?? {};
  return repositoryPaths.has(schema) || [innerType, element, ...Object.values(shape ?? {})].some(hasRepositoryPath);
}

/** Why a part of a call was not accepted; of a call that was refused as a whole this is the answer. */
export const refusal = z.object({
  code: z.enum(Object.keys(errorCodes) as ErrorCode[]).describe('What kind of error.'),
  message: z.string().describe('What is wrong.'),
  hint: z.string().describe('What to do next.'),
  details: z.record(z.string(), z.unknown()).describe('More about it, such as a reason.').optional(),
});

const guardedSchemas = new WeakSet<object>();

/** Marks text or JSON that tells others what to do: core looks for commands in it, and guardrails judge them first. */
export function guarded<Schema extends z.ZodType>(schema: Schema): Schema {
  guardedSchemas.add(schema);
  return schema;
}

/** What a value has in guarded fields, with the name of each: `tasks[0].description`. */
export function guardedValues(schema: unknown, value: unknown, field = ''): { field: string; value: unknown }[] {
  if (value === undefined || value === null || !hasGuarded(schema)) return [];
  if (guardedSchemas.has(schema)) return [{ field, value }];
  const { innerType, element, shape } = schema.def ?? {};
  if (innerType) return guardedValues(innerType, value, field);
  if (element && Array.isArray(value)) {
    return value.flatMap((item, index) => guardedValues(element, item, `${field}[${index}]`));
  }
  if (!shape || typeof value !== 'object') return [];
  const found: ReturnType<typeof guardedValues> = [];
  for (const name of Object.keys(shape)) {
    const item = (value as Record<string, unknown>)[name];
    if (item !== undefined) found.push(...guardedValues(shape[name], item, field ? `${field}.${name}` : name));
  }
  return found;
}

/** By schema: every call of a guarded operation asks, and schemas do not change. */
const knownGuarded = new WeakMap<object, boolean>();

/** Whether there is anything guarded in it. */
export function hasGuarded(schema: unknown): schema is { def?: SchemaParts } {
  if (typeof schema !== 'object' || schema === null) return false;
  const known = knownGuarded.get(schema);
  if (known !== undefined) return known;
  const { innerType, element, shape } = (schema as { def?: SchemaParts }).def ?? {};
  const guarded = guardedSchemas.has(schema) || [innerType, element, ...Object.values(shape ?? {})].some(hasGuarded);
  knownGuarded.set(schema, guarded);
  return guarded;
}

/** What a schema is made of: one in an optional or with a default, an array, an object. */
interface SchemaParts {
  innerType?: unknown;
  element?: unknown;
  shape?: Record<string, unknown>;
}

/** An instant, ISO 8601 with offset, taken from the clock of the database. */
export const instant = (description: string) =>
  z.iso
    .datetime({ offset: true })
    .refine((text) => !/[+-](1[6-9]|2\d):\d\d$/.test(text), 'must have an offset of less than 16 hours')
    .refine((text) => isYear(new Date(text).getUTCFullYear()), 'must be in a year from 1 to 9999, in UTC')
    .describe(description);

const isYear = (year: number) => year >= 1 && year <= 9999;

/** What a UUID looks like, of whatever version. */
export const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && uuidForm.test(value);
}

export const uuid = (description: string) =>
  z.string().regex(uuidForm, 'must be a UUID such as 019a8e7c-2f64-7cc1-9d0e-5a1b2c3d4e5f').describe(description);

/** What an idempotency key looks like; `idempotencyKeyWords` says it. */
export const idempotencyKeyForm = /^[\x21-\x7e]{1,200}$/;

export const idempotencyKeyWords = '1 to 200 visible ASCII characters';

/** A fencing token: grows with every grant of the same thing, never shrinks. */
export const token = (description: string) => z.int().min(1).max(Number.MAX_SAFE_INTEGER).describe(description);

export const count = (description: string) => z.int().min(0).max(2_147_483_647).describe(description);

/** A count that stops at 1,000, which then stands for that many or more: there may be a million. */
export const cappedCount = (description: string) =>
  z.int().min(0).max(1000).meta({ 'x-or-more': true }).describe(description);

/** Seconds a grant lasts, from 1 second to 8 hours. */
export const leaseSeconds = (description: string) => z.int().min(1).max(28_800).default(900).describe(description);

/** How long a call may wait for a better answer. An operation with this field, named `wait_seconds`, waits in core. */
export const waitSeconds = (description: string) => z.int().min(0).max(300).default(0).describe(description);

export const limit = z.int().min(1).max(200).default(50).describe('Most rows to answer.');

export const hint = z.string().describe('What to do next.').optional();

/** A lower-case word such as a type, a tag or a capability. */
export const word = (description: string) =>
  z
    .string()
    .regex(/^[a-z0-9][a-z0-9_.:/-]{0,63}$/, 'must be 1 to 64 of a-z 0-9 _ . : / -, starting with a letter or digit')
    .describe(description);

/** Free JSON of the caller; stored and handed out as it is. */
export const json = (description: string) => z.record(z.string(), z.unknown()).describe(description);

/** Name of an agent that the caller knows of. */
export const agentName = (description: string) => z.string().min(1).max(128).describe(description);

/** Who stands behind a session, as others see it. */
export const agentFields = {
  agent: z.string().describe('Name of the agent.'),
  agent_type: z.string().describe('Kind of agent, such as claude_code or codex.'),
  session_id: uuid('Session that holds it; two sessions of one agent are two holders.'),
};
