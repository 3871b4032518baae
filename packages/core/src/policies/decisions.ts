import { createHash } from 'node:crypto';
import type { Verdict } from './compiled.ts';

/** What policies say of a call: with which of them, and what went wrong, which denies. */
export interface Decision {
  allowed: boolean;
  policies: string[];
  errors: string[];
}

/** Verdicts remembered in a process; when there are more, all are forgotten. */
const mostVerdicts = 20_000;

/** Characters of a question whose answer is remembered. */
const longestQuestion = 16_384;

const known = new Map<string, Verdict>();

/**
 * The verdict on a question, found once. Questions are kept as their digests, so that what is remembered takes the same
 * few bytes each, whatever callers send: at most about 6 MB in all projects together.
 */
export function remembered(question: string, judge: () => Verdict): Verdict {
  if (question.length > longestQuestion) return judge();
  const key = createHash('sha256').update(question).digest('base64');
  const before = known.get(key);
  if (before) return before;
  const verdict = judge();
  if (known.size >= mostVerdicts) known.clear();
  known.set(key, verdict);
  return verdict;
}
