import type { BuiltInRule } from './rules/index.ts';

/** A built-in rule that a part of the text fell under. */
export interface Finding {
  rule: BuiltInRule;
  /** The part, as it stands in the text or in what was decoded from it. */
  matched: string;
}

/** Thrown when a text costs more to check than a check may cost. */
export class TooComplex extends Error {}

const limits = { depth: 24, steps: 40_000 };

/**
 * What one check finds, and what it has cost. Everything that reads a piece of text gets it, and hands it on to whoever
 * reads a text inside that text.
 */
export class Examination {
  readonly findings: Finding[] = [];
  /** Each command and SQL statement in a plain form, for rules of the project. */
  readonly actions: string[] = [];
  #steps = 0;
  #depth = 0;

  report(rule: BuiltInRule, matched: string): undefined {
    if (this.findings.some((finding) => finding.rule === rule && finding.matched === matched)) return;
    this.findings.push({ rule, matched });
  }

  /** Counts work; throws `TooComplex` when it is too much. */
  spend(steps = 1): void {
    this.#steps += steps;
    if (this.#steps > limits.steps) throw new TooComplex();
  }

  /** Reads a text inside a text. */
  within<Result>(read: () => Result): Result {
    if (++this.#depth > limits.depth) throw new TooComplex();
    try {
      return read();
    } finally {
      this.#depth--;
    }
  }
}
