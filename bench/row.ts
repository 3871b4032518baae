import { median, ratios, type Series } from './measure.ts';

/** What a ratio should be. `excellent` above `floor`: more is better; below: less is. */
export interface Target {
  excellent: number;
  floor: number;
}

/** One line of the result. */
export interface Row extends Target {
  /** What is compared, as in the table of docs/performance.md. */
  name: string;
  /** Callers at once; left out where that makes no sense. */
  workers?: number;
  median: number;
  min: number;
  max: number;
  verdict: 'excellent' | 'holds' | 'missed';
  /** Medians of what was divided. */
  ours: number;
  other: number;
  unit: '/s' | 'ms';
}

/** Sums up the rounds. */
export function rowOf(
  heading: { name: string; workers?: number; unit: Row['unit'] },
  target: Target,
  series: Series,
): Row {
  const values = ratios(series);
  const middle = median(values);
  return {
    ...heading,
    ...target,
    median: middle,
    min: Math.min(...values),
    max: Math.max(...values),
    verdict: verdictOf(middle, target),
    ours: median(series.ours),
    other: median(series.other),
  };
}

function verdictOf(value: number, { excellent, floor }: Target): Row['verdict'] {
  const reaches = (limit: number) => (excellent > floor ? value >= limit : value <= limit);
  if (reaches(excellent)) return 'excellent';
  return reaches(floor) ? 'holds' : 'missed';
}
