import { CoordinationError } from '@agentcoord/contract';
import { RE2JS } from 're2js';
import type { Category, Severity } from './rules/index.ts';

/** A rule as the database keeps it: one of the project's own with a pattern, or a change of a built-in one without. */
export interface StoredRule {
  rule: string;
  pattern: string | null;
  category: Category | null;
  severity: Severity;
  bypass_trust: number | null;
  message: string | null;
  advice: string | null;
}

/** What a project has set, ready to be applied. */
export interface ProjectRules {
  /** Counts the changes of the rules of this project. */
  readonly version: number;
  /** Changes of built-in rules, by name. */
  readonly changed: ReadonlyMap<string, Pick<StoredRule, 'severity' | 'bypass_trust'>>;
  readonly own: readonly OwnRule[];
}

export interface OwnRule extends StoredRule {
  pattern: string;
  /** Steps that the pattern was compiled to: what a match costs grows with it, and with the length of the text. */
  size: number;
  /** True when it may look at where a text begins or ends, which is not to be seen where several are joined. */
  isAnchored: boolean;
  matches(text: string): string | undefined;
}

/** A project that has set nothing. */
export const noProjectRules: ProjectRules = { version: 0, changed: new Map(), own: [] };

export function projectRules(version: number, stored: readonly StoredRule[]): ProjectRules {
  return {
    version,
    changed: new Map(stored.flatMap((rule) => (rule.pattern === null ? [[rule.rule, rule] as const] : []))),
    own: stored.flatMap((rule) => (rule.pattern === null ? [] : [ownRule({ ...rule, pattern: rule.pattern })])),
  };
}

/** Classes of characters, and what is escaped. */
const withoutAnchors = /\[\^?\]?(?:\\.|[^\]\\])*\]|\\[^Az]/g;

function ownRule(rule: StoredRule & { pattern: string }): OwnRule {
  const compiled = RE2JS.compile(rule.pattern);
  return {
    ...rule,
    size: compiled.programSize(),
    isAnchored: /[$^]|\\[Az]/.test(rule.pattern.replace(withoutAnchors, '')),
    matches(text) {
      const matcher = compiled.matcher(text);
      return matcher.find() ? (matcher.group() ?? '') : undefined;
    },
  };
}

/** Steps of a pattern at most: what it costs is this times the length of a text, a tenth of a second for 10,000 characters. */
const mostSteps = 1200;

/** Throws `invalid_input` that says what is wrong with a pattern, before it is kept. */
export function assertPattern(
  pattern: string,
  examples: { matching: readonly string[]; other: readonly string[] },
): void {
  const rule = compiledOf(pattern);
  if (rule.matches('') !== undefined) throw unusable('it matches an empty text, and so every one');
  if (rule.size > mostSteps)
    throw unusable(`it comes to ${rule.size} steps, at most ${mostSteps}: write * or + for counted repetitions`);
  for (const text of examples.matching) {
    if (rule.matches(text) === undefined)
      throw unusable(`it does not match ${JSON.stringify(text.slice(0, 80))}, which it should`);
  }
  for (const text of examples.other) {
    if (rule.matches(text) !== undefined)
      throw unusable(`it matches ${JSON.stringify(text.slice(0, 80))}, which it should not`);
  }
}

function compiledOf(pattern: string): OwnRule {
  try {
    return ownRule({
      rule: '',
      pattern,
      category: null,
      severity: 'log',
      bypass_trust: null,
      message: null,
      advice: null,
    });
  } catch (cause) {
    throw unusable(cause instanceof Error ? cause.message : String(cause));
  }
}

function unusable(problem: string): CoordinationError {
  return new CoordinationError({
    code: 'invalid_input',
    message: `pattern: ${problem}`,
    hint: 'Patterns are RE2: linear time, so without look-around and back-references. Correct it and call set_guardrail_rule again.',
    details: { issues: [{ field: 'pattern', problem }] },
  });
}
