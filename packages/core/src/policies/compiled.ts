import type { Operation } from '@agentcoord/contract';
import { type Cedar, inCedar } from './cedar.ts';
import type { Policies } from './files.ts';
import { type Entity, groupsOf, projectOf } from './request.ts';

/** What Cedar answers of a call: with which policies, and what went wrong. */
export interface Verdict {
  decision: 'allow' | 'deny';
  policies: string[];
  errors: string[];
}

/** A call as policies see it, without what none of them looks at. */
export interface Request {
  agent: string;
  project: string;
  /** Attributes of who calls. */
  attrs: Record<string, unknown>;
  operation: Operation;
  resource: Entity;
  context: Record<string, unknown>;
}

let sets = 0;

/** The numbers of the sets that instances of Cedar keep, by name. */
const kept = new WeakMap<Cedar, Map<string, number>>();

/**
 * Policies that Cedar keeps as it has parsed them; what had the same name is replaced. They were validated by the schema
 * when they were stored, and requests are made as it says, which is why Cedar need not compare them with it again: that
 * would take half of a decision.
 */
export class CompiledPolicies {
  readonly #name: string;
  readonly #policies: Policies;
  readonly #number = ++sets;

  /** Throws when the policies cannot be read. */
  constructor(name: string, policies: Policies) {
    this.#name = name;
    this.#policies = policies;
    inCedar((cedar) => this.#compile(cedar));
  }

  /** Throws when Cedar fails. */
  judge(request: Request): Verdict {
    return inCedar((cedar) => {
      this.#compile(cedar);
      return answered(cedar.statefulIsAuthorized({ ...asked(request), preparsedPolicySetId: this.#name }));
    });
  }

  /**
   * Where an instance of Cedar has others under this name: one that has failed is replaced by an empty one, and while a
   * decision pauses, the policies of its project may be replaced.
   */
  #compile(cedar: Cedar): void {
    const numbers = kept.get(cedar) ?? new Map<string, number>();
    if (numbers.get(this.#name) === this.#number) return;
    kept.set(cedar, numbers.set(this.#name, -1));
    const answer = cedar.preparsePolicySet(this.#name, { staticPolicies: this.#policies });
    if (answer.type === 'failure') throw new Error(answer.errors[0]?.message ?? 'The policies cannot be read.');
    numbers.set(this.#name, this.#number);
  }
}

type Call = Parameters<Cedar['statefulIsAuthorized']>[0];

function asked({ agent, project, attrs, operation, resource, context }: Request): Omit<Call, 'preparsedPolicySetId'> {
  const caller = { type: 'Agent', id: agent };
  const action = { type: 'Action', id: operation.name };
  const inProject = [{ type: 'Project', id: project }];
  const entities = [
    { uid: caller, attrs, parents: inProject },
    { uid: action, attrs: {}, parents: groupsOf(operation).map((id) => ({ type: 'Action', id })) },
    { uid: uidOf(resource), attrs: resource.attrs, parents: resource.type === 'Project' ? [] : inProject },
    ...(resource.type === 'Project' ? [] : [{ uid: uidOf(projectOf(project)), attrs: {}, parents: [] }]),
  ];
  return { principal: caller, action, resource: uidOf(resource), context, entities } as never;
}

function answered(answer: ReturnType<Cedar['statefulIsAuthorized']>): Verdict {
  if (answer.type === 'failure') return failed(...answer.errors.map(({ message }) => message));
  const { decision, diagnostics } = answer.response;
  const errors = diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`);
  return { decision, policies: diagnostics.reason, errors };
}

export const failed = (...errors: string[]): Verdict => ({ decision: 'deny', policies: [], errors });

const uidOf = ({ type, id }: Entity) => ({ type, id });
