import { jsonSchemaOf, type Operation, routeOf } from '@agentcoord/contract';
import type { FastifyRequest } from 'fastify';
import { type Coercer, coercerOf } from './coercion.ts';
import { invalidInput } from './failures.ts';

/** Gathers the input of an operation from path, query string and body; checking it is left to `invoke`. */
export type InputReader = (request: FastifyRequest) => unknown;

type Fields = Record<string, unknown>;

/** Everything that does not depend on the request is worked out here, once an operation. */
export function inputReader(operation: Operation): InputReader {
  const { method, pathFields } = routeOf(operation);
  const { properties = {} } = jsonSchemaOf(operation.input, 'input');
  const coercers = new Map(Object.entries(properties).map(([field, schema]) => [field, coercerOf(schema)]));
  const read = method === 'GET' ? (request: FastifyRequest) => readQuery(request, coercers) : readBody;
  if (pathFields.length === 0) return read;
  return (request) => withPathFields(read(request), request.params as Record<string, string>, coercers);
}

function readBody(request: FastifyRequest): unknown {
  if (request.url.includes('?')) {
    throw invalidInput('POST takes no query string.', 'Send these fields in the JSON body.');
  }
  return request.body;
}

function readQuery(request: FastifyRequest, coercers: Map<string, Coercer>): Fields {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  if (length !== '0' || encoding !== undefined) {
    throw invalidInput('GET takes no body.', 'Send these fields in the query string.');
  }
  if (request.url.includes('%')) refuseBadEncoding(request.url);
  const query = request.query as Record<string, string | string[]>;
  return Object.fromEntries(
    Object.entries(query).map(([field, value]) => [field, coercers.get(field)?.(value) ?? value]),
  );
}

function refuseBadEncoding(url: string): void {
  try {
    decodeURIComponent(url);
  } catch {
    throw invalidInput('The query string is not validly encoded.', 'Percent-encode it as UTF-8.');
  }
}

/** The path names what the call is about, so the rest of the input must not name something else. */
function withPathFields(input: unknown, params: Record<string, string>, coercers: Map<string, Coercer>): unknown {
  if (input !== undefined && (typeof input !== 'object' || input === null || Array.isArray(input))) return input;
  const fields: Fields = { ...input };
  for (const [field, text] of Object.entries(params)) {
    const value = coercers.get(field)?.(text) ?? text;
    if (Object.hasOwn(fields, field) && fields[field] !== value) {
      throw invalidInput(
        `${field}: differs from the one in the path.`,
        `Leave ${field} out: the path says it already.`,
      );
    }
    fields[field] = value;
  }
  return fields;
}
