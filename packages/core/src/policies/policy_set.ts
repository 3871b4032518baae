import type { Operation } from '@agentcoord/contract';
import { inCedar } from './cedar.ts';
import { CompiledPolicies, failed, type Request, type Verdict } from './compiled.ts';
import { type Decision, remembered } from './decisions.ts';
import { defaultPrefix, type Policies } from './files.ts';
import { isBlind, isNamed, type Look, type LookedAt, lookedAtBy, lookOf, type Names, partedByLook } from './looks.ts';
import { ledToBy, meantBy, type Question } from './questions.ts';
import {
  contextFields,
  contextInput,
  type Entity,
  type FieldType,
  type Principal,
  projectOf,
  resourcesOf,
  resourceTypes,
} from './request.ts';

/** Decisions that one call may need: each takes a tenth of a millisecond, and the longer, the longer its input is. */
const mostQuestions = 2000;

/** Characters of input that all decisions of a call may be shown together: half a second of work. */
const mostCharacters = 20_000_000;

let sets = 0;

/**
 * The policies in force in a project. Equal requests are answered from memory, by policies that look at neither resource
 * nor input apart from those that do: under the default ones there is one request an operation and caller, and others are
 * asked anew only where something has changed that they look at.
 */
export class PolicySet {
  readonly #number = ++sets;
  readonly #blind: CompiledPolicies;
  readonly #looking: CompiledPolicies;
  readonly #looks: Look[];
  readonly #lookedAt = new Map<string, LookedAt & { fields: [string, FieldType][] }>();
  readonly #isShipped: boolean;

  /** Cedar keeps them under this name, and forgets others of the name. Throws when the policies cannot be read. */
  constructor(name: string, policies: Policies) {
    const looks = inCedar((cedar) =>
      Object.entries(policies).map(([policy, text]) => [policy, lookOf(cedar, text)] as const),
    );
    const [blind, looking] = partedByLook(policies, new Map(looks));
    this.#looks = looks.map(([, look]) => look);
    this.#blind = new CompiledPolicies(`${name}, blind`, blind);
    this.#looking = new CompiledPolicies(`${name}, looking`, looking);
    this.#isShipped = Object.keys(policies).every(isDefault);
  }

  /**
   * Whether this call may be made: every file, task and host that it names has to be allowed, and so has what it leads
   * to. Answers the first decision that denies, else one that allows. Pauses after each of them: there may be 2,000.
   */
  *decide(operation: Operation, principal: Principal, { input, resource }: About): Generator<undefined, Decision> {
    const question = meantBy({ operation, input });
    const own = this.#requests(question, principal, resource);
    const led = this.#isShipped ? [] : ledToBy(question);
    const further = led.flatMap((each) => this.#requests(each, principal, undefined));
    // Before any of them is answered, which takes a while.
    const count = own.length + further.length;
    if (count > mostQuestions) {
      return deny(`The call needs ${count} decisions, at most ${mostQuestions}: it has to name fewer files and tasks.`);
    }
    if (count > 1 && charactersOf([...own, ...further]) > mostCharacters) {
      return deny('The call names too much at once for its policies: it has to name fewer files, or say less.');
    }
    const decision = yield* this.#firstDenial(own, () => true);
    if (!decision.allowed || further.length === 0) return decision;
    // The default policies about scopes and profiles are about the call that is made, as in the database.
    const refusal = yield* this.#firstDenial(further, isFromStored);
    return refusal.allowed || !isFromStored(refusal) ? decision : refusal;
  }

  #requests({ operation, input }: Question, principal: Principal, resource: Entity | undefined): Asked[] {
    const { atResource, atInput, fields } = this.#lookedAtBy(operation);
    const asked = { principal, operation, ...(atInput ? { input: contextInput(fields, input()) } : {}) };
    if (!atResource) return [{ ...asked, resource: projectOf(principal.project) }];
    const about = resource ? [resource] : resourcesOf(operation, input(), principal.project);
    return about.map((one) => ({ ...asked, resource: one }));
  }

