import type { Ground } from './ground.ts';
import { type Concurrency, concurrencies, type Plan, type Series } from './measure.ts';
import { type Row, rowOf, type Target } from './row.ts';

/** Rows that are measured together, and chosen together with `--only`. */
export interface Group {
  name: string;
  measure(ground: Ground, plan: Plan): Promise<Row[]>;
}

/** What each number of workers should reach. */
export type Targets = Record<Concurrency, Target>;

/** The same, whatever the number of workers. */
export function sameFor(target: Target): Targets {
  return { 1: target, 8: target, 32: target };
}

/** One row for each number of workers. */
export function rowsOf(name: string, series: Record<Concurrency, Series>, targets: Targets): Row[] {
  return concurrencies.map((workers) => rowOf({ name, workers, unit: '/s' }, targets[workers], series[workers]));
}
