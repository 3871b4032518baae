import { holdsTooLong } from '../slices.ts';
import type { BuiltInRule } from './rules/index.ts';

/** A built-in rule that a part of the text fell under. */
export interface Finding {
  rule: BuiltInRule;
  /** The part, as it stands in the text or in what was decoded from it. */
  matched: string;
  /** True when the part may as well be a sentence: see `ProseAction`. */
  doubtful?: true;
}

/** Thrown when a text costs more to check than a check may cost. */
export class TooComplex extends Error {}

/** More findings of one rule say nothing more: no more are told, and no more of each than people are shown. */
const mostOfOneRule = 20;
const longestMatch = 2000;

const limits = { depth: 24, steps: 40_000, characters: 1_310_720 };

/** Characters times the size of the pattern: of one match, which takes up to a fifth of a second, and of all together. */
const matching = { one: 10_000_000, all: 120_000_000 };

/** Counts between two looks at the clock; a thousand characters, or a step, count for one more. */
const looksAfter = 32;

/**
 * What may be spent on one input, however many texts it holds: counted, not timed, so that a verdict is always the same.
 * Only where others wait, a step that takes far longer than its count says ends, too.
 */
export class Budget {
  #steps = 0;
  #characters = 0;
  #matching = 0;
  #counted = 0;

  /** Counts work; throws `TooComplex` when it is too much. */
  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > limits.steps || this.#lasts(steps)) throw new TooComplex();
  }

  /** Counts characters that are read or made; called before they are. */
  read(characters: number): void {
    this.#characters += characters;
    if (this.#characters > limits.characters || this.#lasts(characters / 1000)) throw new TooComplex();
  }

  #lasts(weight: number): boolean {
    this.#counted += 1 + weight;
    if (this.#counted < looksAfter) return false;
    this.#counted = 0;
    return holdsTooLong();
  }

  /** Counts a match with a pattern of that size; called before it is tried. */
  match(characters: number, size: number): void {
    this.#matching += characters * size;
    if (characters * size > matching.one || this.#matching > matching.all) throw new TooComplex();
  }
}

/**
 * What one check finds, and what it has cost. Everything that reads a piece of text gets it, and hands it on to whoever
 * reads a text inside that text.
 */
export class Examination {
  readonly budget: Budget;
  readonly findings: Finding[] = [];
  /** Each command and SQL statement in a plain form, for rules of the project. */
  readonly actions: string[] = [];
  readonly #matched = new Map<BuiltInRule, Set<string>>();
  #depth = 0;
  #doubtful = false;

  constructor(budget = new Budget()) {
    this.budget = budget;
  }

  report(rule: BuiltInRule, found: string, doubtful = this.#doubtful): undefined {
    const before = this.#matched.get(rule) ?? new Set();
    const matched = found.slice(0, longestMatch);
    if (before.size >= mostOfOneRule || before.has(matched)) return;
    this.#matched.set(rule, before.add(matched));
    this.findings.push({ rule, matched, ...(doubtful && { doubtful: true as const }) });
  }

  spend(steps = 1): void {
    this.budget.spend(steps);
  }

  read(characters: number): void {
    this.budget.read(characters);
  }

  /** Counts characters that are looked through, which costs less than to take them apart. */
  scan(characters: number): void {
    this.budget.read(characters / 4);
  }

  /** Reads what may as well be a sentence. */
  *doubtfully(doubtful: boolean, reading: Generator<undefined, void>): Generator<undefined, void> {
    const before = this.#doubtful;
    this.#doubtful ||= doubtful;
    yield* reading;
    this.#doubtful = before;
  }

  /** The same as `within`, of a reading that pauses. */
  *deeper(reading: Generator<undefined, void>): Generator<undefined, void> {
    if (++this.#depth > limits.depth) throw new TooComplex();
    try {
      yield* reading;
    } finally {
      this.#depth--;
    }
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
