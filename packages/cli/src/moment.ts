const instantForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

const units = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
] as const;

/** True for an ISO instant. */
export function isInstant(value: unknown): value is string {
  return typeof value === 'string' && instantForm.test(value);
}

/** `in 14 min`, `2 h ago`: what a person wants to know of an instant. */
export function fromNow(instant: string, now = Date.now()): string {
  const seconds = Math.round((Date.parse(instant) - now) / 1000);
  if (Number.isNaN(seconds)) return instant;
  if (seconds === 0) return 'now';
  return seconds > 0 ? `in ${lasting(seconds)}` : `${lasting(-seconds)} ago`;
}

/** `14 min`: a number of seconds in the largest unit that it fills. */
export function lasting(seconds: number): string {
  const [size, unit] = units.find(([length]) => seconds >= length) ?? [1, 's'];
  return `${Math.round(seconds / size)} ${unit}`;
}
