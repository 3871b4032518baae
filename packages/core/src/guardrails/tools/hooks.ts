import type { Scope } from '../shell/scope.ts';

/** Variables by which the hooks of a repository are told to do nothing, and what they are then. */
const skipping: Record<string, RegExp> = { HUSKY: /^0$/, HUSKY_SKIP_HOOKS: /^(?:1|true)$/, LEFTHOOK: /^(?:0|false)$/ };

export const hookVariables = Object.keys(skipping);

export const skipsHooks = (scope: Scope) =>
  Object.entries(skipping).some(([name, value]) => value.test(scope.variables.get(name) ?? ''));
