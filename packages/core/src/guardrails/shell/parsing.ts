import { type ParsedScript, parse } from 'unbash';

/** More lines that may be commands than anybody's texts have. */
export const mostParses = 10_000;

/** What the reading that is under way may still have parsed; see `withParses`. */
let parsesLeft = Number.POSITIVE_INFINITY;

/**
 * Reads with so many parses at most; whatever comes after them counts as too complex. Each line of a text may need one,
 * and a call may hold a quarter of a million lines. All readings share the count, so each puts its own in its place while
 * it goes on.
 */
export function* withParses<Result>(most: number, reading: Generator<undefined, Result>): Generator<undefined, Result> {
  for (let left = most; ; ) {
    const before = parsesLeft;
    parsesLeft = Math.min(before, left);
    try {
      const step = reading.next();
      if (step.done) return step.value;
      left = parsesLeft;
    } finally {
      parsesLeft = before;
    }
    yield;
  }
}

/** The syntax tree of a script; undefined when the parser would spend too much on it, or is overwhelmed by it. */
export function parsed(text: string): ParsedScript | undefined {
  if (--parsesLeft < 0 || isTooComplex(text)) return undefined;
  try {
    return parse(text);
  } catch (error) {
    // Words such as `coproc` and `function f` nest without a bracket.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Whether a text is surely no script. One that is too complex may be one, and is blocked by whoever reads it. */
export const isBroken = (text: string): boolean => (parsed(text)?.errors?.length ?? 0) > 0;

/**
 * More than any script has that somebody has written: commands, brackets that are open at once, and here-documents, of
 * which each takes a look at all that are open.
 */
const limits = { separators: 15_000, brackets: 120, documents: 500 };

/** Looks at the characters alone, before a parser spends its time on them. */
function isTooComplex(text: string): boolean {
  let [depth, separators, documents] = [0, 0, 0];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    // ( and {, then ) and }, then line end, & and ; and |
    if (code === 40 || code === 123) {
      if (++depth > limits.brackets) return true;
    } else if ((code === 41 || code === 125) && depth > 0) depth--;
    else if (code === 60 && text.charCodeAt(index + 1) === 60 && ++documents > limits.documents) return true;
    else if ((code === 10 || code === 38 || code === 59 || code === 124) && ++separators > limits.separators)
      return true;
  }
  return false;
}
