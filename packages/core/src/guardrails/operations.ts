import { CoordinationError } from '@agentcoord/contract';
import { payerOf } from '../caller.ts';
import type { Handler } from '../handlers.ts';
import { inSlices } from '../slices.ts';
import type { Context } from './context.ts';
import { violationsIn } from './engine.ts';
import { assertPattern, noProjectRules, type StoredRule } from './project_rules.ts';
import { builtInRules, builtInVersion, isBuiltIn } from './rules/index.ts';
import { storedRules } from './stored_rules.ts';
import { fixedRules, tellingOf, type Verdict, type Violation, verdictOf, versionOf, violationOf } from './verdict.ts';

/** Milliseconds that a database may take to tell the rules before what the built-in ones block is blocked without it. */
const patience = 200;

/** Reads the text and has the outcome stored. When the database is away, nothing is safe. */
export const checkGuardrails: Handler = async (call) => {
  const { operation_text, context, file_paths } = call.input as unknown as {
    operation_text: string;
    context?: Context;
    file_paths?: string[];
  };
  const paths = file_paths ?? [];
  const offline = async () => {
    const found = await inSlices(violationsIn(operation_text, context, paths), payerOf(call.caller));
    return verdictOf([...found, violationOf('rules_unavailable', operation_text, noProjectRules)], noProjectRules);
  };
  const rules = await withoutDatabase(storedRules(call.database, call.caller.project_id), offline);
  if ('verdict' in rules) return rules;
  const violations = await inSlices(violationsIn(operation_text, context, paths, rules), payerOf(call.caller));
  const unstored = async () =>
    verdictOf([...violations, violationOf('rules_unavailable', operation_text, rules)], rules);
  return withoutDatabase(call.store({ violations: tellingOf(violations), rules_version: versionOf(rules) }), unstored);
};

/** What the database says; the offline verdict when it cannot be reached, or not soon and that blocks anyway. */
async function withoutDatabase<Answer>(
  asking: Promise<Answer>,
  offline: () => Promise<Verdict>,
): Promise<Answer | Verdict> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Verdict>((resolve) => {
    const judge = async () => {
      // Where too much of that caller waits for its turn, the database is waited for.
      const verdict = await offline().catch(() => undefined);
      const blocks = ({ rule, severity }: Violation) => severity === 'block' && rule !== 'rules_unavailable';
      if (verdict?.violations.some(blocks)) resolve(verdict);
    };
    timer = setTimeout(judge, patience);
  });
  const answered = asking.catch((error: unknown) => {
    // What the caller did wrong is told; whatever else is wrong, nobody knows what the rules say.
    const broken = !(error instanceof CoordinationError) || error.code === 'unavailable' || error.code === 'internal';
    if (!broken) throw error;
    return offline();
  });
  try {
    return await Promise.race([answered, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Adds what is built in to what the project has set. */
export const listGuardrailRules: Handler = async ({ store }) => {
  const { rules, version, ...rest } = (await store({})) as {
    rules: (StoredRule & { set_by: string; set_at: string })[];
    version: number;
  };
  const set = new Map(rules.map((rule) => [rule.rule, rule]));
  const builtIn = Object.entries(builtInRules).map(([rule, { summary, ...known }]) => {
    const change = set.get(rule);
    const { severity, bypass_trust } = change ?? known;
    const [set_by, set_at] = [change?.set_by ?? null, change?.set_at ?? null];
    return { ...known, rule, severity, bypass_trust, message: summary, built_in: true, pattern: null, set_by, set_at };
  });
  const own = rules
    .filter(({ pattern }) => pattern !== null)
    .map((rule) => ({
      ...rule,
      message: rule.message ?? 'It matches a rule of this project.',
      advice: rule.advice ?? 'Ask an administrator of the project.',
      built_in: false,
    }));
  return { ...rest, rules: [...own, ...builtIn], rules_version: `${builtInVersion}.${version}` };
};

/** Tries the pattern before it is kept. */
export const setGuardrailRule: Handler = async ({ input, store }) => {
  const { rule, pattern, matching_examples, other_examples } = input as unknown as {
    rule: string;
    pattern?: string;
    matching_examples?: string[];
    other_examples?: string[];
  };
  if (pattern !== undefined) assertPattern(pattern, { matching: matching_examples ?? [], other: other_examples ?? [] });
  assertName(rule, pattern);
  return store(isBuiltIn(rule) ? { category: builtInRules[rule].category } : { tried: true });
};

function assertName(rule: string, pattern: string | undefined): void {
  if (isBuiltIn(rule) && pattern !== undefined) {
    throw refusal(
      'pattern: a built-in rule has none',
      'Leave the pattern out to change what the rule weighs, or choose another name.',
    );
  }
  if (!isBuiltIn(rule) && pattern === undefined) {
    throw refusal(
      `rule: there is no built-in rule ${rule}`,
      'Add a pattern to make a rule of this project, or see list_guardrail_rules.',
    );
  }
  if (fixedRules.has(rule)) {
    throw refusal(
      `rule: ${rule} cannot be changed`,
      'It says that the guard could not do its work, which is never let through.',
    );
  }
}

function refusal(message: string, hint: string): CoordinationError {
  return new CoordinationError({ code: 'invalid_input', message, hint });
}
