import type { Ground } from './ground.ts';
import { type Concurrency, concurrencies, type Plan, type Series } from './measure.ts';
import { type Row, rowOf, type Target } from './row.ts';

/** Rows that are measured together, and chosen together with `--only`. */
export interface Group {
  name: string;
  measure(ground: Ground, plan: Plan): Promise<Row[]>;
}

/** One row for each number of workers. */
export function rowsOf(name: string, series: Record<Concurrency, Series>, targets: Record<Concurrency, Target>): Row[] {
  return concurrencies.map((workers) => rowOf({ name, workers, unit: '/s' }, targets[workers], series[workers]));
}
