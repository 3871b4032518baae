import {
  type ErrorCode,
  errorCodes,
  eventStream,
  idempotencyKeyForm,
  type JsonSchema,
  jsonSchemaOf,
  type Operation,
  routeOf,
  type Toolset,
  toolsets,
} from '@agentcoord/contract';
import { problemType, titleOf } from './problem.ts';
import { prefix } from './routes.ts';

type Json = Record<string, unknown>;

const ref = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });

/** The OpenAPI 3.1 document of the operations; `operationId` is the name of the operation. */
export function openApiOf(operations: readonly Operation[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const { method, path } = routeOf(operation);
    paths[prefix + path] = { ...paths[prefix + path], [method.toLowerCase()]: describe(operation) };
  }
  paths[`${prefix}${routeOf(eventStream).path}`] = { get: describeEvents() };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Agent Coordinator',
      version,
      summary: 'Locks, a work queue and presence for AI coding agents that share a repository.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ key: [] }],
    tags: [...new Set(operations.map(({ toolset }) => toolset))].map(tagOf),
    paths,
    components,
  };
}

const tagOf = (name: Toolset) => ({ name, description: toolsets[name].about });

function describe(operation: Operation): Json {
  const { method, pathFields } = routeOf(operation);
  const { properties = {}, required = [] } = jsonSchemaOf(operation.input, 'input');
  const fields = Object.entries(properties).map(([name, schema]) => ({
    name,
    in: pathFields.includes(name) ? 'path' : 'query',
    required: pathFields.includes(name) || required.includes(name),
    ...(schema.description === undefined ? {} : { description: schema.description }),
    schema,
  }));
  return {
    operationId: operation.name,
    summary: operation.summary,
    ...(operation.guidance === undefined ? {} : { description: operation.guidance }),
    tags: [operation.toolset],
    parameters: [
      ...fields.filter((field) => method === 'GET' || field.in === 'path'),
      ref('parameters', 'session'),
      ...(operation.kind === 'write' ? [ref('parameters', 'idempotency_key')] : []),
    ],
    ...(method === 'POST' ? bodyOf(operation, pathFields) : {}),
    responses: {
      200: { description: 'The answer.', content: jsonContent(jsonSchemaOf(operation.output, 'output')) },
      ...Object.fromEntries(codes.map((code) => [errorCodes[code].http, ref('responses', code)])),
    },
  };
}

/** The stream is described like an operation, and answers without end. */
function describeEvents(): Json {
  const described = describe(eventStream) as { parameters: Json[]; responses: Json };
  const event = {
    type: 'string',
    contentMediaType: 'application/json',
    contentSchema: jsonSchemaOf(eventStream.output, 'output'),
  };
  return {
    ...described,
    parameters: [...described.parameters, ref('parameters', 'last_event_id')],
    responses: {
      ...described.responses,
      200: {
        description:
          'An event each, with its cursor as `id`. `delay` says for how many seconds newer events have been kept back, ' +
          '`failure` carries an error and ends the stream.',
        content: { 'text/event-stream': { schema: event } },
      },
    },
  };
}

function bodyOf(operation: Operation, pathFields: readonly string[]): Json {
  const schema: JsonSchema = jsonSchemaOf(operation.input, 'input');
  const properties = Object.entries(schema.properties ?? {}).filter(([field]) => !pathFields.includes(field));
  if (properties.length === 0) return {};
  const required = (schema.required ?? []).filter((field) => !pathFields.includes(field));
  const body = { ...schema, properties: Object.fromEntries(properties), required };
  return { requestBody: { required: required.length > 0, content: jsonContent(body) } };
}

const jsonContent = (schema: object) => ({ 'application/json': { schema } });

const codes = Object.keys(errorCodes) as ErrorCode[];

function problemResponse(code: ErrorCode): Json {
  const headers = errorCodes[code].retryable
    ? { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } } }
    : undefined;
  return {
    description: titleOf(code),
    ...(headers ? { headers } : {}),
    content: { [problemType]: { schema: ref('schemas', 'problem') } },
  };
}

const text = (description: string) => ({ type: 'string', description });

const components: Json = {
  securitySchemes: { key: { type: 'http', scheme: 'bearer', bearerFormat: 'ac_<id>_<secret>' } },
  parameters: {
    session: {
      name: 'Agentcoord-Session',
      in: 'header',
      description: 'Session of this key that makes the call; without it, the standing session of the key.',
      schema: { type: 'string', format: 'uuid' },
    },
    last_event_id: {
      name: 'Last-Event-ID',
      in: 'header',
      description: 'Cursor of the last event that was seen; says more than `after`.',
      schema: { type: 'string' },
    },
    idempotency_key: {
      name: 'Idempotency-Key',
      in: 'header',
      description: 'Same key and same input: one effect and the same answer, for 48 hours.',
      schema: { type: 'string', pattern: idempotencyKeyForm.source },
    },
  },
  responses: Object.fromEntries(codes.map((code) => [code, problemResponse(code)])),
  schemas: {
    problem: {
      type: 'object',
      description: 'RFC 9457 problem details; `error` is the same on every door.',
      required: ['type', 'title', 'status', 'detail', 'error'],
      properties: {
        type: text('URN of the code.'),
        title: text('The code, for people.'),
        status: { type: 'integer', description: 'HTTP status.' },
        detail: text('What went wrong.'),
        instance: text('URN of this request, as in the log of the server.'),
        error: {
          type: 'object',
          required: ['code', 'message', 'hint'],
          properties: {
            code: { type: 'string', enum: codes },
            message: text('What went wrong.'),
            hint: text('What to do next.'),
            details: { type: 'object', description: 'More for programs.' },
          },
        },
      },
    },
  },
};
