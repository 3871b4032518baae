import type { ProjectRules } from './project_rules.ts';
import { excerpt } from './redaction.ts';
import type { BuiltInRule } from './rules/index.ts';
import { builtInRules, builtInVersion, type Category, type Severity, severities } from './rules/index.ts';

/** One rule that a text falls under. */
export interface Violation {
  rule: string;
  category: Category;
  severity: Severity;
  /** Trust from which the rule only warns; null: it counts for everybody. */
  bypass_trust: number | null;
  /** True when the caller is trusted enough, so that it only warns. */
  bypassed: boolean;
  /** The part that fell under it, shortened, without secrets. */
  matched_text: string;
  /** What is wrong, in one sentence. */
  message: string;
  /** What to do instead. */
  advice: string;
}

export type Decision = 'allow' | 'warn' | 'needs_approval' | 'block';

export interface Verdict {
  /** True when it may be done: allowed, or warned of. */
  safe: boolean;
  verdict: Decision;
  violations: Violation[];
  /** Which rules judged: those built in, then those of the project. */
  rules_version: string;
}

export const versionOf = ({ version }: ProjectRules) => `${builtInVersion}.${version}`;

/** Most violations that are told; the heaviest come first. */
const mostViolations = 20;

/** What is built in cannot be made lighter where the guard itself could not do its work. */
export const fixedRules = new Set<string>(['too_large', 'too_complex', 'rules_unavailable', 'guard_failure']);

export function violationOf(rule: BuiltInRule, matched: string, { changed }: ProjectRules): Violation {
  const { summary, ...known } = builtInRules[rule];
  const change = fixedRules.has(rule) ? undefined : changed.get(rule);
  return {
    rule,
    category: known.category,
    severity: change?.severity ?? known.severity,
    bypass_trust: change ? change.bypass_trust : known.bypass_trust,
    bypassed: false,
    matched_text: excerpt(matched),
    message: summary,
    advice: known.advice,
  };
}

/** Sums up what was found, for a caller of that much trust. */
export function verdictOf(violations: readonly Violation[], rules: ProjectRules, trust = -1): Verdict {
  const judged = violations.map((violation) => ({
    ...violation,
    bypassed: violation.bypass_trust !== null && trust >= violation.bypass_trust && weight(violation.severity) > 0,
  }));
  const heaviest = Math.max(0, ...judged.map((violation) => (violation.bypassed ? 1 : weight(violation.severity))));
  const verdict = (['allow', 'warn', 'needs_approval', 'block'] as const)[heaviest] as Decision;
  const sorted = judged.sort(
    (a, b) => Number(a.bypassed) - Number(b.bypassed) || weight(b.severity) - weight(a.severity),
  );
  return {
    safe: heaviest < 2,
    verdict,
    violations: sorted.slice(0, mostViolations),
    rules_version: versionOf(rules),
  };
}

/**
 * Of what was found, what the database is told: the first of each rule, so that none is hidden behind many of another,
 * the heaviest first; and further ones as long as they are few.
 */
export function tellingOf<Found extends Violation>(violations: readonly Found[]): Found[] {
  const rules = new Set<string>();
  const isFirst = ({ rule }: Found) => !rules.has(rule) && rules.add(rule).size > 0;
  const firsts = violations.filter(isFirst);
  const others = violations.filter((violation) => !firsts.includes(violation));
  const byWeight = firsts.sort((a, b) => weight(b.severity) - weight(a.severity));
  return [...byWeight, ...others.slice(0, Math.max(0, mostViolations - firsts.length))];
}

const weight = (severity: Severity) => severities.indexOf(severity);

/** Whether it counts in what may as well be a sentence: when it stops somebody, and not because it cannot be parsed. */
export const countsInDoubt = ({ rule, severity }: Violation) =>
  rule !== 'unparsable' && weight(severity) >= weight('needs_approval');
