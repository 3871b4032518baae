import { operationNamed } from '@agentcoord/contract';
import type { Cedar } from './cedar.ts';
import type { Policies } from './files.ts';

/** Names of attributes; `all` in doubt. */
export type Names = ReadonlySet<string> | 'all';

/** What policies look at beside who calls which operation. */
export interface LookedAt {
  atResource: boolean;
  /** Fields of `context.input`; undefined when they do not look at it at all. */
  atInput: Names | undefined;
  atPrincipal: Names;
  atContext: Names;
}

/** What one policy looks at, and in calls of which operations; undefined stands for all. */
export interface Look extends LookedAt {
  operations: string[] | undefined;
}

/** What a policy looks at. In doubt, everything. */
export function lookOf(cedar: Cedar, text: string): Look {
  const answer = cedar.policyToJson(text);
  if (answer.type !== 'success') {
    return { operations: undefined, atResource: true, atInput: 'all', atPrincipal: 'all', atContext: 'all' };
  }
  const { action, resource, conditions } = answer.json;
  const paths = pathsIn(conditions);
  const of = (variable: string) => paths.filter((path) => path.variable === variable);
  return {
    operations: operationsOf(action),
    atResource: resource.op !== 'All' || of('resource').length > 0,
    atInput: fieldsIn(of('context')),
    atPrincipal: firstNames(of('principal')),
    atContext: firstNames(of('context')),
  };
}

export function isBlind({ atResource, atInput }: LookedAt): boolean {
  return !atResource && atInput === undefined;
}

export function isNamed(names: Names, name: string): boolean {
  return names === 'all' || names.has(name);
}

/** The policies that look at nothing, and those that do. */
export function partedByLook(
  policies: Policies,
  looks: ReadonlyMap<string, Look>,
): [blind: Policies, looking: Policies] {
  const isOfBlind = ([policy]: [string, unknown]) => isBlind(looks.get(policy) as Look);
  const entries = Object.entries(policies);
  return [
    Object.fromEntries(entries.filter(isOfBlind)),
    Object.fromEntries(entries.filter((entry) => !isOfBlind(entry))),
  ];
}

/** What those of the policies look at that may be about an operation. */
export function lookedAtBy(looks: readonly Look[], operation: string): LookedAt {
  const about = looks.filter(({ operations }) => operations?.includes(operation) ?? true);
  const inputs = about.map(({ atInput }) => atInput).filter((names) => names !== undefined);
  return {
    atResource: about.some(({ atResource }) => atResource),
    atInput: inputs.length > 0 ? union(inputs) : undefined,
    atPrincipal: union(about.map(({ atPrincipal }) => atPrincipal)),
    atContext: union(about.map(({ atContext }) => atContext)),
  };
}

function union(all: readonly Names[]): Names {
  return all.includes('all') ? 'all' : new Set(all.flatMap((names) => [...names]));
}

type PolicyJson = Extract<ReturnType<Cedar['policyToJson']>, { type: 'success' }>['json'];

/** Actions are named like operations; other names are groups of them. */
function operationsOf(action: PolicyJson['action']): string[] | undefined {
  const named = 'entities' in action ? action.entities : 'entity' in action ? [action.entity] : [];
  const names = named.map((one) => ('__entity' in one ? one.__entity.id : one.id));
  return names.length > 0 && names.every((name) => operationNamed(name)) ? names : undefined;
}

/** `principal.a.b`, and as a question `principal has a.b`: the variable, and the names after it. */
interface Path {
  variable: string;
  names: string[];
  isQuestion: boolean;
}

/** Each use of a variable, with as many names as follow it. */
function pathsIn(conditions: unknown): Path[] {
  const paths: Path[] = [];
  const left: unknown[] = [conditions];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    const path = pathOf(node);
    if (path) paths.push(path);
    else if (typeof node === 'object' && node !== null) left.push(...Object.values(node));
  }
  return paths;
}

function pathOf(node: unknown): Path | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  if ('Var' in node) return { variable: String(node.Var), names: [], isQuestion: false };
  const isQuestion = 'has' in node;
  const { left, attr } = ((isQuestion ? node.has : '.' in node && node['.']) || {}) as {
    left?: unknown;
    attr?: string;
  };
  const before = attr === undefined ? undefined : pathOf(left);
  if (!before || before.isQuestion) return undefined;
  return { ...before, names: before.names.concat(attr as string), isQuestion };
}

/** Whoever handles something as a whole looks at all of it. */
function firstNames(paths: readonly Path[]): Names {
  return union(paths.map(({ names: [first] }) => (first === undefined ? 'all' : new Set([first]))));
}

function fieldsIn(context: readonly Path[]): Names | undefined {
  const about = context.filter(({ names: [first] }) => first === undefined || first === 'input');
  if (about.length === 0) return undefined;
  const ofInput = about.map(({ names, ...path }) => ({ ...path, names: names.slice(1) }));
  // Whether there is an input at all.
  return firstNames(ofInput.filter(({ names, isQuestion }) => names.length > 0 || !isQuestion));
}
