import { type Operation, operationNamed } from '@agentcoord/contract';
import type { Cedar, EntityJson } from './cedar.ts';
import type { Policies, PolicyFiles } from './files.ts';
import { contextFields, contextInput, type Entity, type FieldType, projectOf, resourcesOf } from './request.ts';

/** Who calls, as the database knows it. */
export interface Principal {
  /** Of a subagent, the agent on whose behalf it works. */
  agent: string;
  agent_type: string;
  trust: number;
  project: string;
  suspended: boolean;
  /** Names of operations and toolsets, `read` and `write`: what the key is for, and what the profile says. */
  scopes?: string[];
  allowed_operations?: string[];
  blocked_operations: string[];
}

/** What policies say of a call: with which of them, and what went wrong, which denies. */
export interface Decision {
  allowed: boolean;
  policies: string[];
  errors: string[];
}

/** Decisions remembered of a set, and characters of a question that is; when there are more, all are forgotten. */
const [mostDecisions, longestQuestion] = [2000, 2000];

/**
 * The policies in force in a project. Equal requests are answered from memory: what no policy looks at (the resource,
 * the input) is left out of them, so that under the default policies there is one an operation and caller.
 */
export class PolicySet {
  readonly #cedar: Cedar;
  readonly #name: SetName;
  readonly #decisions = new Map<string, Decision>();
  readonly #fields = new Map<string, [string, FieldType][]>();
  readonly #looks: { atResource: boolean; atInput: boolean };

  /** Throws when the policies cannot be read. */
  constructor(cedar: Cedar, name: SetName, { schema }: PolicyFiles, policies: Policies) {
    this.#cedar = cedar;
    this.#name = name;
    this.#looks = looksOf(cedar, policies);
    for (const answer of [
      cedar.preparseSchema(name.schema, schema),
      cedar.preparsePolicySet(name.policies, { staticPolicies: policies }),
    ]) {
      if (answer.type === 'failure') throw new Error(answer.errors[0]?.message ?? 'The policies cannot be read.');
    }
  }

  /**
   * Whether this call may be made: every file, task and host that it names has to be allowed. Answers the first decision
   * that denies, else the last one.
   */
  decide(operation: Operation, principal: Principal, { input, resource }: About): Decision {
    const { atResource, atInput } = this.#looks;
    const project = projectOf(principal.project);
    const resources = !atResource
      ? [project]
      : resource
        ? [resource]
        : resourcesOf(operation, input(), principal.project);
    const { name, toolset, kind } = operationMeant(operation);
    const context = {
      operation: name,
      words: [name, toolset, kind],
      ...(atInput ? { input: this.#inputOf(operation, input()) } : {}),
    };
    let decision: Decision = { allowed: false, policies: [], errors: ['There is nothing to decide about.'] };
    for (const resource of resources) {
      decision = this.#remembered(principal, resource, context);
      if (!decision.allowed) return decision;
    }
    return decision;
  }

  #inputOf(operation: Operation, input: Record<string, unknown>): Record<string, unknown> {
    const fields = this.#fields.get(operation.name) ?? contextFields(operationMeant(operation));
    this.#fields.set(operation.name, fields);
    return contextInput(fields, input);
  }

  #remembered(principal: Principal, resource: Entity, context: Context): Decision {
    const key = JSON.stringify([principal, resource, context]);
    const known = this.#decisions.get(key);
    if (known) return known;
    const decision = this.#evaluate(principal, resource, context);
    if (key.length > longestQuestion) return decision;
    if (this.#decisions.size >= mostDecisions) this.#decisions.clear();
    this.#decisions.set(key, decision);
    return decision;
  }

  /** Cedar leaves out a policy that cannot be evaluated, even one that forbids. Here it denies. */
  #evaluate({ agent, project, ...attrs }: Principal, resource: Entity, context: Context): Decision {
    const parents = [{ type: 'Project', id: project }];
    const entities: EntityJson[] = [
      { uid: { type: 'Agent', id: agent }, attrs: { name: agent, ...attrs }, parents },
      { uid: uidOf(resource), attrs: resource.attrs, parents: resource.type === 'Project' ? [] : parents },
      ...(resource.type === 'Project' ? [] : [{ uid: uidOf(projectOf(project)), attrs: {}, parents: [] }]),
    ];
    const answer = this.#cedar.statefulIsAuthorized({
      principal: { type: 'Agent', id: agent },
      action: { type: 'Action', id: context.operation },
      resource: uidOf(resource),
      context: context as never,
      preparsedSchemaName: this.#name.schema,
      validateRequest: true,
      preparsedPolicySetId: this.#name.policies,
      entities,
    });
    if (answer.type === 'failure') {
      return { allowed: false, policies: [], errors: answer.errors.map(({ message }) => message) };
    }
    const { decision, diagnostics } = answer.response;
    const errors = diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`);
    return { allowed: decision === 'allow' && errors.length === 0, policies: diagnostics.reason.sort(), errors };
  }
}

/** What a call is about. */
export interface About {
  /** Its input; asked for when a policy looks at it. */
  input: () => Record<string, unknown>;
  /** Instead of what the input names. */
  resource?: Entity | undefined;
}

/** Under which names the engine keeps schema and policies; what had the same name is replaced. */
export interface SetName {
  schema: string;
  policies: string;
}

type Context = { operation: string; words: string[]; input?: Record<string, unknown> };

/** A policy about an operation is about it under every name. */
function operationMeant(operation: Operation): Operation {
  return operationNamed(operation.standsFor ?? operation.name) ?? operation;
}

const uidOf = ({ type, id }: Entity) => ({ type, id });

/** What any of the policies looks at. In doubt, everything. */
function looksOf(cedar: Cedar, policies: Policies): { atResource: boolean; atInput: boolean } {
  const parsed = Object.values(policies).map((text) => cedar.policyToJson(text));
  const bodies = parsed.map((answer) => (answer.type === 'success' ? answer.json : undefined));
  const texts = bodies.map((body) => JSON.stringify(body?.conditions ?? '"input" {"Var":"resource"}'));
  return {
    atResource:
      bodies.some((body) => body?.resource.op !== 'All') || texts.some((text) => text.includes('{"Var":"resource"}')),
    atInput: texts.some((text) => text.includes('"input"') || text.includes('{"Record"')),
  };
}
