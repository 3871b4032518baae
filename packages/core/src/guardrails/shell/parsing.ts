import { type ParsedScript, parse } from 'unbash';

/** The syntax tree of a script; undefined when the parser would spend too much on it. */
export function parsed(text: string): ParsedScript | undefined {
  if (isTooComplex(text)) return undefined;
  try {
    return parse(text);
  } catch (error) {
    // Without brackets too, functions within functions go as deep as there is text.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Whether a text is surely no script. One that is too complex may be one, and is blocked by whoever reads it. */
export const isBroken = (text: string): boolean => (parsed(text)?.errors?.length ?? 0) > 0;

/** More than any script has that somebody has written: commands, and brackets that are open at once. */
const limits = { separators: 15_000, brackets: 120 };

/** Looks at the characters alone, before a parser spends its time on them. */
function isTooComplex(text: string): boolean {
  let [depth, separators] = [0, 0];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    // ( and {, then ) and }, then line end, & and ; and |
    if (code === 40 || code === 123) {
      if (++depth > limits.brackets) return true;
    } else if ((code === 41 || code === 125) && depth > 0) depth--;
    else if ((code === 10 || code === 38 || code === 59 || code === 124) && ++separators > limits.separators)
      return true;
  }
  return false;
}
