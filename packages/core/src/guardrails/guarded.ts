import { type Caller, payerOf } from '../caller.ts';
import type { Database } from '../database.ts';
import { inSlices } from '../slices.ts';
import type { GuardedAction } from './actions.ts';
import { violationsIn } from './engine.ts';
import { Budget } from './finding.ts';
import { storedRules } from './stored_rules.ts';
import { countsInDoubt, tellingOf, type Violation, versionOf, violationOf } from './verdict.ts';

/** What the rules of a project find in those commands. */
export async function violationsOf(
  actions: readonly GuardedAction[],
  database: Database,
  caller: Caller,
): Promise<{ violations: (Violation & { field: string })[]; rules_version: string }> {
  const rules = await storedRules(database, caller.project_id);
  const budget = new Budget();
  const told = new Set<string>();
  const violations: (Violation & { field: string })[] = [];
  for (const { field, text, context, doubtful, isTooMuch } of actions) {
    const judged = await inSlices(violationsIn(text, context, [], rules, budget), payerOf(caller));
    const found = isTooMuch ? [...judged, violationOf('too_complex', text.slice(0, 200), rules)] : judged;
    const counted = doubtful ? found.filter(countsInDoubt) : found;
    for (const violation of counted) {
      // A text that is read in several ways is told of once.
      const found = JSON.stringify([field, violation.rule, violation.matched_text]);
      if (!told.has(found)) violations.push({ ...violation, field });
      told.add(found);
    }
    // What comes after is not judged any more, and the call is refused.
    if (found.some(({ rule }) => rule === 'too_complex')) break;
  }
  return { violations: tellingOf(violations), rules_version: versionOf(rules) };
}
