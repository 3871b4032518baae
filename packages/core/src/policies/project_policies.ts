import { defaultPrefix, type Policies, type PolicyFiles } from './files.ts';
import { PolicySet } from './policy_set.ts';
import type { PolicyState, PolicyVersion, StoredPolicy } from './state.ts';

/** Cedar keeps what it has parsed under names that the whole process shares. */
let engines = 0;

/** The policies in force, project by project; each project's are replaced as a whole. */
export class ProjectPolicies {
  readonly #engine = `engine ${++engines}`;
  readonly #projects = new Map<number, { version: PolicyVersion; set: PolicySet | Error }>();
  #defaults: PolicySet | Error | undefined;

  versionOf(project_id: number): PolicyVersion | undefined {
    return this.#projects.get(project_id)?.version;
  }

  /** An `Error` where they cannot be understood; undefined before they have been read. */
  of(project_id: number): PolicySet | Error | undefined {
    return this.#projects.get(project_id)?.set;
  }

  /** Takes over what was read, unless something newer is in force already: readings may overtake each other. */
  update(files: PolicyFiles, project_id: number, { version, policies }: PolicyState): void {
    const known = this.#projects.get(project_id);
    if (!policies || (known && (known.version.all > version.all || known.version.own > version.own))) return;
    const set = policies.length === 0 ? this.#default(files) : this.#ofProject(files, project_id, policies);
    this.#projects.set(project_id, { version, set });
  }

  /** One for all projects that have stored nothing. */
  #default(files: PolicyFiles): PolicySet | Error {
    this.#defaults ??= this.#compiled('default', inForce(files.defaults, []));
    return this.#defaults;
  }

  #ofProject(files: PolicyFiles, project_id: number, policies: StoredPolicy[]): PolicySet | Error {
    return this.#compiled(`project ${project_id}`, inForce(files.defaults, policies));
  }

  #compiled(name: string, policies: Policies): PolicySet | Error {
    try {
      return new PolicySet(`${this.#engine}, ${name}`, policies);
    } catch (error) {
      return error instanceof Error ? error : new Error('The policies cannot be understood.');
    }
  }
}

/**
 * Default policies, and all that are stored. A stored policy takes the place of the default one of its name. One of all
 * projects and one of the project may have the same name, and both hold: nobody removes what is meant for all.
 */
export function inForce(defaults: Policies, stored: readonly StoredPolicy[]): Policies {
  const named = stored.map(({ policy, all_projects, policy_text }) => [
    `${all_projects ? 'all:' : ''}${policy}`,
    policy_text,
  ]);
  const replaced = new Set(stored.map(({ policy }) => policy));
  const kept = Object.entries(defaults).filter(([policy]) => !replaced.has(policy));
  return Object.fromEntries([...kept.map(([policy, text]) => [`${defaultPrefix}${policy}`, text]), ...named]);
}
