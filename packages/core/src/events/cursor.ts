/** True when the first cursor lies before the second in the order of commits. */
export function precedes(one: string, other: string): boolean {
  const [oneXact = '', oneEntry = ''] = one.split('-');
  const [otherXact = '', otherEntry = ''] = other.split('-');
  return oneXact === otherXact ? isLess(oneEntry, otherEntry) : isLess(oneXact, otherXact);
}

/** Of two numbers without leading zeros, too large for doubles. */
function isLess(one: string, other: string): boolean {
  return one.length === other.length ? one < other : one.length < other.length;
}
