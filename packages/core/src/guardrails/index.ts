export { type Context, contexts } from './context.ts';
export { check, type Question } from './engine.ts';
export type { Decision, Verdict, Violation } from './verdict.ts';
