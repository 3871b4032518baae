import { createHash } from 'node:crypto';

/** What policies say of a call: with which of them, and what went wrong, which denies. */
export interface Decision {
  allowed: boolean;
  policies: string[];
  errors: string[];
}

/** Decisions remembered in a process; when there are more, all are forgotten. */
const mostDecisions = 20_000;

/** Characters of a question whose answer is remembered. */
const longestQuestion = 16_384;

const known = new Map<string, Decision>();

/**
 * The decision on a question, made once. Questions are kept as their digests, so that what is remembered takes the same
 * few bytes each, whatever callers send: at most about 6 MB in all projects together.
 */
export function remembered(question: string, decide: () => Decision): Decision {
  if (question.length > longestQuestion) return decide();
  const key = createHash('sha256').update(question).digest('base64');
  const before = known.get(key);
  if (before) return before;
  const decision = decide();
  if (known.size >= mostDecisions) known.clear();
  known.set(key, decision);
  return decision;
}
