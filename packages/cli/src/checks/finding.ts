import type { Config } from '@agentcoord/core';
import type { Diagnosis } from './diagnosis.ts';

/** What a check found; `hint` says what to do about it. With `ok` and a hint, it is worth a look and no failure. */
export interface Finding {
  ok: boolean;
  detail: string;
  hint?: string;
}

/** What checks look at. */
export interface Subject {
  config: Config;
  /** What the database says of itself; undefined where it is another machine's business, or away. */
  diagnosis(): Promise<Diagnosis | undefined>;
}

export const skipped: Finding = { ok: true, detail: 'not asked: see backend' };
