/** How much a rule weighs; the heaviest of a text's violations is its verdict. */
export const severities = ['log', 'warn', 'needs_approval', 'block'] as const;
export type Severity = (typeof severities)[number];

export const categories = ['git', 'file', 'database', 'credential', 'deployment', 'system', 'guard'] as const;
export type Category = (typeof categories)[number];

/** One thing that the engine knows to recognise. */
export interface Rule {
  readonly category: Category;
  readonly severity: Severity;
  /** Trust from which the rule only warns; null: it counts for everybody. */
  readonly bypass_trust: number | null;
  /** What is wrong, in one sentence. */
  readonly summary: string;
  /** What to do instead, in one sentence. */
  readonly advice: string;
}

/** Rules of one category, as rows: severity, trust that may bypass, what is wrong, what to do instead. */
export function rulesOf<Name extends string>(
  category: Category,
  rows: Record<Name, readonly [Severity, number | null, string, string]>,
): Record<Name, Rule> {
  const entries = Object.entries<readonly [Severity, number | null, string, string]>(rows);
  return Object.fromEntries(
    entries.map(([name, [severity, bypass_trust, summary, advice]]) => [
      name,
      { category, severity, bypass_trust, summary, advice },
    ]),
  ) as Record<Name, Rule>;
}
