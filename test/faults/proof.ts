import type { Dice } from './dice.ts';

/** One thing that should not have happened. */
export interface Finding {
  /** The promise of docs/promises.md that it breaks, such as L1. */
  promise: string;
  what: string;
  /** What was seen, for whoever looks into it. */
  seen?: unknown;
}

/** What a proof did and found. */
export interface Outcome {
  /** What was done, and how often: what it was worth. */
  figures: Record<string, number | string>;
  findings: Finding[];
  /** Parts that this machine cannot try, and why. */
  skipped?: string[];
}

/** What a proof is given. */
export interface Setting {
  dice: Dice;
  /** Times the figures of the short profile. */
  scale: number;
  /** A folder for histories and logs, kept when something was found. */
  folder: string;
  /** A planted bug, see bugs/. */
  bug: string | undefined;
  /** True to end with the first finding: for planted bugs. */
  hunting: boolean;
  signal: AbortSignal;
  tell(line: string): void;
}

/** A part of the evidence; `npm run faults` runs them one after the other. */
export interface Proof {
  name: string;
  title: string;
  promises: readonly string[];
  /** About how long the short profile takes. */
  seconds: number;
  run(setting: Setting): Promise<Outcome>;
}
