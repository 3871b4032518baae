/** A word that the shell replaces by the names of files that are like it. `[` alone is a command. */
export function isPattern(word: string): boolean {
  const open = word.indexOf('[');
  return word.includes('*') || word.includes('?') || (open >= 0 && word.indexOf(']', open + 2) >= 0);
}

/** One character of a pattern: what it may stand for; undefined for any number of any. */
type Piece = ((character: string) => boolean) | undefined;

function piecesOf(pattern: string): Piece[] {
  return [...pattern.matchAll(/\*|\?|\[([!^]?)([^\]]+)\]|[\s\S]/g)].map(([text, not, set = '']) => {
    if (text === '*') return undefined;
    if (text === '?') return () => true;
    if (text.length === 1) return (character) => character === text;
    return (character) => isIn(character, set) !== (not !== '');
  });
}

function isIn(character: string, set: string): boolean {
  return [...set.matchAll(/(.)-(.)|(.)/gs)].some(([, first, last, one]) =>
    one === undefined ? character >= (first as string) && character <= (last as string) : character === one,
  );
}

/** Most characters of a pattern that are looked at: no name of a command is as long. */
const longest = 30;

/** Those of the names that a pattern fits. Each place of a name is tried once, whatever the pattern. */
export function fitting(pattern: string, names: Iterable<string>): string[] {
  if (pattern.length > longest) return [];
  const pieces = piecesOf(pattern);
  return [...names].filter((name) => fits(pieces, name));
}

function fits(pieces: readonly Piece[], name: string): boolean {
  if (name.length > 30) return false;
  // Bit n is set when what was read so far of the pattern fits the first n characters.
  let places = 1;
  for (const piece of pieces) {
    if (places === 0) return false;
    places = piece === undefined ? ~((places & -places) - 1) : moved(places, piece, name);
  }
  return (places & (1 << name.length)) !== 0;
}

function moved(places: number, piece: (character: string) => boolean, name: string): number {
  let next = 0;
  for (let at = 0; at < name.length; at++) {
    if (places & (1 << at) && piece(name[at] as string)) next |= 1 << (at + 1);
  }
  return next;
}
