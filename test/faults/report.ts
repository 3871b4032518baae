import type { Outcome, Proof } from './proof.ts';

/** What one proof gave. */
export interface Result extends Outcome {
  proof: string;
  title: string;
  promises: readonly string[];
  seconds: number;
}

/** A whole run. */
export interface Report {
  seed: number;
  scale: number;
  bug: string | undefined;
  node: string;
  results: readonly Result[];
}

export function resultOf({ name, title, promises }: Proof, outcome: Outcome, begun: number): Result {
  return { proof: name, title, promises, seconds: Math.round((performance.now() - begun) / 1000), ...outcome };
}

/** A table for people, and what was found. */
export function textOf({ results, seed, scale, bug }: Report): string {
  const rows = results.map(({ proof, seconds, findings, figures, promises }) => [
    findings.length === 0 ? 'ok' : 'FOUND',
    proof,
    promises.join(' '),
    `${seconds} s`,
    Object.entries(figures)
      .map(([name, value]) => `${value} ${name}`)
      .join(', '),
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const skipped = results.flatMap((result) => (result.skipped ?? []).map((why) => `skipped, ${result.proof}: ${why}`));
  const found = results.flatMap(findingsOf);
  const again = `seed ${seed}, scale ${scale.toFixed(2)}${bug ? `, planted bug ${bug}` : ''}`;
  return [...lines, ...skipped, ...found, again].join('\n');
}

function findingsOf({ proof, findings }: Result): string[] {
  const shown = findings.slice(0, 5).map(({ promise, what, seen }) => {
    const evidence = seen === undefined ? '' : `\n    ${JSON.stringify(seen).slice(0, 600)}`;
    return `${proof}: ${promise}: ${what}${evidence}`;
  });
  return findings.length > 5 ? [...shown, `${proof}: and ${findings.length - 5} more`] : shown;
}
