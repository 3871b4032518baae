import { type Operation, operations, routeOf } from '@agentcoord/contract';
import type { World } from '../../helpers/example_inputs.ts';
import type { Dice } from '../dice.ts';
import { fuzzedInput } from './inputs.ts';
import { damaged, jsonOf, oddFields, oddValue, Raw } from './oddities.ts';

/** One request as bytes; what a client library would refuse to send can be sent, too. */
export interface RawRequest {
  method: string;
  target: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
}

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** A request to the route of some operation, or to one beside it. */
export function httpRequest(world: World, dice: Dice): RawRequest {
  const operation = dice.pick(operations);
  const { method, path } = routeOf(operation);
  const input = fuzzedInput(operation, world, dice);
  const fields = isFields(input) ? { ...input } : {};
  const target = `/v1${path.replace(/\{(\w+)\}/g, (_, field: string) => segmentOf(fields, field, dice))}`;
  const request = method === 'GET' ? getOf(target, fields) : postOf(target, jsonOf(isFields(input) ? fields : input));
  return dice.chance(0.15) ? bent(request, dice) : request;
}

const isFields = (input: unknown): input is Record<string, unknown> =>
  typeof input === 'object' && input !== null && !Array.isArray(input) && !(input instanceof Raw);

function segmentOf(fields: Record<string, unknown>, field: string, dice: Dice): string {
  const value = fields[field];
  if (!dice.chance(0.1)) delete fields[field];
  return encoded(value ?? dice.pick(['', '%', '%00', '..', '%2e%2e', '%ff', 'x'.repeat(3000)]));
}

/** Lone halves of characters cannot be percent-encoded: they go as they would in bytes. */
function encoded(value: unknown): string {
  const text = typeof value === 'string' ? value : jsonOf(value);
  return encodeURIComponent(text.toWellFormed()).slice(0, 8000);
}

function getOf(target: string, fields: Record<string, unknown>): RawRequest {
  const query = Object.entries(fields).flatMap(([field, value]) =>
    [value]
      .flat()
      .slice(0, 100)
      .map((item) => `${encoded(field)}=${encoded(item)}`),
  );
  const whole = query.length > 0 ? `${target}?${query.join('&')}` : target;
  return { method: 'GET', target: whole.slice(0, 15_000), headers: {}, body: undefined };
}

function postOf(target: string, body: string): RawRequest {
  return { method: 'POST', target, headers: { ...json }, body: Buffer.from(body) };
}

/** Wrong as HTTP, beside what is wrong as input. */
function bent(request: RawRequest, dice: Dice): RawRequest {
  const text = request.body?.toString() ?? '{}';
  const bends: (() => Partial<RawRequest>)[] = [
    () => ({ body: damaged(text, dice) }),
    () => ({ body: Buffer.alloc(dice.pick([1_048_577, 3_000_000]), 0x20) }),
    () => ({ method: dice.pick(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'POST', 'GET']) }),
    () => ({
      headers: { ...request.headers, 'content-type': dice.pick(['text/plain', '', 'application/json;;', 'x']) },
    }),
    () => ({ headers: { ...request.headers, 'agentcoord-session': dice.pick(['x', '', 'ü', crypto.randomUUID()]) } }),
    () => ({ headers: { ...request.headers, 'idempotency-key': dice.pick(['', 'a b', 'x'.repeat(201), 'k1']) } }),
    () => ({ headers: { ...request.headers, 'last-event-id': dice.pick(['x', '-1', '1-1', '9'.repeat(40)]) } }),
    () => ({
      target: `${request.target}${dice.pick(['/', '//', '/..', '?', '#', '?%', '?__proto__=1', '?a[b]=1', ';x'])}`,
    }),
    () => ({ target: dice.pick(['/', '/v1', '/v1/events/x', '/docs/../v1/board', '/a/1-x', '/openapi.json?x', '*']) }),
  ];
  return { ...request, ...dice.pick(bends)() };
}

const methods = [
  ...['initialize', 'ping', 'tools/list', 'tools/call', 'resources/list', 'resources/read', 'resources/templates/list'],
  ...[
    'prompts/list',
    'prompts/get',
    'completion/complete',
    'logging/setLevel',
    'resources/subscribe',
    'server/discover',
  ],
  ...[
    'resources/unsubscribe',
    'roots/list',
    'sampling/createMessage',
    '__proto__',
    'constructor',
    '',
    'x'.repeat(5000),
  ],
];

/** A JSON-RPC message for an MCP server: a call of a tool mostly; `id` is how its answer is known. */
export function mcpMessage(world: World, dice: Dice, id: string): { text: Buffer; isRequest: boolean } {
  const message: Record<string, unknown> = { jsonrpc: '2.0', id, method: 'tools/call', params: callOf(world, dice) };
  if (dice.chance(0.7)) return asRequest(lineOf(message));
  const bends: (() => void)[] = [
    () => Object.assign(message, { method: dice.pick(methods), params: oddParams(dice) }),
    () => Object.assign(message, { method: dice.pick(methods), params: oddValue(dice) }),
    () => Object.assign(message, { params: { ...callOf(world, dice), _meta: oddValue(dice) } }),
    () => Object.assign(message, { jsonrpc: oddValue(dice) }),
    () => Object.assign(message, { [dice.pick(oddFields) || 'x']: oddValue(dice) }),
    () => delete message[dice.pick(['jsonrpc', 'id', 'method', 'params'])],
    () => Object.assign(message, { id: oddValue(dice) }),
    () => Object.assign(message, { result: {}, error: { code: 1, message: 'x' } }),
  ];
  dice.pick(bends)();
  const text = lineOf(dice.chance(0.1) ? [message, message] : message);
  return { text: dice.chance(0.2) ? damaged(text.toString(), dice) : text, isRequest: false };
}

/** What is raw in it may make it no JSON, or it is too long to be read; then nobody can know its id. */
function asRequest(text: Buffer): { text: Buffer; isRequest: boolean } {
  try {
    JSON.parse(text.toString());
    return { text, isRequest: text.length <= 1_048_576 };
  } catch {
    return { text, isRequest: false };
  }
}

const lineOf = (message: unknown) => Buffer.from(jsonOf(message));

function callOf(world: World, dice: Dice): Record<string, unknown> {
  const operation: Operation = dice.pick(operations);
  const name = dice.chance(0.03) ? oddValue(dice) : operation.name;
  return { name, arguments: fuzzedInput(operation, world, dice) };
}

function oddParams(dice: Dice): Record<string, unknown> {
  const uri = dice.pick(['locks://current', 'guardrails://patterns', 'x://', 'file:///etc/passwd', '', oddValue(dice)]);
  const name = dice.pick(['start_work_session', 'coordinate_file_edit', oddValue(dice)]);
  return dice.pick([
    { uri },
    { name, arguments: oddValue(dice) },
    { name },
    { level: 'debug' },
    { cursor: oddValue(dice) },
  ]);
}
