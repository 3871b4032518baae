import type { Database } from '../database.ts';
import { type ProjectRules, projectRules, type StoredRule } from './project_rules.ts';

/** Milliseconds for which rules count without being read again, and after which they are read again beside. */
const lifetime = { longest: 5000, fresh: 2500 };

interface Kept {
  rules: ProjectRules;
  readAt: number;
  reading?: Promise<ProjectRules> | undefined;
}

const kept = new WeakMap<Database, Map<number, Kept>>();

/** The rules of a project, at most 5 s old: a change counts in every process after that time. */
export async function storedRules(database: Database, project: number): Promise<ProjectRules> {
  const projects = kept.get(database) ?? new Map<number, Kept>();
  kept.set(database, projects);
  const known = projects.get(project);
  const age = known ? performance.now() - known.readAt : Number.POSITIVE_INFINITY;
  if (known && age < lifetime.fresh) return known.rules;
  const reading = known?.reading ?? read(database, project, projects);
  if (known) known.reading = reading;
  if (!known || age >= lifetime.longest) return reading;
  // Nobody waits for it, and if it fails the next call tells.
  reading.catch(() => {});
  return known.rules;
}

async function read(database: Database, project: number, projects: Map<number, Kept>): Promise<ProjectRules> {
  try {
    const begun = performance.now();
    const answer = (await database.call('read_guardrails', { p_project_id: project })) as {
      version: number;
      rules: StoredRule[];
    };
    const before = projects.get(project);
    const unchanged = before && before.rules.version === answer.version;
    const rules = unchanged ? before.rules : projectRules(answer.version, answer.rules);
    projects.set(project, { rules, readAt: begun });
    return rules;
  } catch (error) {
    const known = projects.get(project);
    if (known) known.reading = undefined;
    throw error;
  }
}
