import type { Examination } from '../finding.ts';
import type { BuiltInRule } from '../rules/index.ts';
import { hasColumn, isConstantlyTrue } from './conditions.ts';
import type { Token } from './tokens.ts';

/** MERGE deletes or updates every row when neither its condition nor that of the branch depends on the row. */
export function judgeMerge(
  tokens: readonly Token[],
  examination: Examination,
  report: (rule: BuiltInRule) => void,
): void {
  const isWord = (index: number, ...words: string[]) => {
    const { kind, depth, text } = tokens[index] ?? {};
    return kind === 'word' && depth === tokens[0]?.depth && words.includes(text ?? '');
  };
  const holds = (from: number, to: number) => {
    const condition = tokens.slice(from, to);
    return isConstantlyTrue(condition, (count) => examination.spend(count / 25)) || !hasColumn(condition);
  };
  const whens = [...tokens.keys()].filter((index) => isWord(index, 'WHEN'));
  const [first = tokens.length] = whens;
  const on = tokens.findLastIndex((_, index) => index < first && isWord(index, 'ON'));
  if (on < 0 || !holds(on + 1, first)) return;
  for (const [nth, when] of whens.entries()) {
    const end = whens[nth + 1] ?? tokens.length;
    let at = when;
    while (at < end && !isWord(at, 'AND', 'THEN')) at++;
    let then = at;
    while (then < end && !isWord(then, 'THEN')) then++;
    if (then > at && !holds(at + 1, then)) continue;
    if (isWord(then + 1, 'DELETE')) report('delete_without_condition');
    if (isWord(then + 1, 'UPDATE')) report('update_without_condition');
  }
}
