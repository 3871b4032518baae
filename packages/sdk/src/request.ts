import { CoordinationError, type Operation, routeOf } from '@agentcoord/contract';

/** What goes over the wire for one call; `target` is the path below `/v1` with its query. */
export interface WireRequest {
  method: 'GET' | 'POST';
  target: string;
  body?: string;
}

/**
 * The HTTP request for a call, derived from the definition. Values that cannot be put into a URL are refused here with
 * the words of the server; everything else the server checks.
 */
export function requestFor(operation: Operation, input: unknown): WireRequest {
  const { method, path, pathFields } = routeOf(operation);
  if (method === 'POST' && pathFields.length === 0)
    return { method, target: path, body: jsonOf(operation, input ?? {}) };
  if (input !== undefined && (typeof input !== 'object' || input === null || Array.isArray(input))) {
    throw invalidInput(operation, 'Invalid input: expected object');
  }
  const rest: Record<string, unknown> = { ...input };
  const target = path.replace(/\{(\w+)\}/g, (_, field: string) => {
    const segment = pathSegment(operation, field, rest[field]);
    delete rest[field];
    return segment;
  });
  if (method === 'POST') return { method, target, body: jsonOf(operation, rest) };
  const query = queryOf(operation, rest);
  return { method, target: query ? `${target}?${query}` : target };
}

function pathSegment(operation: Operation, field: string, value: unknown): string {
  const problem = operation.input.shape[field]?.safeParse(value).error?.issues[0]?.message;
  if (problem !== undefined) throw invalidInput(operation, problem, field);
  return encodeURIComponent(String(value));
}

function queryOf(operation: Operation, fields: Record<string, unknown>): string {
  const query = new URLSearchParams();
  for (const [field, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) {
      const text = typeof item === 'object' ? jsonOf(operation, item) : String(item);
      if (!text.isWellFormed()) throw invalidInput(operation, 'contains half of a surrogate pair', field);
      query.append(field, text);
    }
  }
  return query.toString();
}

function jsonOf(operation: Operation, value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    throw invalidInput(operation, 'cannot be written as JSON');
  }
}

function invalidInput(operation: Operation, problem: string, field = ''): CoordinationError {
  return new CoordinationError({
    code: 'invalid_input',
    message: field ? `${field}: ${problem}` : problem,
    hint: `Correct the field and call ${operation.name} again. It takes: ${Object.keys(operation.input.shape).join(', ')}.`,
    details: { issues: [{ field, problem }] },
  });
}
