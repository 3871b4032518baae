import type { Operation } from '@agentcoord/contract';
import { type Cedar, type EntityJson, inCedar } from './cedar.ts';
import { type Decision, remembered } from './decisions.ts';
import { defaultPrefix, type Policies, type PolicyFiles } from './files.ts';
import { type Look, type LookedAt, lookedAtBy, looksOf } from './looks.ts';
import { ledToBy, meantBy, type Question } from './questions.ts';
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

/** Decisions that one call may need: each takes a tenth of a millisecond, and the longer, the longer its input is. */
const mostQuestions = 2000;

/** Characters of input that all decisions of a call may be shown together: half a second of work. */
const mostCharacters = 20_000_000;

let sets = 0;

/** The numbers of the sets that instances of Cedar keep, by name. */
const compiled = new WeakMap<Cedar, Map<string, number>>();

/**
 * The policies in force in a project. Equal requests are answered from memory: what no policy looks at (the resource,
 * the input) is left out of them, so that under the default policies there is one an operation and caller.
 */
export class PolicySet {
  readonly #name: SetName;
  readonly #schema: string;
  readonly #policies: Policies;
  readonly #number = ++sets;
  readonly #fields = new Map<string, [string, FieldType][]>();
  readonly #looks: Look[];
  readonly #lookedAt = new Map<string, LookedAt>();
  readonly #isShipped: boolean;

  /** Throws when the policies cannot be read. */
  constructor(name: SetName, { schema }: PolicyFiles, policies: Policies) {
    this.#name = name;
    this.#schema = schema;
    this.#policies = policies;
    this.#isShipped = Object.keys(policies).every(isDefault);
    this.#looks = inCedar((cedar) => looksOf(cedar, policies));
    inCedar((cedar) => this.#compile(cedar));
  }

  /**
   * Whether this call may be made: every file, task and host that it names has to be allowed, and so has what it leads
   * to. Answers the first decision that denies, else one that allows. Pauses after each of them: there may be 2,000.
   */
  *decide(operation: Operation, principal: Principal, { input, resource }: About): Generator<undefined, Decision> {
    const question = meantBy({ operation, input });
    const own = this.#contexts(question, principal, resource);
    const led = this.#isShipped ? [] : ledToBy(question);
    const further = led.flatMap((each) => this.#contexts(each, principal, undefined));
    // Before any of them is answered, which takes a while.
    const count = own.length + further.length;
    if (count > mostQuestions) {
      return deny(`The call needs ${count} decisions, at most ${mostQuestions}: it has to name fewer files and tasks.`);
    }
    if (count > 1 && charactersOf([...own, ...further]) > mostCharacters) {
      return deny('The call names too much at once for its policies: it has to name fewer files, or say less.');
    }
    const decision = yield* this.#firstDenial(principal, own, () => true);
    if (!decision.allowed || further.length === 0) return decision;
    // The default policies about scopes and profiles are about the call that is made, as in the database.
    const refusal = yield* this.#firstDenial(principal, further, isFromStored);
    return refusal.allowed || !isFromStored(refusal) ? decision : refusal;
  }

  #contexts({ operation, input }: Question, { project }: Principal, resource: Entity | undefined): [Entity, Context][] {
    const { name, toolset, kind } = operation;
    const { atResource, atInput } = this.#lookedAtBy(name);
    const context = {
      operation: name,
      words: [name, toolset, kind],
      ...(atInput ? { input: this.#inputOf(operation, input()) } : {}),
    };
    if (!atResource) return [[projectOf(project), context]];
    return (resource ? [resource] : resourcesOf(operation, input(), project)).map((one) => [one, context]);
  }

  *#firstDenial(
    principal: Principal,
    about: [Entity, Context][],
    counts: (denial: Decision) => boolean,
  ): Generator<undefined, Decision> {
    let last = deny('There is nothing to decide about.');
    for (const [resource, context] of about) {
      last = this.#decideOne(principal, resource, context);
      if (!last.allowed && counts(last)) return last;
      yield;
    }
    return last;
  }

  #lookedAtBy(operation: string): LookedAt {
    const known = this.#lookedAt.get(operation) ?? lookedAtBy(this.#looks, operation);
    this.#lookedAt.set(operation, known);
    return known;
  }

  #inputOf(operation: Operation, input: Record<string, unknown>): Record<string, unknown> {
    const fields = this.#fields.get(operation.name) ?? contextFields(operation);
    this.#fields.set(operation.name, fields);
    return contextInput(fields, input);
  }

  #decideOne(principal: Principal, resource: Entity, context: Context): Decision {
    return remembered(JSON.stringify([this.#number, principal, resource, context]), () => {
      try {
        return inCedar((cedar) => this.#evaluate(cedar, principal, resource, context));
      } catch (error) {
        return deny(error instanceof Error ? error.message : 'The policy engine failed.');
      }
    });
  }

  /**
   * Where an instance of Cedar has others under this name: one that has failed is replaced by an empty one, and while a
   * decision pauses, the policies of its project may be replaced.
   */
  #compile(cedar: Cedar): void {
    const numbers = compiled.get(cedar) ?? new Map<string, number>();
    if (numbers.get(this.#name.policies) === this.#number) return;
    compiled.set(cedar, numbers.set(this.#name.policies, -1));
    for (const answer of [
      cedar.preparseSchema(this.#name.schema, this.#schema),
      cedar.preparsePolicySet(this.#name.policies, { staticPolicies: this.#policies }),
    ]) {
      if (answer.type === 'failure') throw new Error(answer.errors[0]?.message ?? 'The policies cannot be read.');
    }
    numbers.set(this.#name.policies, this.#number);
  }

  /** Cedar leaves out a policy that cannot be evaluated, even one that forbids. Here it denies. */
  #evaluate(cedar: Cedar, principal: Principal, resource: Entity, context: Context): Decision {
    this.#compile(cedar);
    const { agent, project, ...attrs } = principal;
    const parents = [{ type: 'Project', id: project }];
    const entities: EntityJson[] = [
      { uid: { type: 'Agent', id: agent }, attrs: { name: agent, ...attrs }, parents },
      { uid: uidOf(resource), attrs: resource.attrs, parents: resource.type === 'Project' ? [] : parents },
      ...(resource.type === 'Project' ? [] : [{ uid: uidOf(projectOf(project)), attrs: {}, parents: [] }]),
    ];
    const answer = cedar.statefulIsAuthorized({
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
      return deny(...answer.errors.map(({ message }) => message));
    }
    const { decision, diagnostics } = answer.response;
    const errors = diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`);
    return { allowed: decision === 'allow' && errors.length === 0, policies: diagnostics.reason.sort(), errors };
  }
}

/** Contexts are shared by what one question names. */
function charactersOf(about: readonly [Entity, Context][]): number {
  const lengths = new Map<Context, number>();
  return about.reduce((sum, [, context]) => {
    const length = lengths.get(context) ?? JSON.stringify(context).length;
    lengths.set(context, length);
    return sum + length;
  }, 0);
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

const deny = (...errors: string[]): Decision => ({
  ...{ allowed: false, policies: [] },
  errors: errors.slice(0, 5).map((text) => text.slice(0, 300)),
});

const isDefault = (policy: string) => policy.startsWith(defaultPrefix);

/** Whether a denial has another reason than default policies that forbid. */
function isFromStored({ policies, errors }: Decision): boolean {
  return errors.length > 0 || policies.length === 0 || !policies.every(isDefault);
}

const uidOf = ({ type, id }: Entity) => ({ type, id });
