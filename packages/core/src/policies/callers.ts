import type { Caller } from '../caller.ts';
import type { Database } from '../database.ts';
import { readPolicyFiles } from './files.ts';
import type { PolicySet } from './policy_set.ts';
import { ProjectPolicies } from './project_policies.ts';
import type { Principal } from './request.ts';
import { type PolicyState, readPolicyState } from './state.ts';

/** Milliseconds for which what was read of a caller is used, and after which it is read again beside the calls. */
const [usable, fresh] = [5000, 2500];

/** Callers remembered; the one that was read longest ago goes first. */
const mostCallers = 5000;

/** What the database has said of one caller. */
export interface Known {
  principal: Principal;
  project_id: number;
  readAt: number;
}

/**
 * Who calls and which policies hold, as the database said at most 5 s ago. Read again after 2.5 s of use, beside the
 * calls, so that no call waits for it as long as it is used.
 */
export class Callers {
  readonly #database: Pick<Database, 'call'>;
  readonly #folder: string | undefined;
  readonly #known = new Map<string, Known>();
  readonly #reading = new Map<string, Promise<Known>>();
  readonly #projects = new ProjectPolicies();

  constructor(database: Pick<Database, 'call'>, folder: string | undefined) {
    this.#database = database;
    this.#folder = folder;
  }

  /** Undefined where it has to be read. */
  recall(key: string, caller: Caller): Known | undefined {
    const known = this.#known.get(key);
    const age = performance.now() - (known?.readAt ?? Number.NEGATIVE_INFINITY);
    if (!known || age >= usable) return undefined;
    // Fails beside the calls: once it is too old, one of them meets the failure itself.
    if (age >= fresh) this.read(key, caller).catch(() => {});
    return known;
  }

  /** One reading of a caller at a time, however many calls wait for it. */
  read(key: string, caller: Caller): Promise<Known> {
    const running = this.#reading.get(key);
    if (running) return running;
    const started = this.#ask(key, caller).finally(() => this.#reading.delete(key));
    this.#reading.set(key, started);
    return started;
  }

  /** The policies in force for a caller; an `Error` where they cannot be understood. */
  policiesFor({ project_id }: Known): PolicySet | Error | undefined {
    return this.#projects.of(project_id);
  }

  forget(): void {
    this.#known.clear();
  }

  async #ask(key: string, caller: Caller): Promise<Known> {
    const readAt = performance.now();
    const [files, state] = await Promise.all([
      readPolicyFiles(this.#folder),
      readPolicyState(this.#database, caller, this.#projects.versionOf(caller.project_id)),
    ]);
    this.#projects.update(files, caller.project_id, state);
    const known = { principal: principalOf(state), project_id: caller.project_id, readAt };
    this.#known.delete(key);
    this.#known.set(key, known);
    if (this.#known.size > mostCallers) this.#known.delete(this.#known.keys().next().value as string);
    return known;
  }
}

function principalOf({ version: _v, policies: _p, ...principal }: PolicyState): Principal {
  return principal;
}
