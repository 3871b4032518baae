/** Replaces one text by another as `sed` and `${x//a/b}` do; `spend` hears how long the outcome may be before it is made. */
export function replaced(
  text: string,
  from: string,
  to: string,
  everywhere: boolean,
  spend: (characters: number) => void,
): string {
  if (!everywhere) return text.replace(from, () => to);
  const pieces = text.split(from);
  spend(pieces.length * to.length);
  return pieces.join(to);
}
