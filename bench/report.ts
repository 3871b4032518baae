import { cpus } from 'node:os';
import type { Row } from './row.ts';

/** What a run gave, and where. */
export interface Report {
  node: string;
  postgres: string;
  cores: number;
  processor: string;
  rounds: number;
  rows: readonly Row[];
}

export function reportOf(rows: readonly Row[], rounds: number, postgres: string): Report {
  const processors = cpus();
  const processor = processors[0]?.model.trim() ?? 'unknown';
  return { node: process.version, postgres, cores: processors.length, processor, rounds, rows };
}

const heading = ['ours / other', 'callers', 'median', 'min', 'max', 'floor', 'excellent', 'verdict', 'ours', 'other'];

/** For people: columns of text. */
export function textOf(report: Report): string {
  const lines = [heading, ...report.rows.map(cellsOf)];
  const widths = heading.map((_, column) => Math.max(...lines.map((cells) => (cells[column] as string).length)));
  const table = lines.map((cells) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number),
      )
      .join('  '),
  );
  return [...table, '', whereOf(report)].join('\n');
}

/** The table of docs/performance.md. */
export function markdownOf(report: Report): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = heading.map((_, column) => (column === 0 ? '---' : '--:'));
  return [line(heading), line(rule), ...report.rows.map((row) => line(cellsOf(row))), '', whereOf(report)].join('\n');
}

function cellsOf(row: Row): string[] {
  const limit = (value: number) => `${row.excellent > row.floor ? '≥' : '≤'} ${value}`;
  const ratios = [row.median, row.min, row.max].map((value) => value.toFixed(2));
  const values = [row.ours, row.other].map((value) => `${Math.round(value)} ${row.unit}`);
  return [row.name, `${row.workers ?? ''}`, ...ratios, limit(row.floor), limit(row.excellent), row.verdict, ...values];
}

function whereOf({ node, postgres, cores, processor, rounds }: Report): string {
  return `Node ${node}, Postgres ${postgres}, ${cores} cores (${processor}), at least ${rounds} rounds.`;
}
