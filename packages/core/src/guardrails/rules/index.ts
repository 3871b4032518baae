import { credentialRules } from './credential.ts';
import { databaseRules } from './database.ts';
import { deploymentRules } from './deployment.ts';
import { fileRules } from './file.ts';
import { gitRules } from './git.ts';
import type { Rule } from './rule.ts';
import { guardRules, systemRules } from './system.ts';

export { type Category, categories, type Rule, type Severity, severities } from './rule.ts';

/** What the engine recognises by itself, by name. A change of what they find raises `builtInVersion`. */
export const builtInRules = {
  ...gitRules,
  ...fileRules,
  ...databaseRules,
  ...credentialRules,
  ...deploymentRules,
  ...systemRules,
  ...guardRules,
} as const satisfies Record<string, Rule>;

export type BuiltInRule = keyof typeof builtInRules;

/** First part of the version that a verdict names; the second is that of the project's own rules. */
export const builtInVersion = 1;

export function isBuiltIn(name: string): name is BuiltInRule {
  return Object.hasOwn(builtInRules, name);
}
