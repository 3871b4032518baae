export { contexts } from './context.ts';
export { check, type Question } from './engine.ts';
export { type ProjectRules, projectRules } from './project_rules.ts';
export type { Verdict, Violation } from './verdict.ts';