  *#firstDenial(requests: Asked[], counts: (denial: Decision) => boolean): Generator<undefined, Decision> {
    let last = deny('There is nothing to decide about.');
    for (const request of requests) {
      last = this.#decideOne(request);
      if (!last.allowed && counts(last)) return last;
      yield;
    }
    return last;
  }

  #lookedAtBy(operation: Operation): LookedAt & { fields: [string, FieldType][] } {
    const known = this.#lookedAt.get(operation.name);
    if (known) return known;
    const looked = lookedAtBy(this.#looks, operation.name);
    const fields = contextFields(operation).filter(([field]) => looked.atInput && isNamed(looked.atInput, field));
    const found = { ...looked, fields };
    this.#lookedAt.set(operation.name, found);
    return found;
  }

  #decideOne(asked: Asked): Decision {
    const { principal, operation, resource } = asked;
    const looked = this.#lookedAtBy(operation);
    const blind = this.#verdict(
      this.#blind,
      requestOf({ principal, operation, resource: projectOf(principal.project) }),
    );
    if (isBlind(looked)) return decisionOf([blind]);
    if (!resourceTypes(operation).includes(resource.type)) {
      return deny(`No call of ${operation.name} is about a resource of type ${resource.type}.`);
    }
    return decisionOf([blind, this.#verdict(this.#looking, requestOf(asked, looked))]);
  }

  #verdict(policies: CompiledPolicies, request: Request): Verdict {
    const question = { ...request, operation: request.operation.name };
    return remembered(JSON.stringify([this.#number, policies === this.#blind, question]), () => {
      try {
        return policies.judge(request);
      } catch (error) {
        return failed(error instanceof Error ? error.message : 'The policy engine failed.');
      }
    });
  }
}

/** What one decision is about. */
interface Asked {
  principal: Principal;
  operation: Operation;
  resource: Entity;
  input?: Record<string, unknown>;
}

const everything: Pick<LookedAt, 'atPrincipal' | 'atContext'> = { atPrincipal: 'all', atContext: 'all' };

function requestOf({ principal, operation, resource, input }: Asked, { atPrincipal, atContext } = everything): Request {
  const { agent, project, ...attrs } = principal;
  const { name, toolset, kind } = operation;
  const context = { operation: name, words: [name, toolset, kind], ...(input ? { input } : {}) };
  return {
    ...{ agent, project, operation, resource },
    attrs: picked({ name: agent, ...attrs }, atPrincipal),
    context: picked(context, atContext),
  };
}

function picked(all: Record<string, unknown>, names: Names): Record<string, unknown> {
  if (names === 'all') return all;
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)));
}

/**
 * What policies say together that were asked apart: one that forbids is enough to deny, else one that permits to allow.
 * Cedar leaves out a policy that cannot be evaluated, even one that forbids. Here it denies.
 */
function decisionOf(verdicts: readonly Verdict[]): Decision {
  const errors = verdicts.flatMap((verdict) => verdict.errors);
  const of = (decision: Verdict['decision']) =>
    verdicts.flatMap((verdict) => (verdict.decision === decision ? verdict.policies : []));
  const [forbid, permit] = [of('deny'), of('allow')];
  const allowed = forbid.length === 0 && permit.length > 0 && errors.length === 0;
  return { allowed, policies: (forbid.length > 0 ? forbid : permit).sort(), errors: shortened(errors) };
}

/** Inputs are shared by what one question names. */
function charactersOf(requests: readonly Asked[]): number {
  const lengths = new Map<unknown, number>();
  return requests.reduce((sum, { input }) => {
    const length = lengths.get(input) ?? JSON.stringify(input ?? null).length;
    lengths.set(input, length);
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

const deny = (...errors: string[]): Decision => ({ allowed: false, policies: [], errors: shortened(errors) });

const shortened = (errors: string[]) => errors.slice(0, 5).map((text) => text.slice(0, 300));

const isDefault = (policy: string) => policy.startsWith(defaultPrefix);

/** Whether a denial has another reason than default policies that forbid. */
function isFromStored({ policies, errors }: Decision): boolean {
  return errors.length > 0 || policies.length === 0 || !policies.every(isDefault);
}
